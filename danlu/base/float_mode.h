#pragma once

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace danlu {

/// While it lives, results of this thread too small for a normal number become zero, as they do in
/// TensorFlow and XLA. An optimizer's slots decay into denormals within a thousand steps, and each
/// operation on one costs the processor a hundred cycles. Denormal inputs keep their values.
class FlushDenormals {
 public:
#if defined(__SSE2__)
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | _MM_FLUSH_ZERO_ON); }
  ~FlushDenormals() { _mm_setcsr(before_); }
#else
  FlushDenormals() {}
#endif
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

#if defined(__SSE2__)
 private:
  unsigned before_;
#endif
};

}  // namespace danlu
