#include "danlu/train/interrupt.h"

namespace danlu {
namespace {

volatile std::sig_atomic_t requests = 0;

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
