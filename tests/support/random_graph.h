// Random graphs over the op vocabulary, the same for the same seed however their inputs are given
// (values, placeholders, state).
#pragma once

#include "tests/support/random_values.h"

namespace danlu::testing {

class RandomGraph : public ValuePool {
 public:
  using ValuePool::ValuePool;

  void grow(int nodes) {
    for (int i = 0; i < nodes; ++i) add_something();
  }

  /// A number that depends on a few floating values: something to differentiate.
  Array loss() {
    Array total = 0.f;
    for (int i = 0; i < 3; ++i) {
      const Value& v = floating();
      total = total + sum(tanh(cast(v.array, DType::float32) * 0.25));
    }
    return total;
  }

 private:
  void add_something() {
    switch (choose_.between(0, 15)) {
      case 0:
      case 1:
        return unary_exact(exact());
      case 2:
      case 3:
        return unary_smooth(floating());
      case 4:
      case 5:
      case 6:
        return binary();
      case 7:
        return with_number();
      case 8:
        return comparison();
      case 9:
        return conversion(any());
      case 10:
        return reduction();
      case 11:
        return product();
      case 12:
      case 13:
        return movement(any());
      case 14:
        return choose_.one_in(2) ? image() : classes();
      default:
        return choose_.one_in(2) ? selection() : chain();
    }
  }

  void unary_exact(const Value& v) {
    const Array& x = v.array;
    const bool is_signed = x.dtype() != DType::uint8;
    switch (choose_.between(0, 8)) {
      case 0:
        if (is_signed) add(-x, true, v.bound, v.fraction);
        return;
      case 1:
        return add(abs(x), true, v.bound, v.fraction, v.fraction == 0);
      case 2:
        return add(sign(x), true, 1, 0);
      case 3:
        if (is_floating(x.dtype())) add(floor(x), true, v.bound + 1, 0);
        return;
      case 4:
        if (is_floating(x.dtype())) add(ceil(x), true, v.bound + 1, 0);
        return;
      case 5:
        if (is_floating(x.dtype())) add(round(x), true, v.bound + 1, 0);
        return;
      case 6:
        return add(square(x), true, v.bound * v.bound, 2 * v.fraction, v.fraction == 0);
      case 7:
        return add(relu(x), true, v.bound, v.fraction, v.fraction == 0);
      default:
        return add(stop_gradient(x), true, v.bound, v.fraction, v.whole);
    }
  }

  void unary_smooth(const Value& v) {
    const Array& x = v.array;
    switch (choose_.between(0, 11)) {
      case 0:
        return v.bound <= 3 ? add_smooth(exp(x), std::exp(v.bound)) : add_smooth(tanh(x), 1);
      case 1:
        return add_smooth(sigmoid(x), 1);
      case 2:
        return add_smooth(sin(x), 1);
      case 3:
        return add_smooth(cos(x), 1);
      case 4:
        return add_smooth(erf(x), 1);
      case 5:
        return add_smooth(softplus(x), v.bound + 1);
      case 6:
        return add_smooth(log(square(x) + 1), 2 * v.bound + 1);
      case 7:
        return add_smooth(sqrt(x * x + 1), v.bound + 1);
      case 8:
        return add_smooth(rsqrt(square(x) + 1), 1);
      case 9:
        return add_smooth(choose_.one_in(2) ? reciprocal(square(x) + 2) : 1 / (2 + x * x), 1);
      case 10:
        return add_smooth(log1p(square(x)), 2 * v.bound + 1);
      default:
        return v.bound <= 2 ? add_smooth(expm1(x), std::exp(v.bound)) : add_smooth(tanh(x), 1);
    }
  }

  void binary() {
    const Value a = any();
    if (a.array.dtype() == DType::bool_) {
      const Value b = partner(a);
      return add_bool(choose_.one_in(2) ? (a.array && b.array) : (a.array || b.array));
    }
    const Value b = choose_.one_in(12) ? a : partner(a);
    const bool exact = a.exact && b.exact;
    const int shared = std::max(a.fraction, b.fraction);
    const bool whole = a.whole && b.whole;
    const double larger = std::max(a.bound, b.bound);
    const Array &x = a.array, &y = b.array;
    switch (choose_.between(0, 7)) {
      case 0:
      case 1:
        return add(x + y, exact, a.bound + b.bound, shared, whole);
      case 2:
        if (x.dtype() == DType::uint8) return;
        return add(x - y, exact, a.bound + b.bound, shared);
      case 3:
      case 4:
        return add(x * y, exact, a.bound * b.bound, a.fraction + b.fraction, whole);
      case 5:
        return exact ? add(maximum(x, y), true, larger, shared, whole)
                     : add(x * y + x, false, a.bound * (b.bound + 1), 0);
      case 6:
        return exact ? add(minimum(x, y), true, larger, shared, whole)
                     : add(y - x * y, false, b.bound * (a.bound + 1), 0);
      default:
        if (!is_floating(x.dtype()) || x.dtype() == DType::bfloat16) return;
        return add_smooth(x / (square(y) + 1), a.bound);
    }
  }

  void with_number() {
    const Value& v = floating();
    const Array& x = v.array;
    static const std::vector<double> numbers = {0, 1, -1, 2, 0.5, 3};
    const double n = choose_.of(numbers);
    const double bound = v.bound;
    const int f = v.fraction;
    // Bare numbers, typed scalars, and whole Arrays of one number.
    Array number = n;
    if (choose_.one_in(3)) number = Array::scalar(n, x.dtype());
    if (choose_.one_in(6)) number = full(choose_.one_in(2) ? x.shape() : Shape{1}, n, x.dtype());
    switch (choose_.between(0, 8)) {
      case 0:
        return add(x + number, v.exact, bound + 3, f + 1);
      case 1:
        return add(number + x, v.exact, bound + 3, f + 1);
      case 2:
        return add(x - number, v.exact, bound + 3, f + 1);
      case 3:
        return add(number - x, v.exact, bound + 3, f + 1);
      case 4:
        return add(x * number, v.exact, 3 * bound, f + 1);
      case 5:
        return add(number * x, v.exact, 3 * bound, f + 1);
      case 6:
        if (n == 0 || n == 3) return;
        return add(x / number, v.exact, 2 * bound, f + 1);
      case 7:
        if (n == 2) return add(power(x, number), v.exact, bound * bound, 2 * f);
        if (n == 1) return add(power(x, number), v.exact, bound, f);
        return add_smooth(power(square(x) + 1, number), std::pow(bound * bound + 1, 3));
      default:
        return add_smooth(x * 0.37 + 0.11, bound + 1);
    }
  }

  void comparison() {
    const Value a = exact(), b = choose_.one_in(4) ? Value{Array(0.f)} : partner(a);
    if (!b.exact) return;
    const Array &x = a.array, &y = b.array;
    switch (choose_.between(0, 5)) {
      case 0:
        return add_bool(x == y);
      case 1:
        return add_bool(x != y);
      case 2:
        return add_bool(x < y);
      case 3:
        return add_bool(x <= y);
      case 4:
        return add_bool(x > y);
      default:
        return add_bool(choose_.one_in(2) ? x >= y : !(x >= y));
    }
  }

  void conversion(const Value& v) {
    static const std::vector<DType> dtypes = {DType::float32, DType::float32,  DType::float32,
                                              DType::float64, DType::bfloat16, DType::int32,
                                              DType::int64,   DType::uint8,    DType::bool_};
    const DType to = choose_.of(dtypes);
    const Array x = cast(v.array, to);
    if (!v.exact) {
      if (to == DType::float64 || to == DType::float32) add_smooth(x, v.bound);
    } else if (to == DType::bool_) {
      add_bool(x);
    } else if (is_floating(to)) {
      if (v.bound * std::exp2(v.fraction) <= capacity(to))
        add(x, true, v.bound, v.fraction, v.whole);
    } else if (to != DType::uint8 || (v.whole && v.bound <= 255)) {
      add(x, true, v.bound, 0, v.whole);
    }
  }

  void reduction() {
    const Value v = any();
    const Array& x = v.array;
    if (choose_.one_in(4)) {
      if (!v.exact || x.rank() == 0 || x.size() == 0) return;
      const int64_t axis = choose_.between(0, x.rank() - 1);
      const bool all = choose_.one_in(4), keep = choose_.one_in(2);
      const auto of = all ? std::optional<int64_t>() : axis;
      return add(choose_.one_in(2) ? argmax(x, of, keep) : argmin(x, of, keep), true,
                 static_cast<double>(x.size()), 0, true);
    }
    const Axes axes = some_axes(x.rank());
    const bool keep = choose_.one_in(2);
    const auto count = static_cast<double>(std::max<int64_t>(x.size(), 1));
    switch (choose_.between(0, 5)) {
      case 0:
      case 1:
      case 2:
        if (x.dtype() == DType::bfloat16) return;
        return add(sum(x, axes, keep), v.exact, v.bound * count, v.fraction, v.whole);
      case 3:
        if (!v.exact || x.size() == 0 || x.dtype() == DType::bool_) return;
        return add(choose_.one_in(2) ? max(x, axes, keep) : min(x, axes, keep), true, v.bound,
                   v.fraction, v.whole);
      case 4:
        if (x.size() == 0 || !is_floating(x.dtype()) || x.dtype() == DType::bfloat16) return;
        return add_smooth(mean(x, axes, keep), v.bound);
      default:
        if (x.size() == 0 || !is_floating(x.dtype()) || x.dtype() == DType::bfloat16) return;
        return add_smooth(logsumexp(x, axes, keep), v.bound + std::log(count));
    }
  }

  void activation(Array x, bool exact, double bound, int fraction) {
    if (exact && bound * std::exp2(fraction) > capacity(x.dtype())) exact = false;
    switch (choose_.between(0, 3)) {
      case 0:
        if (exact) return add(relu(x), true, bound, fraction);
        return add_smooth(sigmoid(x), 1);
      case 1:
        return add_smooth(tanh(x), 1);
      case 2:
        return add_smooth(sigmoid(x), 1);
      default:
        return add(x, exact, bound, fraction);
    }
  }

  void product() {
    const Value v = floating();
    Array a = v.array;
    if (a.rank() == 0) a = reshape(a, {1});
    const int64_t k = a.shape()[-1];
    const bool flip = choose_.one_in(2) && a.rank() >= 2;
    const int64_t inner = flip ? a.shape()[-2] : k;
    const int64_t n = choose_.of(std::vector<int64_t>{1, 2, 5, 16, 33});
    Value other;
    bool flip_other = choose_.one_in(2);
    for (int i = 0; i < 6 && !other.array.defined(); ++i) {
      const Value& w = any();
      if (w.array.dtype() != a.dtype() || w.array.rank() != 2) continue;
      if (w.array.shape()[0] == inner) other = w, flip_other = false;
      if (w.array.shape()[1] == inner) other = w, flip_other = true;
    }
    if (!other.array.defined()) {
      std::vector<int64_t> dims =
          flip_other ? std::vector<int64_t>{n, inner} : std::vector<int64_t>{inner, n};
      if (choose_.one_in(4)) {
        std::vector<int64_t> batch;
        for (int i = 0; i + 2 < a.rank(); ++i)
          batch.push_back(choose_.one_in(2) ? 1 : a.shape()[i]);
        if (choose_.one_in(3)) batch.insert(batch.begin(), 2);
        dims.insert(dims.begin(), batch.begin(), batch.end());
      } else if (choose_.one_in(6)) {
        dims = {inner};
        flip_other = false;
      }
      if (dims.size() > 5) return;
      other = exact_value(choose_, Shape(dims), a.dtype());
    }
    // Half of the transposes are ops of their own, for the compiler to fold.
    Array b = other.array;
    MatmulOptions options{.transpose_a = flip, .transpose_b = flip_other};
    if (flip && choose_.one_in(2)) {
      a = swap_last(a);
      options.transpose_a = false;
    }
    if (flip_other && choose_.one_in(2)) {
      b = swap_last(b);
      options.transpose_b = false;
    }
    Array y = matmul(a, b, options);
    const bool exact = v.exact && other.exact;
    double bound = v.bound * other.bound * static_cast<double>(std::max<int64_t>(inner, 1));
    const int fraction = v.fraction + other.fraction;
    if (choose_.one_in(2) && y.rank() > 0) {
      const Shape shape = choose_.one_in(4) ? y.shape() : Shape{y.shape()[-1]};
      const Value bias = exact_value(choose_, shape, y.dtype());
      y = choose_.one_in(2) ? y + bias.array : bias.array + y;
      bound += 2;
    }
    activation(y, exact, bound, std::max(fraction, 2));
  }

  static Array swap_last(const Array& x) {
    std::vector<int64_t> axes(static_cast<size_t>(x.rank()));
    for (size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<int64_t>(i);
    std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
    return transpose(x, axes);
  }

  void movement(Value v) {
    const Array x = v.array;
    const int rank = x.rank();
    auto keep = [&](Array y) { add(std::move(y), v.exact, v.bound, v.fraction, v.whole); };
    switch (choose_.between(0, 9)) {
      case 0:
        return keep(reshape(x, {x.size()}));
      case 1: {
        std::vector<int64_t> dims = x.shape().to_vector();
        if (dims.size() >= 2 && choose_.one_in(2)) {
          dims[0] *= dims[1];
          dims.erase(dims.begin() + 1);
        } else if (dims.size() < 5) {
          dims.insert(dims.begin() + choose_.between(0, rank), 1);
        }
        return keep(reshape(x, Shape(dims)));
      }
      case 2:
      case 3: {
        std::vector<int64_t> axes(static_cast<size_t>(rank));
        for (int i = 0; i < rank; ++i) axes[size_t(i)] = i;
        for (int i = rank - 1; i > 0; --i) {
          std::swap(axes[size_t(i)], axes[static_cast<size_t>(choose_.between(0, i))]);
        }
        return keep(transpose(x, axes));
      }
      case 4: {
        std::vector<int64_t> start, stop, step;
        for (int64_t d : x.shape()) {
          start.push_back(d > 0 ? choose_.between(0, d - 1) : 0);
          stop.push_back(choose_.one_in(3) ? d : choose_.between(start.back(), d));
          step.push_back(choose_.one_in(3) ? 2 : 1);
        }
        return keep(slice(x, start, stop, step));
      }
      case 5: {
        if (x.dtype() == DType::bool_) return;
        std::vector<std::array<int64_t, 2>> widths;
        for (int i = 0; i < rank; ++i)
          widths.push_back({choose_.between(0, 2), choose_.between(0, 1)});
        return keep(pad(x, widths, choose_.one_in(2) ? 0 : 1));
      }
      case 6: {
        if (rank == 0) return;
        const int64_t axis = choose_.between(0, rank - 1);
        Value other = v;
        for (int i = 0; i < 8; ++i) {
          const Value& w = any();
          if (w.array.spec() == x.spec()) other = w;
        }
        std::vector<Array> parts = {x, other.array};
        if (choose_.one_in(3)) parts.push_back(x);
        return add(choose_.one_in(3) && rank < 5 ? stack(parts, axis) : concatenate(parts, axis),
                   v.exact && other.exact, std::max(v.bound, other.bound),
                   std::max(v.fraction, other.fraction), v.whole && other.whole);
      }
      case 7: {
        if (rank == 0) return;
        const int64_t axis = choose_.between(0, rank - 1);
        const int64_t n = x.shape()[static_cast<int>(axis)];
        if (n == 0) return;
        Array indices;
        for (int i = 0; i < 8 && !indices.defined(); ++i) {
          const Value& w = any();
          const DType t = w.array.dtype();
          if (w.exact && w.whole && w.bound < double(n) &&
              (t == DType::int32 || t == DType::int64) && w.array.rank() + rank <= 5) {
            indices = w.array;
          }
        }
        if (!indices.defined()) {
          std::vector<int32_t> at(static_cast<size_t>(choose_.between(1, 4)));
          for (int32_t& i : at) i = static_cast<int32_t>(choose_.between(-n, n - 1));
          indices = Array(at);
        }
        return keep(take(x, indices, axis));
      }
      case 8: {
        Shape shape = partner_shape(x.shape());
        if (!broadcasts(shape, x.shape())) return;
        return keep(broadcast_to(x, broadcast_shapes(shape, x.shape(), "test")));
      }
      default:
        if (!v.whole || v.bound > 20 || rank > 3 ||
            (x.dtype() != DType::int32 && x.dtype() != DType::int64 && x.dtype() != DType::uint8)) {
          return;
        }
        return add(one_hot(x, static_cast<int64_t>(v.bound) + 1), true, 1, 0, true);
    }
  }

  /// `x` cut or padded to a shape of a known number of elements.
  static Array fitted(const Array& x, const Shape& shape) {
    const int64_t wanted = shape.num_elements(), size = x.size();
    Array flat = reshape(x, {size});
    if (size > wanted) flat = slice(flat, {0}, {wanted});
    if (size < wanted) flat = pad(flat, {{0, wanted - size}});
    return reshape(flat, shape);
  }

  void image() {
    const Value v = floating();
    if (v.array.dtype() != DType::float32) return;
    const int64_t side = choose_.between(3, 9);
    const int64_t groups = choose_.one_in(5) ? 2 : 1;
    const int64_t channels = groups * choose_.between(1, 3);
    const Shape shape{choose_.between(1, 3), side, choose_.between(3, 8), channels};
    Array x = fitted(v.array, shape);
    bool exact = v.exact;
    double bound = v.bound;
    int fraction = v.fraction;
    if (!choose_.one_in(4)) {
      const int64_t kh = choose_.between(1, 3), kw = choose_.between(1, 3);
      const int64_t filters = groups * choose_.of(std::vector<int64_t>{1, 3, 8, 16});
      const Value kernel = exact_value(choose_, {kh, kw, channels / groups, filters});
      Conv2DOptions options{.padding = choose_.one_in(2) ? "same" : "valid", .groups = groups};
      if (choose_.one_in(4)) options.strides = {choose_.between(1, 2), choose_.between(1, 2)};
      if (options.strides[0] * options.strides[1] == 1 && options.padding == "same" &&
          choose_.one_in(5)) {
        options.dilation_rate = {2, 2};
      }
      x = conv2d(x, kernel.array, options);
      bound *= 2 * static_cast<double>(kh * kw * channels);
      fraction += 2;
      if (!choose_.one_in(3)) {
        x = x + exact_array(choose_, {filters});
        bound += 2;
        fraction = std::max(fraction, 2);
      }
      exact = exact && bound * std::exp2(fraction) <= capacity(DType::float32);
      if (exact && choose_.one_in(2)) x = relu(x);
      if (choose_.one_in(8)) add(x, exact, bound, fraction);
    }
    if (!choose_.one_in(3)) {
      Pool2DOptions options{.padding = choose_.one_in(2) ? "same" : "valid"};
      if (choose_.one_in(4)) options.pool_size = {choose_.between(1, 3), 2};
      if (choose_.one_in(5)) options.strides = {1, choose_.between(1, 2)};
      if (x.shape()[1] < options.pool_size[0] || x.shape()[2] < options.pool_size[1]) {
        options.padding = "same";
      }
      if (!exact || choose_.one_in(3)) return add_smooth(average_pool2d(x, options), bound);
      return add(max_pool2d(x, options), true, bound, fraction);
    }
    activation(x, exact, bound, fraction);
  }

  void classes() {
    const Value v = floating();
    if (v.array.rank() == 0 || v.array.size() == 0) return;
    const Array& x = v.array;
    const int64_t n = x.shape()[-1];
    switch (choose_.between(0, 4)) {
      case 0:
        return add_smooth(softmax(x, choose_.between(0, x.rank() - 1)), 1);
      case 1:
        return add_smooth(log_softmax(x), 2 * v.bound + std::log(double(n)));
      case 2: {
        const Array target = softmax(exact_array(choose_, x.shape(), x.dtype()));
        return add_smooth(categorical_crossentropy(target, x, {.from_logits = true}),
                          2 * v.bound + 10);
      }
      case 3: {
        std::vector<int32_t> labels(static_cast<size_t>(x.size() / n));
        for (int32_t& label : labels) label = static_cast<int32_t>(choose_.between(0, n - 1));
        const Array target(labels, x.shape().without_axis(-1));
        return add_smooth(sparse_categorical_crossentropy(target, x, {.from_logits = true}),
                          2 * v.bound + 10);
      }
      default: {
        const Array p = sigmoid(x);
        return add_smooth(categorical_crossentropy(p, p), 2 * v.bound + 20);
      }
    }
  }

  void selection() {
    const Value a = any(), b = partner(a);
    const Value c = condition(a.array.shape());
    if (!broadcasts(c.array.shape(), a.array.shape()) ||
        !broadcasts(c.array.shape(), b.array.shape()) || a.array.dtype() == DType::bool_) {
      return;
    }
    add(where(c.array, a.array, b.array), a.exact && b.exact, std::max(a.bound, b.bound),
        std::max(a.fraction, b.fraction), a.whole && b.whole);
  }

  /// A longer run of elementwise ops with a reduction in the middle, as normalizations have.
  void chain() {
    const Value v = floating();
    if (v.array.rank() == 0 || v.array.size() == 0) return;
    const Array x = v.array;
    const Axes axes = choose_.one_in(2) ? Axes{-1} : some_axes(x.rank());
    const Array centered = x - mean(x, axes, true);
    const Array scaled = centered * rsqrt(mean(square(centered), axes, true) + 0.5);
    add_smooth(scaled * 0.5 + sigmoid(scaled) * x, 4 * v.bound + 4);
  }
};

}  // namespace danlu::testing
