#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <sstream>

#include "danlu/danlu.h"
#include "danlu/ops/linalg.h"
#include "tests/fuzz/dice.h"

/// Nonsense of every kind given to the ops: a typed error or a result of a possible shape, whose
/// derivative can be asked for; never a crash. Nothing is computed, so sizes beyond any memory are
/// as cheap as small ones. Under the undefined-behaviour sanitizer this finds overflows, too.
/// tests/fuzz/records_test.cpp does the same with the records behind them.
namespace danlu {
namespace {

using fuzzing::Dice;
using fuzzing::expect_possible;
using fuzzing::Outcomes;
using fuzzing::tries;
using fuzzing::try_once;

/// The result of a public function on placeholders, and its gradients as lazy ops: whatever was
/// accepted has a derivative.
void check_result(const Array& y, const std::vector<Array>& inputs) {
  expect_possible(y.spec(), "result");
  if (!is_floating(y.dtype())) return;
  for (const Array& x : inputs) {
    if (!is_floating(x.dtype())) return;
  }
  const std::vector<Array> outputs = {y}, seeds = {make_placeholder(y.spec())};
  std::vector<Array> grads;
  try {
    grads = vjp(outputs, seeds, inputs);
  } catch (const Error& error) {
    // A derivative may need what no Array can hold, where the result itself is near to that.
    if (error.parts().what == "The number of elements overflows" && y.size() > (1LL << 40)) return;
    std::string specs;
    for (const Array& x : inputs) specs += " " + x.spec().to_string();
    FAIL() << error.what() << "; inputs" << specs << ", output " << y.spec().to_string();
  }
  for (size_t i = 0; i < inputs.size(); ++i) ASSERT_EQ(grads[i].spec(), inputs[i].spec());
}

using Case = void (*)(Dice&);
const std::pair<const char*, Case> kCalls[] = {
    {"conv2d",
     [](Dice& d) {
       const Array x = d.array(4);
       // A kernel that fits, most of the time.
       const int64_t groups = d.number();
       const int64_t channels = x.rank() == 4 && groups > 0 ? x.shape()[3] / groups : 1;
       std::vector<int64_t> dims = {d.length(), d.length(), channels, d.length()};
       if (d.chance(5)) dims = d.shape(d.rank(4)).to_vector();
       const Array kernel = make_placeholder({Shape(dims), x.dtype()});
       const char* const paddings[] = {"valid", "same", "same", "full"};
       Conv2DOptions options{.strides = d.pair(), .padding = d.one_of(paddings), .groups = groups};
       if (d.chance(30)) options.dilation_rate = d.pair();
       check_result(conv2d(x, kernel, options), {x, kernel});
     }},
    {"conv",
     [](Dice& d) {
       const int64_t axes = 1 + d.below(3);
       const Array x = d.array(axes + 2);
       const int64_t groups = 1 + d.below(3);
       std::vector<int64_t> dims;
       for (int64_t i = 0; i < axes; ++i) dims.push_back(1 + d.below(4));
       dims.push_back(x.shape().rank() > 1 ? std::max<int64_t>(1, x.shape()[-1] / groups) : 1);
       dims.push_back(d.chance(80) ? groups * (1 + d.below(3)) : d.length());
       if (d.chance(5)) dims = d.shape(d.rank(axes + 2)).to_vector();
       const Array kernel = make_placeholder({Shape(dims), x.dtype()});
       const char* const paddings[] = {"valid", "same", "same", "full"};
       ConvOptions options{.strides = {d.number()}, .padding = d.one_of(paddings)};
       if (d.chance(30)) options.dilation_rate = d.numbers(axes);
       if (d.chance(10)) options.data_format = "channels_first";
       check_result(conv(x, kernel, options), {x, kernel});
     }},
    {"conv_transpose",
     [](Dice& d) {
       const int64_t axes = 1 + d.below(3);
       const Array x = d.array(axes + 2);
       std::vector<int64_t> dims;
       for (int64_t i = 0; i < axes; ++i) dims.push_back(1 + d.below(4));
       dims.push_back(d.length());
       dims.push_back(x.rank() > 0 && d.chance(95) ? x.shape()[-1] : d.length());
       const Array kernel = make_placeholder({Shape(dims), x.dtype()});
       ConvTransposeOptions options{.strides = {d.number()},
                                    .padding = d.chance(50) ? "valid" : "same"};
       if (d.chance(30)) options.dilation_rate = {d.number()};
       if (d.chance(30)) options.output_padding = {d.number()};
       check_result(conv_transpose(x, kernel, options), {x, kernel});
     }},
    {"pools",
     [](Dice& d) {
       const Array x = d.array(3 + d.below(3));
       const char* const paddings[] = {"valid", "same"};
       const PoolOptions options{
           .pool_size = {d.number()}, .strides = {d.number()}, .padding = d.one_of(paddings)};
       check_result(d.chance(50) ? max_pool(x, options) : average_pool(x, options), {x});
     }},
    {"adaptive pools",
     [](Dice& d) {
       const Array x = d.array(3 + d.below(3));
       const std::vector<int64_t> size = {d.number()};
       check_result(d.chance(50) ? adaptive_max_pool(x, size) : adaptive_average_pool(x, size),
                    {x});
     }},
    {"max_pool2d",
     [](Dice& d) {
       const Array x = d.array(4);
       const char* const paddings[] = {"valid", "same", "same", ""};
       const auto y = max_pool2d_with_index(
           x, {.pool_size = d.pair(), .strides = d.pair(), .padding = d.one_of(paddings)});
       expect_possible(y.second.spec(), "index");
       check_result(y.first, {x});
     }},
    {"average_pool2d",
     [](Dice& d) {
       const Array x = d.array(4);
       const char* const paddings[] = {"valid", "same"};
       check_result(
           average_pool2d(
               x, {.pool_size = d.pair(), .strides = d.pair(), .padding = d.one_of(paddings)}),
           {x});
     }},
    {"matmul",
     [](Dice& d) {
       const Array a = d.array(2);
       Shape other = d.shape(d.rank(2));
       if (a.rank() == 2 && other.rank() == 2 && d.chance(80)) {
         other = Shape{a.shape()[1], d.length()};
       }
       const Array b = d.array(other);
       check_result(matmul(a, b, {.transpose_a = d.chance(10), .transpose_b = d.chance(10)}),
                    {a, b});
     }},
    {"slice",
     [](Dice& d) {
       const Array x = d.array(1 + d.below(4));
       const int64_t n = d.below(x.rank() + 1);
       check_result(slice(x, d.numbers(n), d.numbers(d.chance(97) ? n : d.below(6)),
                          d.numbers(d.chance(50) ? 0 : n)),
                    {x});
     }},
    {"pad",
     [](Dice& d) {
       const Array x = d.array(1 + d.below(3));
       std::vector<std::array<int64_t, 2>> widths;
       for (int64_t i = d.chance(95) ? x.rank() : d.below(9); i > 0; --i) {
         widths.push_back(d.pair());
       }
       check_result(pad(x, widths, 1.5), {x});
     }},
    {"reshape",
     [](Dice& d) {
       const Array x = d.array(d.below(5));
       std::vector<int64_t> dims;
       for (int64_t i = d.below(4); i > 0; --i) dims.push_back(d.chance(70) ? d.length() : -1);
       if (d.chance(50)) dims = {-1};
       if (d.chance(20)) dims = d.numbers(d.below(10));
       check_result(reshape(x, Shape(dims)), {x});
     }},
    {"transpose",
     [](Dice& d) {
       const Array x = d.array(d.below(4));
       std::vector<int64_t> axes;
       for (int64_t i = 0; i < x.rank(); ++i) axes.push_back(d.chance(80) ? i : d.axis());
       check_result(transpose(x, axes), {x});
     }},
    {"broadcast_to",
     [](Dice& d) {
       const Array x = d.array(d.below(3));
       std::vector<int64_t> dims = d.chance(20) ? d.numbers(d.below(4)) : std::vector<int64_t>{};
       for (int64_t n : x.shape().dims()) dims.push_back(n == 1 ? d.length() : n);
       check_result(broadcast_to(x, Shape(dims)), {x});
     }},
    {"concatenate",
     [](Dice& d) {
       const Shape shape = d.shape(1 + d.below(3));
       std::vector<Array> xs;
       for (int64_t i = d.below(40); i > 0; --i) {
         xs.push_back(d.array(d.chance(98) ? shape : d.shape(2)));
       }
       check_result(concatenate(xs, d.axis()), xs);
     }},
    {"stack",
     [](Dice& d) {
       const std::vector<Array> xs(static_cast<size_t>(d.below(4)), d.array(d.below(3)));
       expect_possible(stack(xs, d.axis()).spec(), "stack");
     }},
    {"squeeze, expand_dims",
     [](Dice& d) {
       const Array x = d.array(d.below(4));
       check_result(squeeze(expand_dims(x, d.axis()), d.axis()), {x});
     }},
    {"take",
     [](Dice& d) {
       const Array x = d.array(1 + d.below(3));
       const Array indices =
           make_placeholder({d.shape(d.below(3)), d.chance(80) ? DType::int64 : d.dtype()});
       const Array y = take(x, indices, d.axis());
       expect_possible(y.spec(), "take");
     }},
    {"scatter_add",
     [](Dice& d) {
       const Shape shape = d.shape(1);
       const Array indices = make_placeholder({shape, DType::int32});
       const std::vector<int64_t> to = {d.number()};
       expect_possible(scatter_add(d.array(shape), indices, Shape(to), d.axis()).spec(), "scatter");
     }},
    {"one_hot",
     [](Dice& d) {
       const Array x =
           make_placeholder({d.shape(d.rank(1)), d.chance(80) ? DType::int32 : d.dtype()});
       expect_possible(one_hot(x, d.number()).spec(), "one_hot");
     }},
    {"arange",
     [](Dice& d) { expect_possible(arange(d.number(), d.number(), d.number()).spec(), "arange"); }},
    {"reductions",
     [](Dice& d) {
       const Array x = d.array(d.below(5));
       std::vector<int64_t> axes;
       for (int64_t i = d.below(3); i > 0; --i) axes.push_back(d.axis());
       const bool keep = d.chance(50);
       check_result(sum(x, axes, keep), {x});
       check_result(mean(x, axes, keep), {x});
       check_result(logsumexp(x, axes, keep), {x});
       check_result(max(x, axes, keep), {x});
     }},
    {"argmax",
     [](Dice& d) {
       const Array x = d.array(d.below(4));
       const Array y = d.chance(50) ? argmax(x, d.axis(), d.chance(50)) : argmin(x, {}, true);
       expect_possible(y.spec(), "argmax");
     }},
    {"softmax",
     [](Dice& d) {
       const Array x = d.array(1 + d.below(3));
       check_result(softmax(x, d.axis()), {x});
       check_result(log_softmax(x, d.axis()), {x});
     }},
    {"crossentropy",
     [](Dice& d) {
       const Array y = d.array(2);
       const Array labels = make_placeholder(
           {d.chance(80) && y.rank() > 0 ? y.shape().without_axis(-1) : d.shape(d.rank(1)),
            DType::int32});
       expect_possible(sparse_categorical_crossentropy(labels, y).spec(), "sparse");
       expect_possible(categorical_crossentropy(y, d.chance(80) ? y : d.array(2)).spec(), "dense");
     }},
    {"quantiles",
     [](Dice& d) {
       const Array x = d.array(d.below(4));
       Axes axes;
       for (int64_t i = d.below(3); i > 0; --i) axes.push_back(d.axis());
       const char* const methods[] = {"linear", "lower", "higher", "midpoint", "nearest", "best"};
       const Array q = d.chance(50) ? Array(0.25) : d.array(1);
       const QuantileOptions options{axes, d.one_of(methods), d.chance(50)};
       const Array y = d.chance(50) ? quantile(x, q, options) : nanquantile(x, q, options);
       check_result(y, {x});
     }},
    {"rearrange",
     [](Dice& d) {
       const char* const patterns[] = {"a b -> b a",         "a (b c) -> (a c) b", "... a -> a ...",
                                       "a b c -> (c a) 1 b", "a -> a a",           "(a b) c -> "};
       std::map<std::string, int64_t> lengths;
       if (d.chance(80)) lengths["b"] = d.number();
       const Array x = d.array(1 + d.below(3));
       check_result(rearrange(x, d.one_of(patterns), lengths), {x});
     }},
    {"ctc",
     [](Dice& d) {
       const Array y = d.array(3);
       const int64_t batch = y.rank() == 3 ? y.shape()[0] : 1;
       const auto whole = [&](const Shape& usual) {
         return make_placeholder(
             {d.chance(95) ? usual : d.shape(1), d.chance(90) ? DType::int32 : d.dtype()});
       };
       const Array length = whole({batch});
       expect_possible(ctc_loss(whole({batch, d.length()}), y, length, length, d.below(4)).spec(),
                       "ctc_loss");
       const CtcDecodeOptions options{.strategy = d.chance(50) ? "greedy" : "beam_search",
                                      .beam_width = d.number(),
                                      .top_paths = d.number(),
                                      .mask_index = d.below(3)};
       const auto [paths, scores] = ctc_decode(y, length, options);
       expect_possible(paths.spec(), "paths");
       expect_possible(scores.spec(), "scores");
     }},
    {"eig",
     [](Dice& d) {
       const Shape shape = d.shape(d.rank(2));
       const Array x =
           d.array(shape.rank() == 2 && d.chance(80) ? Shape{shape[0], shape[0]} : shape);
       const auto [w, v] = eig(x);
       expect_possible(w.spec(), "eigenvalues");
       check_result(abs(w), {x});
     }},
    {"random",
     [](Dice& d) {
       const Array state = make_placeholder(
           {d.chance(90) ? Shape{2} : d.shape(1), d.chance(90) ? DType::int64 : d.dtype()});
       const Shape shape(d.numbers(d.below(4)));
       expect_possible(random::uniform(state, shape).spec(), "uniform");
       expect_possible(random::bernoulli(state, shape, d.chance(90) ? 0.5 : NAN).spec(), "coin");
       expect_possible(random::permutation(state, d.number()).spec(), "permutation");
     }},
    {"add",
     [](Dice& d) {
       const Array a = d.array(d.below(4));
       const Array b = d.chance(80) ? d.array(a.shape()) : d.array(d.below(4));
       check_result(a + b, {a, b});
     }},
};

TEST(Fuzz, PublicOpsOnImpossibleArguments) {
  uint64_t seed = 1;
  for (const auto& [name, call] : kCalls) {
    SCOPED_TRACE(name);
    Dice dice(seed++);
    Outcomes outcomes;
    for (int64_t i = 0; i < tries() && !HasFatalFailure(); ++i) {
      try_once(outcomes, [&, call = call] { call(dice); });
    }
    // Neither all sense nor all nonsense, else nothing was tried.
    EXPECT_GT(outcomes.results, tries() / 50);
    EXPECT_GE(outcomes.errors.size(), std::string(name) == "arange" ? 2u : 1u);
    if (std::getenv("DANLU_FUZZ_CONFIGS") == nullptr) continue;
    std::ostringstream text;
    text << name << ": " << outcomes.results << " results";
    for (const auto& [what, count] : outcomes.errors) text << "; " << count << " " << what;
    std::puts(text.str().c_str());
  }
}

}  // namespace
}  // namespace danlu
