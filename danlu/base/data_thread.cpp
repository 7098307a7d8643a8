#include "danlu/base/data_thread.h"

#include <pthread.h>

#include <csignal>
#include <utility>

namespace danlu {

std::thread start_data_thread(std::function<void()> body) {
  struct Masked {
    Masked() {
      sigset_t all;
      sigfillset(&all);
      pthread_sigmask(SIG_SETMASK, &all, &old);
    }
    ~Masked() { pthread_sigmask(SIG_SETMASK, &old, nullptr); }
    sigset_t old;
  };
  const Masked masked;  // the new thread inherits it
  return std::thread(std::move(body));
}

}  // namespace danlu
