// Guards against slower kernels that need no quiet machine: processor time of one thread beside
// bare oneDNN primitives and a loop of multiply-adds, in turns in one process. Bounds are about
// twice what was measured.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !defined(DANLU_NO_OPENMP)

#include <gtest/gtest.h>

#include <dnnl.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "danlu/base/thread.h"
#include "danlu/compile/bound_step.h"
#include "danlu/danlu.h"
#include "danlu/runtime/roofline.h"
#include "tests/support/cpu_time.h"

namespace danlu {
namespace {

using dnnl::memory;

/// An array of small numbers of both signs.
HostTensor numbers(const Shape& shape) {
  HostTensor tensor = HostTensor::empty(shape, DType::float32);
  auto values = tensor.values<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>((i * 2654435761u >> 13) % 256) / 128 - 1;
  }
  return tensor;
}

/// A compiled plan of a function of arrays of these shapes.
class Plan {
 public:
  Plan(const std::vector<Shape>& shapes, const BoundStep::Body& body)
      : step_({}, specs(shapes), body) {
    for (const Shape& shape : shapes) inputs_.push_back(numbers(shape));
  }
  void run() { step_.run(std::span<const HostTensor>(inputs_)); }

 private:
  static std::vector<TensorSpec> specs(const std::vector<Shape>& shapes) {
    std::vector<TensorSpec> all;
    for (const Shape& shape : shapes) all.push_back({shape, DType::float32});
    return all;
  }

  BoundStep step_;
  std::vector<HostTensor> inputs_;
};

/// oneDNN primitives on memory in the layouts they like best.
class Bare {
 public:
  using Arguments = std::unordered_map<int, memory::desc>;

  void add(dnnl::primitive primitive, const Arguments& arguments) {
    Call call{std::move(primitive), {}};
    for (const auto& [id, desc] : arguments) {
      memory where(desc, engine);
      auto* values = static_cast<float*>(where.get_data_handle());
      for (size_t i = 0; i < desc.get_size() / sizeof(float); ++i) {
        values[i] = static_cast<float>((i * 2654435761u >> 13) % 256) / 128 - 1;
      }
      call.arguments.emplace(id, std::move(where));
    }
    calls_.push_back(std::move(call));
  }
  void run() {
    for (const Call& call : calls_) call.primitive.execute(stream_, call.arguments);
    stream_.wait();
  }

  dnnl::engine engine{dnnl::engine::kind::cpu, 0};

 private:
  struct Call {
    dnnl::primitive primitive;
    std::unordered_map<int, memory> arguments;
  };
  dnnl::stream stream_{engine};
  std::vector<Call> calls_;
};

memory::desc desc(const memory::dims& dims, memory::format_tag tag = memory::format_tag::any) {
  return {dims, memory::data_type::f32, tag};
}

// The second convolution of the course's network: 3 x 3, 32 to 64 channels, 13 x 13 images.
constexpr int64_t kImages = 64, kSide = 13, kOut = 11, kIn = 32, kFilters = 64;
const std::vector<Shape> kConvShapes = {{kImages, kSide, kSide, kIn}, {3, 3, kIn, kFilters}};
const double kConvFlops = 2. * kImages * kOut * kOut * 9 * kIn * kFilters;

struct BareConv {
  Bare bare;
  memory::desc x = desc({kImages, kIn, kSide, kSide}), kernel = desc({kFilters, kIn, 3, 3}),
               y = desc({kImages, kFilters, kOut, kOut});
  memory::dims ones = {1, 1}, none = {0, 0};
  dnnl::algorithm direct = dnnl::algorithm::convolution_direct;
  dnnl::convolution_forward::primitive_desc forward{
      dnnl::convolution_forward::desc(dnnl::prop_kind::forward_training, direct, x, kernel, y, ones,
                                      none, none),
      bare.engine};

  void add_forward() {
    bare.add(dnnl::convolution_forward(forward), {{DNNL_ARG_SRC, forward.src_desc()},
                                                  {DNNL_ARG_WEIGHTS, forward.weights_desc()},
                                                  {DNNL_ARG_DST, forward.dst_desc()}});
  }
  void add_backward() {
    const dnnl::convolution_backward_data::primitive_desc data(
        dnnl::convolution_backward_data::desc(direct, x, kernel, y, ones, none, none), bare.engine,
        forward);
    bare.add(dnnl::convolution_backward_data(data), {{DNNL_ARG_DIFF_SRC, data.diff_src_desc()},
                                                     {DNNL_ARG_WEIGHTS, data.weights_desc()},
                                                     {DNNL_ARG_DIFF_DST, data.diff_dst_desc()}});
    const dnnl::convolution_backward_weights::primitive_desc weights(
        dnnl::convolution_backward_weights::desc(direct, x, kernel, y, ones, none, none),
        bare.engine, forward);
    bare.add(dnnl::convolution_backward_weights(weights),
             {{DNNL_ARG_SRC, weights.src_desc()},
              {DNNL_ARG_DIFF_WEIGHTS, weights.diff_weights_desc()},
              {DNNL_ARG_DIFF_DST, weights.diff_dst_desc()}});
  }
};

class KernelGuard : public ::testing::Test {
 protected:
  void SetUp() override {
    threads_ = num_threads();
    set_num_threads(1);
  }
  void TearDown() override { set_num_threads(threads_); }

  /// `plan` takes at most `most` times as long as `bare` and reaches `share` of the rate of
  /// multiply-adds; the best of some rounds of both counts.
  static void expect(Plan& plan, Bare& bare, double flops, double most, double share) {
    const ThreadScope one(1);
    double ours = 1e9, theirs = 1e9, peak = 0;
    plan.run(), bare.run();
    for (int round = 0; round < 12; ++round) {
      ours = std::min(ours, cpu_seconds(8, [&] { plan.run(); }));
      theirs = std::min(theirs, cpu_seconds(8, [&] { bare.run(); }));
      peak = std::max(peak, fma_peak(1));
      if (round >= 2 && ours <= most * theirs && flops / ours / 1e9 >= share * peak) break;
    }
    RecordProperty("over_bare", std::to_string(ours / theirs));
    RecordProperty("share_of_peak", std::to_string(flops / ours / 1e9 / peak));
    if (cpu_isa() == Isa::baseline) return;  // nothing is promised for it
    EXPECT_LE(ours, most * theirs);
    EXPECT_GE(flops / ours / 1e9, share * peak);
  }

 private:
  int threads_ = 1;
  const ThreadScope one_{1};
};

TEST_F(KernelGuard, ConvolutionForward) {
  Plan plan(kConvShapes,
            [](std::span<const Array> in) { return std::vector<Array>{conv2d(in[0], in[1])}; });
  BareConv reference;
  reference.add_forward();
  expect(plan, reference.bare, kConvFlops, 1.7, 0.38);
}

TEST_F(KernelGuard, ConvolutionBackward) {
  std::vector<Shape> shapes = kConvShapes;
  shapes.push_back({kImages, kOut, kOut, kFilters});
  Plan plan(shapes, [](std::span<const Array> in) {
    return gradients(sum(conv2d(in[0], in[1]) * in[2]), in.first(2));
  });
  BareConv reference;
  reference.add_backward();
  expect(plan, reference.bare, 2 * kConvFlops, 1.7, 0.38);
}

TEST_F(KernelGuard, Product) {
  constexpr int64_t rows = 128, inner = 784, columns = 512;
  Plan plan({{rows, inner}, {inner, columns}},
            [](std::span<const Array> in) { return std::vector<Array>{matmul(in[0], in[1])}; });
  Bare bare;
  const auto plain = memory::format_tag::ab;
  const dnnl::matmul::primitive_desc product(
      dnnl::matmul::desc(desc({rows, inner}, plain), desc({inner, columns}, plain),
                         desc({rows, columns}, plain)),
      bare.engine);
  bare.add(dnnl::matmul(product), {{DNNL_ARG_SRC, product.src_desc()},
                                   {DNNL_ARG_WEIGHTS, product.weights_desc()},
                                   {DNNL_ARG_DST, product.dst_desc()}});
  expect(plan, bare, 2. * rows * inner * columns, 1.7, 0.38);
}

TEST_F(KernelGuard, ElementwiseChain) {
  constexpr int64_t count = 16384;
  const std::vector<Shape> shapes(3, Shape{count});
  Plan plan(shapes,
            [](std::span<const Array> in) { return std::vector<Array>{in[0] * in[1] + in[2]}; });
  Bare bare;
  const memory::desc row = desc({count}, memory::format_tag::a);
  for (const auto kind : {dnnl::algorithm::binary_mul, dnnl::algorithm::binary_add}) {
    const dnnl::binary::primitive_desc step(dnnl::binary::desc(kind, row, row, row), bare.engine);
    bare.add(dnnl::binary(step),
             {{DNNL_ARG_SRC_0, row}, {DNNL_ARG_SRC_1, row}, {DNNL_ARG_DST, row}});
  }
  expect(plan, bare, 2. * count, 1.2, 0.02);
}

}  // namespace
}  // namespace danlu

#endif
