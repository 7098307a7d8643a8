#include <cmath>
#include <cstdlib>
#include <numeric>

#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/elementwise/elementwise_record.h"
#include "danlu/ops/linalg.h"
#include "danlu/ops/linalg/linalg_record.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

[[noreturn]] void unknown_order(const std::string& ord, const char* expected) {
  throw ValueError({.where = "norm",
                    .what = "There is no norm of this order",
                    .expected = expected,
                    .received = "'" + ord + "'"});
}

double number_of(const std::string& ord, const char* expected) {
  if (ord.empty()) return 2;
  char* end = nullptr;
  const double p = std::strtod(ord.c_str(), &end);
  if (*end != '\0' || std::isnan(p)) unknown_order(ord, expected);
  return p;
}

Array two_norm(const Array& x, const Axes& axis, bool keepdims) {
  return sqrt(sum(square(x), axis, keepdims));
}

Array vector_norm(const Array& x, const std::string& ord, const Axes& axis, bool keepdims) {
  const double p = number_of(ord, "a number, 'inf' or '-inf' for vectors");
  if (p == 2) return two_norm(x, axis, keepdims);
  if (p == kInf) return max(abs(x), axis, keepdims);
  if (p == -kInf) return min(abs(x), axis, keepdims);
  if (p == 0) return sum(cast(not_equal(x, 0), x.dtype()), axis, keepdims);
  if (p == 1) return sum(abs(x), axis, keepdims);
  return power(sum(power(abs(x), p), axis, keepdims), 1 / p);
}

/// Matrices stand in the axes `rows` and `columns`.
Array matrix_norm(const Array& x, const std::string& ord, int rows, int columns, bool keepdims) {
  constexpr const char* kOrders = "'', 'fro', 'nuc', '1', '-1', '2', '-2', 'inf' or '-inf'";
  const Axes both = {rows, columns};
  if (ord.empty() || ord == "fro") return two_norm(x, both, keepdims);
  const double p = ord == "nuc" ? 0 : number_of(ord, kOrders);
  if (std::abs(p) == 1 || std::abs(p) == kInf) {
    const int summed = std::abs(p) == 1 ? rows : columns, rest = rows + columns - summed;
    const Array sums = sum(abs(x), {summed}, true);
    const Array found = p > 0 ? max(sums, {rest}, true) : min(sums, {rest}, true);
    return keepdims ? found : sum(found, both);
  }
  if (ord != "nuc" && std::abs(p) != 2) unknown_order(ord, kOrders);
  std::vector<int64_t> order;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != rows && i != columns) order.push_back(i);
  }
  order.insert(order.end(), {rows, columns});
  const Array s = svdvals(transpose(x, order));
  const Array found = ord == "nuc" ? sum(s, {-1}) : p > 0 ? max(s, {-1}) : min(s, {-1});
  if (!keepdims) return found;
  return reshape(found, x.shape().with_dim(rows, 1).with_dim(columns, 1));
}

}  // namespace

Array norm(const Array& x, const NormOptions& options) {
  const Array a = elementwise::as_float(x);
  Axes axis = options.axis;
  if (axis.empty()) {
    if (options.ord.empty()) return two_norm(a, {}, options.keepdims);
    axis.resize(static_cast<size_t>(a.rank()));
    std::iota(axis.begin(), axis.end(), 0);
  }
  if (axis.empty() || axis.size() > 2) {
    throw ValueError(
        {.where = "norm",
         .what = "A norm needs vectors or matrices",
         .expected = "one axis or two",
         .received = std::to_string(axis.size()) + " axes, shape " + x.shape().to_string()});
  }
  for (int64_t& i : axis) i = normalize_axis(i, a.rank(), "norm");
  if (axis.size() == 1) return vector_norm(a, options.ord, axis, options.keepdims);
  if (axis[0] == axis[1]) {
    throw ValueError({.where = "norm",
                      .what = "An axis is named twice",
                      .expected = "two different axes",
                      .received = std::to_string(axis[0]) + " and " + std::to_string(axis[1])});
  }
  return matrix_norm(a, options.ord, static_cast<int>(axis[0]), static_cast<int>(axis[1]),
                     options.keepdims);
}

}  // namespace danlu
