#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <sstream>

#include "danlu/danlu.h"
#include "danlu/ops/conv/conv_attrs.h"
#include "danlu/ops/linalg/matmul_attrs.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/reduction/reduction_attrs.h"
#include "danlu/ops/registry.h"

/// Nonsense of every kind given to the ops: a typed error or a result of a possible shape, whose
/// derivative can be asked for; never a crash. Nothing is computed, so sizes beyond any memory are
/// as cheap as small ones. Under the undefined-behaviour sanitizer this finds overflows, too.
/// DANLU_FUZZ_CONFIGS sets the number of tries per op.
namespace danlu {
namespace {

int64_t tries() {
  const char* text = std::getenv("DANLU_FUZZ_CONFIGS");
  return text != nullptr ? std::atoll(text) : 3000;
}

class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}

  int64_t below(int64_t n) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }
  template <class T, size_t n>
  T one_of(const T (&values)[n]) {
    return values[below(static_cast<int64_t>(n))];
  }

  /// Mostly something that makes sense.
  int64_t length() {
    constexpr int64_t kHuge[] = {0,         1,         255,       65'536,   INT32_MAX,
                                 1LL << 31, 1LL << 40, 1LL << 58, 1LL << 59};
    return chance(90) ? 1 + below(9) : one_of(kHuge);
  }
  int64_t number() {
    constexpr int64_t kOdd[] = {
        0,         -1,        -2,        INT32_MAX,     INT32_MIN,     1LL << 31,   1LL << 40,
        1LL << 62, INT64_MAX, INT64_MIN, INT64_MAX - 1, INT64_MIN + 1, -(1LL << 59)};
    return chance(90) ? 1 + below(3) : one_of(kOdd);
  }
  /// An axis or an index: negative ones count from the end.
  int64_t axis() { return chance(95) ? below(7) - 3 : number(); }
  std::array<int64_t, 2> pair() { return {number(), number()}; }
  std::vector<int64_t> numbers(int64_t n) {
    std::vector<int64_t> list;
    for (int64_t i = 0; i < n; ++i) list.push_back(number());
    return list;
  }
  Shape shape(int64_t rank) {
    for (;;) {
      std::vector<int64_t> dims;
      for (int64_t i = 0; i < rank; ++i) dims.push_back(length());
      try {
        return Shape(dims);
      } catch (const ShapeError&) {  // no Array has it
      }
    }
  }
  int64_t rank(int64_t usual) { return chance(95) ? usual : below(Shape::kMaxRank + 1); }
  DType dtype() { return chance(90) ? DType::float32 : static_cast<DType>(below(kNumDTypes)); }
  Array array(const Shape& shape) { return make_placeholder({shape, dtype()}); }
  Array array(int64_t usual_rank) { return array(shape(rank(usual_rank))); }

 private:
  std::mt19937_64 engine_;
};

void expect_possible(const TensorSpec& spec, const std::string& what) {
  ASSERT_TRUE(spec.shape.is_known()) << what;
  ASSERT_EQ(Shape(spec.shape.to_vector()), spec.shape) << what;
  ASSERT_GE(spec.shape.num_elements(), 0) << what;
  ASSERT_LE(spec.shape.num_elements(), 1LL << 59) << what;
}

struct Outcomes {
  int64_t results = 0;
  std::map<std::string, int64_t> errors;
};

/// What does not make sense must be told by one of Danlu's errors, with a place and a reason.
void try_once(Outcomes& outcomes, const std::function<void()>& body) {
  try {
    body();
    ++outcomes.results;
  } catch (const Error& error) {
    EXPECT_FALSE(error.parts().where.empty()) << error.what();
    EXPECT_FALSE(error.parts().what.empty()) << error.what();
    ++outcomes.errors[error.parts().what];
  }
}

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

Conv2DAttrs conv_attrs(Dice& d) {
  Conv2DAttrs a{.strides = d.pair(), .dilation_rate = d.pair(), .groups = d.number()};
  if (d.chance(50)) a.pad_before = d.pair();
  if (d.chance(50)) a.pad_after = d.pair();
  if (d.chance(70)) a.result = d.shape(d.rank(4));
  return a;
}

Pool2DAttrs pool_attrs(Dice& d) {
  Pool2DAttrs a{.pool_size = d.pair(), .strides = d.pair()};
  if (d.chance(50)) a.pad_before = d.pair();
  if (d.chance(50)) a.pad_after = d.pair();
  if (d.chance(70)) a.result = d.shape(d.rank(4));
  return a;
}

/// What a damaged model file or a broken compiler pass might ask for.
AttrsPtr attributes_for(const OpDef& op, Dice& d, int64_t rank) {
  const std::string name(op.name);
  const auto axes = [&] {
    std::vector<int64_t> list;
    for (int64_t i = d.below(4); i > 0; --i) list.push_back(d.axis());
    return list;
  };
  if (name.starts_with("conv2d")) return make_attrs(conv_attrs(d));
  if (name.find("pool2d") != std::string::npos) return make_attrs(pool_attrs(d));
  if (name == "matmul") return make_attrs(MatmulAttrs{d.chance(50), d.chance(50)});
  if (name == "slice") {
    return make_attrs(SliceAttrs{d.numbers(rank), d.numbers(rank), d.numbers(d.rank(rank))});
  }
  if (name == "pad") {
    return make_attrs(PadAttrs{d.numbers(rank), d.numbers(rank), d.numbers(d.rank(rank))});
  }
  if (name == "reshape" || name == "broadcast_to") return make_attrs(ShapeAttrs{d.shape(rank)});
  if (name == "transpose") return make_attrs(TransposeAttrs{axes()});
  if (name == "concatenate") return make_attrs(ConcatenateAttrs{d.axis()});
  if (name == "take") return make_attrs(TakeAttrs{d.axis(), d.number()});
  if (name == "scatter_add") return make_attrs(ScatterAddAttrs{d.shape(rank), d.axis()});
  if (name == "one_hot") return make_attrs(OneHotAttrs{d.number(), d.dtype()});
  if (name == "iota") {
    return make_attrs(IotaAttrs{d.number(), d.length(), d.number(), d.dtype()});
  }
  return make_attrs(ReductionAttrs{axes(), d.chance(50)});
}

TEST(Fuzz, RecordsOnImpossibleAttributes) {
  const char* const names[] = {"conv2d",
                               "conv2d_backward_input",
                               "conv2d_backward_kernel",
                               "max_pool2d",
                               "max_pool2d_backward",
                               "max_pool2d_gather",
                               "average_pool2d",
                               "average_pool2d_backward",
                               "matmul",
                               "slice",
                               "pad",
                               "reshape",
                               "broadcast_to",
                               "transpose",
                               "concatenate",
                               "take",
                               "scatter_add",
                               "one_hot",
                               "iota",
                               "sum",
                               "max",
                               "argmax"};
  uint64_t seed = 100;
  for (const char* name : names) {
    SCOPED_TRACE(name);
    const OpDef& op = find_op(name);
    Dice dice(seed++);
    Outcomes outcomes;
    for (int64_t i = 0; i < tries() && !HasFatalFailure(); ++i) {
      const int64_t usual = op.name.find("2d") != std::string_view::npos ? 4 : 1 + dice.below(3);
      std::vector<TensorSpec> inputs;
      const int64_t count = op.num_inputs < 0 ? dice.below(40) : op.num_inputs;
      for (int64_t k = 0; k < count; ++k) {
        inputs.push_back({dice.shape(dice.rank(usual)), dice.dtype()});
      }
      const AttrsPtr attrs = attributes_for(op, dice, usual);
      try_once(outcomes, [&] {
        const auto outputs = op.infer({.op_name = op.name, .attrs = attrs.get(), .inputs = inputs});
        for (const TensorSpec& output : outputs) expect_possible(output, attrs->to_string());
        if (op.flops) {
          ASSERT_TRUE(op.flops(attrs.get(), inputs, outputs) >= 0) << attrs->to_string();
        }
      });
    }
    EXPECT_FALSE(outcomes.errors.empty());
  }
}

}  // namespace
}  // namespace danlu
