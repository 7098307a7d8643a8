// Every dtype through the ops that take it: what moves data, exact integers, complex numbers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstring>
#include <functional>
#include <limits>

#include "danlu/autodiff/autodiff.h"
#include "danlu/autodiff/derivatives.h"
#include "danlu/base/error.h"
#include "danlu/io/safetensors.h"
#include "danlu/ops/ops.h"

namespace danlu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<DType> all_dtypes() {
  std::vector<DType> dtypes;
  for (int i = 0; i < kNumDTypes; ++i) dtypes.push_back(static_cast<DType>(i));
  return dtypes;
}

/// 0, 1, …, modulo 100 (bool: not 0), and for complex64 with imaginary parts.
Array counting(const Shape& shape, DType dtype) {
  std::vector<double> values(static_cast<size_t>(shape.num_elements()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i * 7 % 100);
  if (!is_complex(dtype)) return cast(Array(values, shape), dtype);
  std::vector<complex64> numbers;
  for (double x : values)
    numbers.emplace_back(static_cast<float>(x), static_cast<float>(x / 4 + 1));
  return Array(numbers, shape);
}

template <class T>
std::vector<T> elements(const Array& x) {
  return x.to_vector<T>();
}

TEST(Dtypes, WhatMovesDataTakesEveryOne) {
  const std::vector<std::pair<const char*, std::function<Array(const Array&)>>> moves = {
      {"reshape",
       [](const Array& x) {
         return reshape(x, {3, 8});
       }},
      {"transpose", [](const Array& x) { return transpose(x); }},
      {"broadcast_to",
       [](const Array& x) {
         return broadcast_to(x, {2, 4, 6});
       }},
      {"slice",
       [](const Array& x) {
         return slice(x, {1, 2}, {3, 5});
       }},
      {"concatenate",
       [](const Array& x) {
         return concatenate({x, x}, 1);
       }},
      {"take",
       [](const Array& x) {
         return take(x, Array({2, 0, -1}), 1);
       }},
      {"pad",
       [](const Array& x) {
         return pad(x, {{1, 0}, {0, 2}});
       }},
      {"where",
       [](const Array& x) {
         return where(Array({true, false, true, true, false, true}), x, slice(x, {3, 0}, {4, 6}));
       }},
      {"copy", [](const Array& x) { return stop_gradient(x); }},
      {"expand_dims", [](const Array& x) { return expand_dims(x, 1); }},
  };
  for (const DType dtype : all_dtypes()) {
    const Array x = counting({4, 6}, dtype);
    for (const auto& [what, move] : moves) {
      const Array moved = move(x);
      EXPECT_EQ(moved.dtype(), dtype) << what;
      // The same elements, moved as float64 (their real and imaginary parts apart).
      const auto wide = [&](const std::function<Array(const Array&)>& part) {
        return move(cast(part(x), DType::float64)).to_vector<double>();
      };
      EXPECT_EQ(real(moved).to_vector<double>(), wide(real)) << what << " " << name(dtype);
      EXPECT_EQ(imag(moved).to_vector<double>(), wide(imag)) << what << " " << name(dtype);
    }
  }
}

TEST(Dtypes, CastsAreThoseOfTheElements) {
  for (const DType from : all_dtypes()) {
    const Array x = counting({3, 50}, from).eval();
    for (const DType to : all_dtypes()) {
      const Array y = cast(x, to);
      ASSERT_EQ(y.dtype(), to);
      std::vector<std::byte> expected(150 * size_of(to));
      convert_elements(x.data(), from, expected.data(), to, 150);
      EXPECT_EQ(std::memcmp(y.data(), expected.data(), expected.size()), 0)
          << name(from) << " to " << name(to);
    }
  }
}

TEST(Dtypes, SixtyFourBitIntegersAreExact) {
  const int64_t big = (int64_t{1} << 53) + 1;
  const Array a({big, -big, int64_t{3}}), b({int64_t{2}, int64_t{1}, int64_t{-4}});
  EXPECT_THAT(elements<int64_t>(a + b), ElementsAre(big + 2, 1 - big, -1));
  EXPECT_THAT(elements<int64_t>(a * b), ElementsAre(2 * big, -big, -12));
  EXPECT_THAT(elements<bool>(a == a - 1), ElementsAre(false, false, false));
  EXPECT_THAT(elements<bool>(a > a - 1), ElementsAre(true, true, true));
  EXPECT_EQ(sum(a + b).item<int64_t>(), 2);
  EXPECT_EQ(max(a).item<int64_t>(), big);
  EXPECT_EQ(argmax(Array({big - 1, big, big - 1})).item<int64_t>(), 1);
  EXPECT_EQ(matmul(a, b).item<int64_t>(), 2 * big - big - 12);
  EXPECT_EQ((a + big).to_vector<int64_t>()[2], big + 3) << "a bare number is not rounded";
  EXPECT_EQ(Array(big).item<int64_t>(), big);
}

TEST(Dtypes, UnsignedIntegersKnowNoSign) {
  const uint64_t top = std::numeric_limits<uint64_t>::max();
  const Array a({top, uint64_t{1}, top - 1}), b({uint64_t{1}, top, uint64_t{5}});
  EXPECT_THAT(elements<uint64_t>(a + b), ElementsAre(0u, 0u, 3u));
  EXPECT_THAT(elements<uint64_t>(a * b), ElementsAre(top, top, top - 9));
  EXPECT_THAT(elements<uint64_t>(maximum(a, b)), ElementsAre(top, top, top - 1));
  EXPECT_THAT(elements<uint64_t>(minimum(a, b)), ElementsAre(1u, 1u, 5u));
  EXPECT_THAT(elements<bool>(a > b), ElementsAre(true, false, true));
  EXPECT_THAT(elements<uint64_t>(abs(a)), ElementsAre(top, 1u, top - 1));
  EXPECT_THAT(elements<uint64_t>(sign(a)), ElementsAre(1u, 1u, 1u));
  EXPECT_EQ(max(a).item<uint64_t>(), top);
  EXPECT_EQ(min(a).item<uint64_t>(), 1u);
  EXPECT_EQ(argmax(a).item<int64_t>(), 0);
  EXPECT_EQ(sum(a).dtype(), DType::uint64);
  EXPECT_EQ(sum(Array({top - 3, uint64_t{2}})).item<uint64_t>(), top - 1);
  EXPECT_EQ(Array(top).dtype(), DType::uint64);
  EXPECT_EQ(Array(top).item<uint64_t>(), top);
  EXPECT_EQ(Array({top, uint64_t{7}}).to_string(), "[18446744073709551615                    7]");

  const Array small = cast(Array({250, 3, 128}), DType::uint8);
  EXPECT_THAT(elements<int>(small + small), ElementsAre(244, 6, 0));
  EXPECT_THAT(elements<int>(-small), ElementsAre(6, 253, 128));
  EXPECT_THAT(elements<int>(small + 1000), ElementsAre(249, 2, 127)) << "1000 saturates at 255";
  const Array signed_small = cast(Array({127, -128, 5}), DType::int8);
  EXPECT_THAT(elements<int>(signed_small + 1), ElementsAre(-128, -127, 6));
  EXPECT_THAT(elements<int>(signed_small * signed_small), ElementsAre(1, 0, 25));
  EXPECT_EQ(sum(signed_small).item<int64_t>(), 4);
}

TEST(Dtypes, IndicesMayBeOfAnyIntegerDtype) {
  const Array x({10.f, 11.f, 12.f});
  for (const DType dtype : all_dtypes()) {
    if (!is_integer(dtype)) continue;
    const Array indices = cast(Array({2, 0, 1, 2}), dtype);
    EXPECT_THAT(elements<float>(take(x, indices)), ElementsAre(12, 10, 11, 12)) << name(dtype);
    EXPECT_THAT(elements<float>(scatter_add(Array({1.f, 2.f, 3.f, 4.f}), indices, {3})),
                ElementsAre(2, 3, 5));
    EXPECT_THAT(elements<int>(argmax(one_hot(indices, 3), 1)), ElementsAre(2, 0, 1, 2));
  }
  const Array beyond({std::numeric_limits<uint64_t>::max()});
  EXPECT_THROW(take(x, beyond).eval(), ValueError) << "not −1";
  EXPECT_THAT(elements<float>(one_hot(beyond, 2)), ElementsAre(0, 0)) << "not −1";
}

TEST(Dtypes, HalfPrecisionIsComputedInDoubleAndRoundedOnce) {
  const Array x = cast(Array({1.0009765625, 3.0, 65504.0, 6e-8}), DType::float16);
  EXPECT_EQ((x * x).dtype(), DType::float16);
  EXPECT_THAT(elements<double>(x * x), ElementsAre(1.001953125, 9, INFINITY, 0));
  EXPECT_EQ(exp(x).dtype(), DType::float16);
  EXPECT_EQ(matmul(x, x).dtype(), DType::float16);
  EXPECT_EQ(sum(x).item<double>(), 65504) << "65508 rounds down";
  EXPECT_EQ(sum(cast(Array({65504.0, 16.0}), DType::float16)).item<double>(), INFINITY);
  EXPECT_EQ(softmax(x).dtype(), DType::float16);
  const Array gradient = grad([](const Array& v) { return sum(v * v); })(x);
  EXPECT_EQ(gradient.dtype(), DType::float16);
  EXPECT_EQ(elements<double>(gradient)[1], 6);
}

// --- complex numbers ----------------------------------------------------------------------------

const std::vector<complex64> kNumbers = {{1, 2},      {-0.5f, 0.25f}, {0, -3}, {2.5f, 0},
                                         {-1, -1.5f}, {0.125f, 4},    {-2, 0}, {0.75f, -0.75f}};

void expect_close(const Array& actual, const std::vector<std::complex<double>>& expected,
                  const char* what) {
  const auto values = actual.to_vector<complex64>();
  ASSERT_EQ(values.size(), expected.size()) << what;
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_LE(std::abs(std::complex<double>(values[i]) - expected[i]),
              1e-6 * std::abs(expected[i]) + 1e-7)
        << what << ", element " << i;
  }
}

TEST(Complex, FunctionsAreThoseOfTheStandardLibrary) {
  using Z = std::complex<double>;
  const Array z(kNumbers), w = Array(std::vector<complex64>(kNumbers.rbegin(), kNumbers.rend()));
  const std::vector<std::tuple<const char*, Array, std::function<Z(Z, Z)>>> cases = {
      {"add", z + w, [](Z a, Z b) { return a + b; }},
      {"subtract", z - w, [](Z a, Z b) { return a - b; }},
      {"multiply", z * w, [](Z a, Z b) { return a * b; }},
      {"divide", z / w, [](Z a, Z b) { return a / b; }},
      {"negative", -z, [](Z a, Z) { return -a; }},
      {"square", square(z), [](Z a, Z) { return a * a; }},
      {"reciprocal", reciprocal(z), [](Z a, Z) { return 1.0 / a; }},
      {"exp", exp(z), [](Z a, Z) { return std::exp(a); }},
      {"abs", abs(z), [](Z a, Z) { return Z(std::abs(a)); }},
      {"real", real(z), [](Z a, Z) { return Z(a.real()); }},
      {"imag", imag(z), [](Z a, Z) { return Z(a.imag()); }},
      {"conj", conj(z), [](Z a, Z) { return std::conj(a); }},
      {"angle", angle(z), [](Z a, Z) { return Z(std::arg(a)); }},
      {"a real number", z * 2 + 1.5, [](Z a, Z) { return a * 2.0 + 1.5; }},
      {"a complex number", z * complex64(0, 1), [](Z a, Z) { return a * Z(0, 1); }},
      {"a real array", z + real(w), [](Z a, Z b) { return a + b.real(); }},
      {"where", where(real(z) > 0, z, w), [](Z a, Z b) { return a.real() > 0 ? a : b; }},
  };
  for (const auto& [what, actual, function] : cases) {
    std::vector<Z> expected;
    for (size_t i = 0; i < kNumbers.size(); ++i) {
      expected.push_back(function(kNumbers[i], kNumbers[kNumbers.size() - 1 - i]));
    }
    expect_close(actual, expected, what);
  }
  for (const Array& part : {abs(z), real(z), imag(z), angle(z)}) {
    EXPECT_EQ(part.dtype(), DType::float32);
  }
  Z total = 0, product = 0;
  for (size_t i = 0; i < kNumbers.size(); ++i) {
    total += Z(kNumbers[i]);
    product += Z(kNumbers[i]) * Z(kNumbers[kNumbers.size() - 1 - i]);
  }
  expect_close(reshape(sum(z), {1}), {total}, "sum");
  expect_close(reshape(mean(z), {1}), {total / 8.0}, "mean");
  expect_close(reshape(matmul(z, w), {1}), {product}, "matmul");
  EXPECT_THAT(elements<bool>(z == w), testing::Each(false));
  EXPECT_THAT(elements<bool>(z != conj(conj(z))), testing::Each(false));
}

TEST(Complex, RealNumbersHaveTrivialParts) {
  const Array x({-2.f, 0.f, 3.f, NAN});
  EXPECT_EQ(real(x).node(), x.node());
  EXPECT_EQ(conj(x).node(), x.node());
  EXPECT_THAT(elements<float>(imag(x)), ElementsAre(0, 0, 0, 0));
  const auto angles = elements<float>(angle(x));
  EXPECT_FLOAT_EQ(angles[0], 3.14159265f);
  EXPECT_THAT(std::vector<float>(angles.begin() + 1, angles.begin() + 3), ElementsAre(0, 0));
  EXPECT_TRUE(std::isnan(angles[3]));
}

TEST(Complex, GradientsMatchFiniteDifferences) {
  const auto to_complex = [](const Array& x, const Array& y) { return x + y * complex64(0, 1); };
  const std::vector<std::pair<const char*, std::function<Array(const Array&)>>> functions = {
      {"abs", [](const Array& z) { return abs(z); }},
      {"angle", [](const Array& z) { return angle(z); }},
      {"real exp", [](const Array& z) { return real(exp(z)); }},
      {"imag square", [](const Array& z) { return imag(square(z)); }},
      {"conj product", [](const Array& z) { return real(conj(z) * exp(z)); }},
      {"quotient", [](const Array& z) { return imag(z / (z + 3)); }},
      {"matmul", [](const Array& z) { return abs(matmul(z, exp(-z))); }},
      {"sum", [](const Array& z) { return abs(sum(z * z)); }},
      {"cast", [](const Array& z) { return real(cast(abs(z), DType::complex64) * reciprocal(z)); }},
      {"movement", [](const Array& z) {
         const Array matrix = transpose(reshape(z, {2, 2}));
         return real(concatenate({matrix, exp(matrix)}, 0));
       }}};
  const std::vector<float> xs = {0.5f, -1.25f, 2, 0.75f}, ys = {1, 0.5f, -0.75f, -2};
  for (const auto& [what, function] : functions) {
    const auto loss = [&, f = function](const Array& x, const Array& y) {
      const Array values = f(to_complex(x, y));
      const Array weights = arange(1, values.size() + 1, 1, DType::float32);
      return sum(values * reshape(weights, values.shape())) + sum(square(values));
    };
    const Array x(xs), y(ys);
    const auto gradient = gradients(loss(x, y), std::vector<Array>{x, y});
    for (size_t which = 0; which < 2; ++which) {
      const auto g = gradient[which].to_vector<double>();
      for (size_t i = 0; i < xs.size(); ++i) {
        const auto at = [&](float h) {
          auto moved_x = xs, moved_y = ys;
          (which == 0 ? moved_x : moved_y)[i] += h;
          return loss(Array(moved_x), Array(moved_y)).item<double>();
        };
        // complex64 has seven digits: a wide, symmetric step of fourth order.
        const double h = 1.0 / 16;
        const double difference =
            (8 * (at(float(h)) - at(float(-h))) - (at(float(2 * h)) - at(float(-2 * h)))) /
            (12 * h);
        EXPECT_NEAR(g[i], difference, 2e-3 * (1 + std::abs(difference))) << what;
      }
    }
  }
}

TEST(Complex, GradientOfAComplexArgumentIsThatOfJax) {
  // f = |z|² has df/dx − i df/dy = 2 conj(z).
  const Array z(kNumbers);
  const Array gradient = grad([](const Array& v) { return sum(square(abs(v))); })(z);
  ASSERT_EQ(gradient.dtype(), DType::complex64);
  std::vector<std::complex<double>> expected;
  for (complex64 number : kNumbers)
    expected.push_back(2.0 * std::conj(std::complex<double>(number)));
  expect_close(gradient, expected, "gradient");
}

TEST(Complex, ForwardModeIsTheRealPartOfTheProduct) {
  const Array z(kNumbers), t = Array(std::vector<complex64>(kNumbers.rbegin(), kNumbers.rend()));
  const auto w = t.to_vector<complex64>();
  const auto tangent = [&](const std::function<Array(const Array&)>& f) {
    return jvp(f, z, t).second;
  };
  std::vector<std::complex<double>> lengths, parts, angles, mirrored;
  for (size_t i = 0; i < w.size(); ++i) {
    const std::complex<double> a(kNumbers[i]), b(w[i]);
    lengths.push_back((std::conj(a) * b).real() / std::abs(a));
    parts.push_back((std::exp(a) * b).imag());
    angles.push_back((b / a).imag());
    mirrored.push_back(std::conj(b));
  }
  expect_close(tangent([](const Array& x) { return abs(x); }), lengths, "abs");
  expect_close(tangent([](const Array& x) { return imag(exp(x)); }), parts, "imag exp");
  expect_close(tangent([](const Array& x) { return angle(x); }), angles, "angle");
  expect_close(tangent([](const Array& x) { return conj(x); }), mirrored, "conj");
}

template <class F>
std::string dtype_error(F&& f) {
  try {
    f();
  } catch (const DTypeError& error) {
    return error.what();
  }
  return "no DTypeError";
}

TEST(Complex, WhatHasNoMeaningIsATypedError) {
  const Array z(kNumbers);
  for (const auto& [text, f] : std::vector<std::pair<const char*, std::function<Array()>>>{
           {"[less] The op is not defined for complex numbers", [&] { return z < z; }},
           {"[maximum] The op is not defined for complex numbers", [&] { return maximum(z, 1); }},
           {"[floor] The op is not defined for complex numbers", [&] { return floor(z); }},
           {"[sign] The op is not defined for complex numbers", [&] { return sign(z); }},
           {"[power] The op is not defined for complex numbers", [&] { return power(z, 3); }},
           {"[max] The op is not defined for complex numbers", [&] { return max(z); }},
           {"[argmin] The op is not defined for complex numbers", [&] { return argmin(z); }},
           {"[erf] The op is defined for floating dtypes only", [&] { return erf(z); }},
           {"[softmax] Probabilities need a floating dtype", [&] { return softmax(z); }},
           {"[iota] The op is not defined for complex64",
            [&] { return arange(0, 3, 1, DType::complex64); }},
           {"[grad] The loss must be a floating-point number",
            [&] { return grad([](const Array& v) { return sum(v); })(z); }},
       }) {
    EXPECT_THAT(dtype_error(f), HasSubstr(text));
  }
}

TEST(Complex, PrintsLikeNumPy) {
  EXPECT_EQ(Array({complex64(1, 2), complex64(3.5f, -1.25f)}).to_string(), "[1. +2.j   3.5-1.25j]");
  EXPECT_EQ(Array(complex64(1, -2)).to_string(), "1.0-2.0j");
}

// --- files --------------------------------------------------------------------------------------

TEST(Dtypes, SafetensorsHoldsEveryOne) {
  TensorMap tensors;
  for (const DType dtype : all_dtypes()) {
    const Array x = counting({2, 5}, dtype).eval();
    tensors.add(std::string(name(dtype)), HostTensor(dtype, x.shape(), x.buffer()));
  }
  const TensorMap read = parse_safetensors(to_safetensors(tensors), "memory");
  for (const DType dtype : all_dtypes()) {
    const HostTensor& back = read.at(std::string(name(dtype)));
    EXPECT_EQ(back.dtype(), dtype);
    const Array x = counting({2, 5}, dtype).eval();
    EXPECT_EQ(std::memcmp(back.data(), x.data(), back.bytes()), 0) << name(dtype);
  }
}

}  // namespace
}  // namespace danlu
