#pragma once

#include <csignal>

namespace danlu {

/// While one lives, the first SIGINT only sets a flag and the second ends the process as usual.
/// A SIGINT that the process ignores stays ignored. Guards may nest; make them on one thread.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  bool requested() const;

 private:
  struct sigaction previous_ {};
};

}  // namespace danlu
