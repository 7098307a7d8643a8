#pragma once

#include <cstdint>
#include <cstring>

namespace danlu::cpu::simd {

using Four = float __attribute__((vector_size(16)));

inline Four load_four(const float* p) {
  Four v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline void store_four(Four v, float* p) { std::memcpy(p, &v, sizeof v); }

/// out[c, r] = row r, element c; the stride in elements.
inline void transpose_four(Four r0, Four r1, Four r2, Four r3, float* out, int64_t out_stride) {
  const Four low01 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5);
  const Four high01 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
  const Four low23 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
  const Four high23 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
  store_four(__builtin_shufflevector(low01, low23, 0, 1, 4, 5), out);
  store_four(__builtin_shufflevector(low01, low23, 2, 3, 6, 7), out + out_stride);
  store_four(__builtin_shufflevector(high01, high23, 0, 1, 4, 5), out + 2 * out_stride);
  store_four(__builtin_shufflevector(high01, high23, 2, 3, 6, 7), out + 3 * out_stride);
}

/// out[c, r] = in[r, c] for a 4 × 4 block of 4-byte elements; strides in elements.
inline void transpose_block(const float* in, int64_t in_stride, float* out, int64_t out_stride) {
  transpose_four(load_four(in), load_four(in + in_stride), load_four(in + 2 * in_stride),
                 load_four(in + 3 * in_stride), out, out_stride);
}

}  // namespace danlu::cpu::simd
