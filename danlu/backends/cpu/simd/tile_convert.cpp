// What tile programs load and store: every dtype but float64 and complex64, as float32.

#include <array>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/tile_convert.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include "danlu/backends/cpu/simd/tile_loops-inl.h"
#include "danlu/backends/cpu/simd/tile_table.h"
#include "danlu/core/dtype.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

template <class T>
void load_plain(const void* in, float* out, size_t n) {
  const T* from = static_cast<const T*>(in);
  for (size_t i = 0; i < n; ++i) out[i] = static_cast<float>(from[i]);
}

template <class T>
void store_plain(const float* in, void* out, size_t n) {
  T* to = static_cast<T*>(out);
  for (size_t i = 0; i < n; ++i) to[i] = convert_element<T>(in[i]);
}

void load_float(const void* in, float* out, size_t n) { std::memcpy(out, in, n * sizeof(float)); }
void store_float(const float* in, void* out, size_t n) { std::memcpy(out, in, n * sizeof(float)); }

void load_int32(const void* in, float* out, size_t n) {
  const D d;
  const hn::RebindToSigned<D> di;
  const int32_t* from = static_cast<const int32_t*>(in);
  size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    hn::StoreU(hn::ConvertTo(d, hn::LoadU(di, from + i)), d, out + i);
  }
  load_plain<int32_t>(from + i, out + i, n - i);
}

/// Also bool, whose bytes are 0 and 1.
void load_uint8(const void* in, float* out, size_t n) {
  const D d;
  const hn::RebindToSigned<D> di;
  const hn::Rebind<uint8_t, D> d8;
  const uint8_t* from = static_cast<const uint8_t*>(in);
  size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    hn::StoreU(hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(d8, from + i))), d, out + i);
  }
  load_plain<uint8_t>(from + i, out + i, n - i);
}

void load_bfloat16(const void* in, float* out, size_t n) {
  const D d;
  const hn::RebindToUnsigned<D> du;
  const hn::Rebind<uint16_t, D> d16;
  const uint16_t* from = static_cast<const uint16_t*>(in);
  size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    const auto word = hn::ShiftLeft<16>(hn::PromoteTo(du, hn::LoadU(d16, from + i)));
    hn::StoreU(hn::BitCast(d, word), d, out + i);
  }
  load_plain<bfloat16>(static_cast<const bfloat16*>(in) + i, out + i, n - i);
}

void store_bfloat16(const float* in, void* out, size_t n) {
  const D d;
  const hn::RebindToUnsigned<D> du;
  const hn::Rebind<uint16_t, D> d16;
  uint16_t* to = static_cast<uint16_t*>(out);
  size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    const V x = hn::LoadU(d, in + i);
    const auto word = hn::BitCast(du, x);
    const auto upper = hn::ShiftRight<16>(word);
    const auto even = hn::Add(hn::And(upper, hn::Set(du, 1)), hn::Set(du, 0x7fff));
    const auto rounded = hn::ShiftRight<16>(hn::Add(word, even));
    const auto nan = hn::RebindMask(du, hn::IsNaN(x));
    const auto bits = hn::IfThenElse(nan, hn::Or(upper, hn::Set(du, 0x40)), rounded);
    hn::StoreU(hn::TruncateTo(d16, bits), d16, to + i);
  }
  store_plain<bfloat16>(in + i, static_cast<bfloat16*>(out) + i, n - i);
}

/// Values in [0, 255] as bytes.
HWY_INLINE void store_bytes(D, V x, uint8_t* to) {
  const hn::RebindToSigned<D> di;
  const hn::Rebind<uint8_t, D> d8;
  hn::StoreU(hn::DemoteTo(d8, hn::ConvertTo(di, x)), d8, to);
}

void store_uint8(const float* in, void* out, size_t n) {
  const D d;
  uint8_t* to = static_cast<uint8_t*>(out);
  size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    const V x = hn::LoadU(d, in + i);
    const V positive = hn::IfThenElseZero(hn::Gt(x, hn::Zero(d)), x);  // NaN becomes 0
    store_bytes(d, hn::Min(positive, hn::Set(d, 255.0f)), to + i);
  }
  store_plain<uint8_t>(in + i, to + i, n - i);
}

void store_bool(const float* in, void* out, size_t n) {
  const D d;
  uint8_t* to = static_cast<uint8_t*>(out);
  size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    const auto truth = hn::Not(hn::Eq(hn::LoadU(d, in + i), hn::Zero(d)));  // NaN is true
    store_bytes(d, hn::IfThenElseZero(truth, hn::Set(d, 1.0f)), to + i);
  }
  store_plain<bool>(in + i, static_cast<bool*>(out) + i, n - i);
}

}  // namespace

void conversions(TileTable& table) {
  const auto set = [&](DType dtype, auto load, auto store) {
    table.load[static_cast<size_t>(dtype)] = load;
    table.store[static_cast<size_t>(dtype)] = store;
  };
  set(DType::float32, load_float, store_float);
  set(DType::bfloat16, load_bfloat16, store_bfloat16);
  set(DType::int32, load_int32, store_plain<int32_t>);
  set(DType::float16, load_plain<float16>, store_plain<float16>);
  set(DType::int8, load_plain<int8_t>, store_plain<int8_t>);
  set(DType::int16, load_plain<int16_t>, store_plain<int16_t>);
  set(DType::uint16, load_plain<uint16_t>, store_plain<uint16_t>);
  set(DType::uint32, load_plain<uint32_t>, store_plain<uint32_t>);
  set(DType::uint64, load_plain<uint64_t>, store_plain<uint64_t>);
  set(DType::int64, load_plain<int64_t>, store_plain<int64_t>);
  set(DType::uint8, load_uint8, store_uint8);
  set(DType::bool_, load_uint8, store_bool);
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {

void add_conversions(Isa isa, TileTable& table) {
#if HWY_TARGETS & HWY_AVX3
  if (isa >= Isa::avx512) return N_AVX3::conversions(table);
#endif
#if HWY_TARGETS & HWY_AVX2
  if (isa >= Isa::avx2) return N_AVX2::conversions(table);
#endif
  (void)isa;
  HWY_STATIC_DISPATCH(conversions)(table);
}

const TileTable& tile_table(Isa isa) {
  static const auto tables = [] {
    std::array<TileTable, 3> all;
    for (const Isa each : {Isa::baseline, Isa::avx2, Isa::avx512}) {
      // Even what fills a table may use the instructions that it is for.
      if (each > cpu_isa()) break;
      TileTable& table = all[static_cast<size_t>(each)];
      add_basic_loops(each, table);
      add_math_loops(each, table);
      add_conversions(each, table);
    }
    return all;
  }();
  return tables[static_cast<size_t>(isa)];
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
