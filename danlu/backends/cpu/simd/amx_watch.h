#pragma once

#include "danlu/backends/cpu/simd/amx_tiles.h"

#ifdef DANLU_AMX

namespace danlu::cpu::simd::amx {

/// Looks out for infinities, NaN and numbers too large to be split among all numbers of a loop.
template <class T>
class Watch;

template <>
class Watch<float> {
 public:
  DANLU_AMX Watch() : sum_(_mm512_setzero_ps()) {}
  /// What is left of split numbers: 0, or no number, as infinity less infinity is none.
  DANLU_AMX void see(__m512 rest) { sum_ = _mm512_add_ps(sum_, rest); }
  DANLU_AMX bool is_strange() const { return _mm512_cmp_ps_mask(sum_, sum_, _CMP_UNORD_Q) != 0; }

 private:
  __m512 sum_;
};

template <>
class Watch<bfloat16> {
 public:
  DANLU_AMX Watch() : most_(_mm512_setzero_si512()) {}
  DANLU_AMX void see(__m512i numbers) {
    most_ = _mm512_max_epu16(most_, _mm512_and_si512(numbers, _mm512_set1_epi16(0x7fff)));
  }
  DANLU_AMX bool is_strange() const {
    return _mm512_cmpge_epu16_mask(most_, _mm512_set1_epi16(0x7f80)) != 0;
  }

 private:
  __m512i most_;
};

}  // namespace danlu::cpu::simd::amx

#endif
