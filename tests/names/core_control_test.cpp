#include <gtest/gtest.h>

#include "danlu/autodiff/autodiff.h"
#include "danlu/autodiff/vmap.h"
#include "danlu/ops/control_flow.h"
#include "danlu/ops/ops.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

Result flat(const std::pair<Array, Array>& pair) { return std::vector{pair.first, pair.second}; }

Result call_cond(const Call& c) {
  if (c.variant() == "operands in closures") {
    const Array x = c[0], y = c[1];
    return cond(
        sum(x) > 0, [&] { return x * y; }, [&] { return sin(x) - y; });
  }
  const Array x = c[1];
  return flat(cond(
      c[0],
      [&] {
        return std::pair{x * 2, sum(x)};
      },
      [&] {
        return std::pair{x, max(x)};
      }));
}

Result call_switch(const Call& c) {
  using Branch = std::function<Array(const Array&, const Array&)>;
  const std::vector<Branch> branches = {[](const Array& x, const Array& y) { return x + y; },
                                        [](const Array& x, const Array& y) { return x * exp(y); },
                                        [](const Array& x, const Array& y) { return tanh(x) / y; }};
  return switch_(c[0], branches, c[1], c[2]);
}

Result call_while(const Call& c) {
  if (c.variant() == "at most three") {
    return while_loop([](const Array&) { return Array(true); },
                      [](const Array& v) { return v * v + 1; }, c[0], 3);
  }
  const Array limit = c[0];
  return flat(while_loop([&](const Array&, const Array& v) { return max(v) < limit; },
                         [](const Array& i, const Array& v) {
                           return std::pair{i + 1, v * 2};
                         },
                         std::pair{Array(0), c[1]}));
}

Result call_fori(const Call& c) {
  if (c.variant() == "no turn") {
    return fori_loop(
        3, 3, [](const Array&, const Array& v) { return v * 2; }, c[0]);
  }
  return fori_loop(
      2, 6, [](const Array& i, const Array& v) { return v * 0.5 + sin(v) * cast(i, v.dtype()); },
      c[0]);
}

Result call_scan(const Call& c) {
  const size_t by = c.variant().find("unrolled by ");
  const int64_t unroll = by == std::string::npos ? 1 : std::stoll(c.variant().substr(by + 12));
  if (c.variant().starts_with("reversed")) {
    const auto step = [](const Array& h, const Array& x) { return std::pair{h * 0.5 + x, h - x}; };
    return flat(scan(step, c[0], c[1], {.reverse = true, .unroll = unroll}));
  }
  if (c.variant() == "without sequences") {
    const auto step = [](const Array& h, const std::tuple<>&) { return std::pair{sin(h) + 1, h}; };
    return flat(scan(step, c[0], std::tuple<>(), {.length = 4}));
  }
  if (c.variant() == "two sequences") {
    const auto step = [](const Array& h, const std::pair<Array, Array>& p) {
      return std::pair{h + p.first * p.second, h};
    };
    return flat(scan(step, c[0], std::pair{c[1], c[2]}));
  }
  const Array w = c[2];
  const auto step = [&](const Array& h, const Array& x) {
    return std::pair{tanh(matmul(h, w) + x), exp(h) * x};
  };
  return flat(scan(step, c[0], c[1], {.unroll = unroll}));
}

Result call_associative_scan(const Call& c) {
  if (c.variant() == "sums") {
    return associative_scan([](const Array& a, const Array& b) { return a + b; }, c[0]);
  }
  if (c.variant() == "linear recurrences") {
    using Pair = std::pair<Array, Array>;
    return flat(associative_scan(
        [](const Pair& p, const Pair& q) {
          return Pair{p.first * q.first, q.first * p.second + q.second};
        },
        Pair{c[0], c[1]}));
  }
  return associative_scan([](const Array& a, const Array& b) { return a * b; }, c[0], true, 1);
}

/// `over`: map or vectorized_map.
template <class Over>
Result call_map(const Call& c, const Over& over) {
  if (c.variant() == "two results") {
    return flat(over([](const Array& row) { return std::pair{sum(row), row * row}; }, c[0]));
  }
  const Array w = c[1];
  return over([&](const Array& row) { return tanh(matmul(row, w)); }, c[0]);
}

Result call_custom_gradient(const Call& c) {
  const auto f =
      custom_derivative([](std::span<const Array> x) { return std::vector{sin(x[0])}; },
                        [](std::span<const Array> x, std::span<const Array>,
                           std::span<const Array> g) { return std::vector{g[0] * 2 * cos(x[0])}; });
  return f(std::vector{c[0]});
}

const std::vector<Entry> kTable = {
    {"cond", call_cond},
    {"switch", call_switch},
    {"while_loop", call_while},
    {"fori_loop", call_fori},
    {"scan", call_scan},
    {"associative_scan", call_associative_scan},
    {"map",
     [](const Call& c) {
       return call_map(c, [](const auto& f, const Array& x) { return map(f, x); });
     }},
    {"vectorized_map",
     [](const Call& c) {
       return call_map(c, [](const auto& f, const Array& x) { return vectorized_map(f, x); });
     }},
    {"custom_gradient", call_custom_gradient},
    {"is_tensor", [](const Call& c) -> Result { return Json(c[0].defined()); }},
    {"convert_to_numpy",
     [](const Call& c) -> Result {
       const Array x = c[0];
       return Array::from_bytes(x.data(), static_cast<size_t>(x.size()), x.spec());
     }},
};

TEST(Names, CoreControl) { prove("core_control", kTable); }

}  // namespace
}  // namespace danlu::names
