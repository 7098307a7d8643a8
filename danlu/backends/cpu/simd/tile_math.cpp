// The transcendental loops of tile programs.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "danlu/backends/cpu/simd/tile_math.cpp"
#include <hwy/foreach_target.h>
// Highway includes this file again per target from here on.
#include "danlu/backends/cpu/simd/functions-inl.h"
#include "danlu/backends/cpu/simd/tile_loops-inl.h"
#include "danlu/backends/cpu/simd/tile_table.h"

HWY_BEFORE_NAMESPACE();
namespace danlu::cpu::simd {
namespace HWY_NAMESPACE {
namespace {

template <Division kind>
struct Divide {
  static constexpr int kArity = 2;
  static HWY_INLINE V apply(D d, V x, V y) { return divide_whole<kind>(d, x, y); }
};

#define DANLU_UNARY(NAME)                                      \
  struct NAME##_op {                                           \
    static constexpr int kArity = 1;                           \
    static HWY_INLINE V apply(D d, V x) { return NAME(d, x); } \
  }
DANLU_UNARY(exp);
DANLU_UNARY(log);
DANLU_UNARY(log1p);
DANLU_UNARY(expm1);
DANLU_UNARY(tanh);
DANLU_UNARY(sigmoid);
DANLU_UNARY(softplus);
DANLU_UNARY(erf);
DANLU_UNARY(sin);
DANLU_UNARY(cos);
DANLU_UNARY(trunc);
DANLU_UNARY(exp2);
DANLU_UNARY(log2);
DANLU_UNARY(log10);
DANLU_UNARY(cbrt);
DANLU_UNARY(tan);
DANLU_UNARY(arcsin);
DANLU_UNARY(arccos);
DANLU_UNARY(arctan);
DANLU_UNARY(sinh);
DANLU_UNARY(cosh);
DANLU_UNARY(arcsinh);
DANLU_UNARY(arccosh);
DANLU_UNARY(arctanh);
#undef DANLU_UNARY

#define DANLU_BINARY(NAME)                                             \
  struct NAME##_op {                                                   \
    static constexpr int kArity = 2;                                   \
    static HWY_INLINE V apply(D d, V x, V y) { return NAME(d, x, y); } \
  }
DANLU_BINARY(pow);
DANLU_BINARY(arctan2);
DANLU_BINARY(hypot);
#undef DANLU_BINARY

}  // namespace

void math_loops(TileTable& table) {
  const auto set = [&](TileOp op, TileTable::Loop loop) {
    table.loops[static_cast<size_t>(op)] = loop;
  };
  set(TileOp::exp, long_loop<exp_op>);
  set(TileOp::log, long_loop<log_op>);
  set(TileOp::log1p, long_loop<log1p_op>);
  set(TileOp::expm1, long_loop<expm1_op>);
  set(TileOp::tanh, long_loop<tanh_op>);
  set(TileOp::sigmoid, long_loop<sigmoid_op>);
  set(TileOp::softplus, long_loop<softplus_op>);
  set(TileOp::erf, long_loop<erf_op>);
  set(TileOp::sin, long_loop<sin_op>);
  set(TileOp::cos, long_loop<cos_op>);
  set(TileOp::trunc, long_loop<trunc_op>);
  set(TileOp::exp2, long_loop<exp2_op>);
  set(TileOp::log2, long_loop<log2_op>);
  set(TileOp::log10, long_loop<log10_op>);
  set(TileOp::cbrt, long_loop<cbrt_op>);
  set(TileOp::tan, long_loop<tan_op>);
  set(TileOp::arcsin, long_loop<arcsin_op>);
  set(TileOp::arccos, long_loop<arccos_op>);
  set(TileOp::arctan, long_loop<arctan_op>);
  set(TileOp::sinh, long_loop<sinh_op>);
  set(TileOp::cosh, long_loop<cosh_op>);
  set(TileOp::arcsinh, long_loop<arcsinh_op>);
  set(TileOp::arccosh, long_loop<arccosh_op>);
  set(TileOp::arctanh, long_loop<arctanh_op>);
  set(TileOp::pow, long_loop<pow_op>);
  set(TileOp::arctan2, long_loop<arctan2_op>);
  set(TileOp::hypot, long_loop<hypot_op>);
  set(TileOp::floor_divide, long_loop<Divide<Division::floor>>);
  set(TileOp::mod, long_loop<Divide<Division::mod>>);
  set(TileOp::fmod, long_loop<Divide<Division::fmod>>);
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace danlu::cpu::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace danlu::cpu::simd {

void add_math_loops(Isa isa, TileTable& table) {
#if HWY_TARGETS & HWY_AVX3
  if (isa >= Isa::avx512) return N_AVX3::math_loops(table);
#endif
#if HWY_TARGETS & HWY_AVX2
  if (isa >= Isa::avx2) return N_AVX2::math_loops(table);
#endif
  (void)isa;
  HWY_STATIC_DISPATCH(math_loops)(table);
}

}  // namespace danlu::cpu::simd
#endif  // HWY_ONCE
