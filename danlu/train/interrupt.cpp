#include "danlu/train/interrupt.h"

#include <atomic>

namespace danlu {
namespace {

/// Any thread may be the one that the signal interrupts.
std::atomic<int> requests{0};
static_assert(std::atomic<int>::is_always_lock_free, "the handler may use nothing else");

void handle(int) { requests = 1; }

}  // namespace

InterruptGuard::InterruptGuard() {
  requests = 0;
  sigaction(SIGINT, nullptr, &previous_);
  if (previous_.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = handle;
  // The default comes back with the first signal, so that a second one needs nobody's help.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
}

InterruptGuard::~InterruptGuard() { sigaction(SIGINT, &previous_, nullptr); }

bool InterruptGuard::requested() const { return requests != 0; }

}  // namespace danlu
