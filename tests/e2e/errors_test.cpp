#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "danlu/danlu.h"
#include "danlu/runtime/kernel.h"
#include "tests/support/mistakes.h"

/// What one gets to read after a mistake with Arrays, with transforms, and in the environment.
namespace danlu {
namespace {

using testing::expect_each;
using testing::Mistake;
using testing::mistake;

std::vector<Mistake> mistakes_with_arrays() {
  return {
      mistake<StateError>(
          "an undefined Array", [] { (void)Array().shape(); },
          "[Array] The Array is undefined. Hint: assign a value before using it."),
      mistake<ShapeError>(
          "too few values",
          [] {
            Array(std::vector<float>{1, 2, 3}, {2, 2});
          },
          "[Array] The number of values does not match the shape. Expected 4 values for (2, 2). "
          "Received 3 values."),
      mistake<ShapeError>(
          "None outside a model",
          [] {
            Array(std::vector<float>{1}, {-1, -1});
          },
          "[Array] An Array needs a shape without unknown dimensions. Expected dimensions of 0 or "
          "more. Received (None, None)."),
      mistake<ShapeError>(
          "a negative dimension",
          [] {
            zeros({2, -3});
          },
          "[Shape] A dimension is negative. Expected dimensions of 0 or more. Received (2, -3)."),
      mistake<ShapeError>(
          "nine dimensions",
          [] {
            zeros({1, 1, 1, 1, 1, 1, 1, 1, 1});
          },
          "[Shape] An Array has too many dimensions. Expected at most 8. Received 9."),
      mistake<ShapeError>(
          "more elements than there are addresses",
          [] {
            matmul(zeros({1LL << 40, 1}), zeros({1, 1LL << 40}));
          },
          "[matmul] The number of elements overflows. Expected at most 2^59 elements. Received "
          "(1099511627776, 1099511627776)."),
      mistake<ShapeError>(
          "a matrix as a number",
          [] {
            ones({2, 2}).item();
          },
          "[item] Only an Array with one element can become a number. Expected 1 element. Received "
          "(2, 2). Hint: reduce it first, or use to_vector()."),
      mistake<ShapeError>(
          "shapes that do not broadcast",
          [] {
            ones({3, 4}) + ones({3});
          },
          "[add] The shapes cannot be broadcast together. Expected dimensions that are equal or 1, "
          "compared from the last. Received (3, 4) and (3,). Hint: reshape one of them so that the "
          "dimensions line up."),
      mistake<ShapeError>(
          "matrices that do not fit",
          [] {
            matmul(ones({2, 3}), ones({4, 5}));
          },
          "[matmul] The inner dimensions differ. Expected as many columns of a as rows of b. "
          "Received 3 and 4, from float32(2, 3) and float32(4, 5)."),
      mistake<ShapeError>(
          "a reshape that loses elements", [] { reshape(ones({6}), {4}); },
          "[reshape] The new shape has another number of elements. Expected 6 elements, as in "
          "(6,). Received (4,)."),
      mistake<ShapeError>(
          "a reshape without a solution",
          [] {
            reshape(ones({6}), {4, -1});
          },
          "[reshape] The dimension −1 has no solution. Expected known dimensions whose product "
          "divides 6, the number of elements of (6,). Received 4."),
      mistake<ShapeError>(
          "an axis that is not there",
          [] {
            sum(ones({2, 3}), {2});
          },
          "[sum] The axis is out of range. Expected an axis from -2 to 1. Received 2."),
      mistake<ShapeError>(
          "an axis twice",
          [] {
            mean(ones({2, 3}), {1, -1});
          },
          "[mean] An axis is given twice. Expected distinct axes. Received axes (1, -1) for shape "
          "(2, 3)."),
      mistake<ShapeError>(
          "the largest of nothing",
          [] {
            max(zeros({0, 3}), {0});
          },
          "[max] There is no element to choose from. Expected at least one element along axis 0. "
          "Received (0, 3)."),
      mistake<ShapeError>(
          "axes that are no permutation",
          [] {
            transpose(ones({2, 3}), {0, 0});
          },
          "[transpose] The axes are no permutation. Expected each axis of (2, 3) once. Received "
          "[0, 0]."),
      mistake<ValueError>(
          "a step of 0", [] { slice(ones({5}), {0}, {5}, {0}); },
          "[slice] The step is 0. Expected a step other than 0. Received 0 for axis 0."),
      mistake<ShapeError>(
          "rows of different lengths",
          [] {
            concatenate({ones({2, 3}), ones({2, 4})});
          },
          "[concatenate] The inputs do not fit together. Expected shapes that differ along axis 0 "
          "only. Received (2, 3) and (2, 4)."),
      mistake<DTypeError>(
          "an index that is no integer", [] { take(ones({3}), Array({1.f})); },
          "[take] The indices are no integers. Expected an integer dtype. Received "
          "float32(1,). Hint: cast(indices, DType::int32)."),
      mistake<ValueError>(
          "an index that is too large",
          [] {
            take(ones({3}), Array({0, 3})).eval();
          },
          "[take] An index is out of range. Expected an index from -3 to 2. Received 3."),
      mistake<DTypeError>(
          "a dtype that does not exist", [] { dtype_from_name("float23"); },
          "[dtype] There is no such dtype. Expected float32, float64, bfloat16, int32, int64, "
          "uint8, bool, float16, complex64, int8, int16, uint16, uint32 or uint64. Received "
          "'float23'."),
      mistake<ValueError>(
          "groups that do not divide",
          [] {
            conv2d(ones({1, 8, 8, 3}), ones({3, 3, 1, 4}), {.groups = 2});
          },
          "[conv2d] The groups do not divide the channels. Expected groups that divide 3 input "
          "channels and 4 filters. Received 2."),
      mistake<ShapeError>(
          "one image instead of a batch",
          [] {
            max_pool2d(ones({8, 8, 3}));
          },
          "[max_pool2d] The input is no batch of images. Expected shape (batch, height, width, "
          "channels). Received (8, 8, 3). Hint: add the missing axis with expand_dims."),
      mistake<UnsupportedError>(
          "a window of more than 256 positions",
          [] {
            max_pool2d(ones({1, 40, 40, 1}), {.pool_size = {17, 17}});
          },
          "[max_pool2d] The pooling window is too large. Expected at most 256 positions. Received "
          "(17, 17). Hint: pool twice, or reduce with max over the axes."),
      mistake<ValueError>(
          "a probability above 1", [] { random::bernoulli(SeedGenerator(1).next(), {2}, 1.5); },
          "[random_bernoulli] The probability is out of range. Expected a number in [0, 1]. "
          "Received 1.5."),
  };
}

std::vector<Mistake> mistakes_with_transforms() {
  const auto foreign = std::make_shared<Array>();
  return {
      mistake<ShapeError>(
          "the gradient of a vector", [] { grad([](const Array& x) { return x * x; })(ones({3})); },
          "[grad] Only a scalar can be differentiated. Expected a loss of shape (). Received (3,). "
          "Hint: reduce it with sum or mean, or use vjp."),
      mistake<DTypeError>(
          "the gradient of a count",
          [] { grad([](const Array& x) { return sum(cast(x, DType::int32)); })(ones({3})); },
          "[grad] The loss must be a floating-point number. Expected float32, float64, float16 or "
          "bfloat16. "
          "Received int32."),
      mistake<StateError>(
          "a gradient after the fact",
          [] {
            const Array x = ones({3}).eval();
            const Array loss = sum(x * x).eval();
            gradients(loss, std::vector<Array>{x});
          },
          "[grad] The result was evaluated before its gradient was asked for. Expected an Array "
          "whose computation is still pending. Hint: use grad or value_and_grad, which keep what "
          "they need."),
      mistake<StateError>(
          "a value read inside jit",
          [] { jit([](const Array& x) { return x * sum(x).item(); })(ones({3})); },
          "[eval] The value of an Array was asked for while a function is traced. Expected only "
          "lazy ops inside jit and compiled training steps. Received float32(). Hint: return the "
          "Array and read it outside."),
      mistake<StateError>(
          "an Array that escaped from another trace",
          [foreign] {
            jit([foreign](const Array& x) { return *foreign = x + 1; })(ones({3}));
            jit([foreign](const Array& x) { return x + *foreign; })(ones({3}));
          },
          "[trace] An Array of another trace was used. Received float32(3,). Hint: pass it as an "
          "argument of the traced function."),
      mistake<ShapeError>(
          "a Variable that changes its shape", [] { Variable(ones({3}), "w").assign(ones({4})); },
          "[Variable 'w'] The assigned value has another shape. Expected (3,). Received (4,)."),
      mistake<DTypeError>(
          "a Variable that changes its dtype",
          [] { Variable(ones({3}), "w").assign(ones({3}, DType::float64)); },
          "[Variable 'w'] The assigned value has another dtype. Expected float32. Received "
          "float64. "
          "Hint: cast it first."),
      mistake<ShapeError>(
          "a step fed with other samples",
          [] {
            BoundStep step(
                {}, {{{2, 3}, DType::float32}},
                [](std::span<const Array> in) -> std::vector<Array> { return {sum(in[0])}; });
            const HostTensor wrong = HostTensor::zeros({2, 4}, DType::float32);
            step.run(std::span(&wrong, 1));
          },
          "[BoundStep] Input 0 does not fit the traced step. Expected float32(2, 3). Received "
          "float32(2, 4)."),
      mistake<DTypeError>(
          "a step fed with another dtype",
          [] {
            BoundStep step(
                {}, {{{2, 3}, DType::float32}},
                [](std::span<const Array> in) -> std::vector<Array> { return {sum(in[0])}; });
            const HostTensor wrong = HostTensor::zeros({2, 3}, DType::int32);
            step.run(std::span(&wrong, 1));
          },
          "[BoundStep] Input 0 does not fit the traced step. Expected float32(2, 3). Received "
          "int32(2, 3)."),
      mistake<ValueError>(
          "no threads", [] { set_num_threads(0); },
          "[set_num_threads] The number of threads is not usable. Expected a whole number from 1 "
          "to "
          "1024. Received 0."),
      mistake<ValueError>(
          "a pass that does not exist", [] { set_disabled_passes("fuse,memroy"); },
          "[set_disabled_passes] There is no pass of this name. Expected simplify, fuse, select, "
          "memory or all, separated by commas. Received 'memroy'."),
  };
}

TEST(Mistakes, WithArrays) { expect_each(mistakes_with_arrays()); }
TEST(Mistakes, WithTransforms) { expect_each(mistakes_with_transforms()); }

TEST(Mistakes, WithMemory) {
  try {
    (void)zeros({1LL << 50}).data();
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_STREQ(typeid(error).name(), typeid(Error).name());
    const ErrorParts& parts = error.parts();
    EXPECT_EQ(parts.where, "Buffer");
    EXPECT_EQ(parts.what, "Out of memory");
    EXPECT_EQ(parts.expected, "4503599627370496 more bytes");
    EXPECT_EQ(parts.hint, "use a smaller batch or model, or free what is no longer needed");
  }
}

/// The environment is read once in a process, so each try gets one of its own.
void ask(const char* variable, const char* value, void (*read)()) {
  ::setenv(variable, value, 1);
  try {
    read();
    std::fputs("nothing was thrown", stderr);
  } catch (const ValueError& error) {
    std::fputs(error.what(), stderr);
  }
  std::exit(3);
}

TEST(MistakesDeathTest, WithTheEnvironment) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(ask("DANLU_NUM_THREADS", "two", [] { (void)num_threads(); }),
              ::testing::ExitedWithCode(3),
              "^\\[DANLU_NUM_THREADS\\] The number of threads is not usable. Expected a whole "
              "number from 1 to 1024. Received 'two'.$");
  EXPECT_EXIT(
      ask("DANLU_DISABLE", "fusion", [] { (void)current_options(); }), ::testing::ExitedWithCode(3),
      "^\\[DANLU_DISABLE\\] There is no pass of this name. Expected simplify, fuse, select, "
      "memory or all, separated by commas. Received 'fusion'.$");
  EXPECT_EXIT(ask("DANLU_ISA", "avx1024", [] { (void)cpu_isa(); }), ::testing::ExitedWithCode(3),
              "^\\[DANLU_ISA\\] There is no such instruction set. Expected baseline, avx2, "
              "avx512 or amx. Received 'avx1024'.$");
}

}  // namespace
}  // namespace danlu
