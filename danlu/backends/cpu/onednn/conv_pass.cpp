#include <array>

#include "danlu/backends/cpu/onednn/conv.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::onednn {
namespace {

using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;
constexpr auto kFloat = dnnl::memory::data_type::f32;

Dims kernel_dims(const ConvGeometry& g) {
  if (g.groups == 1) return {g.filters, g.channels, g.kernel_h, g.kernel_w};
  return {g.groups, g.group_filters, g.group_channels, g.kernel_h, g.kernel_w};
}

// (kh, kw, channels / groups, filters), row-major, as strides of oneDNN's axes.
Desc plain_kernel(const ConvGeometry& g) {
  const int64_t row = g.group_channels * g.filters;
  if (g.groups == 1) {
    return Desc(kernel_dims(g), kFloat, Dims{1, g.filters, g.kernel_w * row, row});
  }
  return Desc(kernel_dims(g), kFloat, Dims{g.group_filters, 1, g.filters, g.kernel_w * row, row});
}

struct Geometry {
  Desc x, kernel, bias, y;
  Dims strides, dilations, before, after;

  Geometry(const ConvGeometry& g, int64_t batch, bool has_bias)
      : x({batch, g.channels, g.in_h, g.in_w}, kFloat, Tag::nhwc),
        kernel(kernel_dims(g), kFloat, Tag::any),
        bias(has_bias ? Desc({g.filters}, kFloat, Tag::a) : Desc()),
        y({batch, g.filters, g.out_h, g.out_w}, kFloat, Tag::nhwc),
        strides{g.attrs.strides[0], g.attrs.strides[1]},
        dilations{g.attrs.dilation_rate[0] - 1, g.attrs.dilation_rate[1] - 1},
        before{g.attrs.pad_before[0], g.attrs.pad_before[1]},
        // Pixels that the stride leaves over are negative padding to oneDNN.
        after{reach(g, 0) - g.in_h - before[0], reach(g, 1) - g.in_w - before[1]} {}

  static int64_t reach(const ConvGeometry& g, int i) {
    const int64_t out = i == 0 ? g.out_h : g.out_w;
    const int64_t window = i == 0 ? g.kernel_h : g.kernel_w;
    return (out - 1) * g.attrs.strides[i] + (window - 1) * g.attrs.dilation_rate[i] + 1;
  }
};

constexpr auto kAlgorithm = dnnl::algorithm::convolution_direct;

dnnl::convolution_forward::primitive_desc forward_desc(const Geometry& d, bool has_bias) {
  const auto kind = dnnl::prop_kind::forward_training;
  const auto desc =
      has_bias ? dnnl::convolution_forward::desc(kind, kAlgorithm, d.x, d.kernel, d.bias, d.y,
                                                 d.strides, d.dilations, d.before, d.after)
               : dnnl::convolution_forward::desc(kind, kAlgorithm, d.x, d.kernel, d.y, d.strides,
                                                 d.dilations, d.before, d.after);
  return {desc, user_scratchpad(), engine()};
}

}  // namespace

std::unique_ptr<Primitive> ConvPass::make(const ConvGeometry& g, int64_t batch, bool has_bias) {
  // The first primitive chooses the layout of the kernel, the others follow it.
  const bool first = by_batch_.empty();
  Geometry d(g, batch, has_bias);
  if (!first) d.kernel = packed_;
  auto finish = [&](auto&& desc, auto&& primitive, const Desc& kernel, int a_id, const Desc& a,
                    int b_id, const Desc& b, int out_id, const Desc& out) {
    if (first) packed_ = kernel;
    scratchpad_bytes_ = std::max(scratchpad_bytes_, desc.scratchpad_desc().get_size());
    std::vector<Primitive::Argument> arguments = {
        {a_id, a}, {b_id, b}, {out_id, out}, {DNNL_ARG_SCRATCHPAD, desc.scratchpad_desc()}};
    if (has_bias) arguments.push_back({DNNL_ARG_BIAS, d.bias});
    return std::make_unique<Primitive>(std::move(primitive), std::move(arguments));
  };
  if (kind_ == Kind::forward) {
    const auto desc = forward_desc(d, has_bias);
    return finish(desc, dnnl::convolution_forward(desc), desc.weights_desc(), DNNL_ARG_SRC, d.x,
                  DNNL_ARG_WEIGHTS, desc.weights_desc(), DNNL_ARG_DST, d.y);
  }
  // oneDNN wants a forward primitive as a hint for each backward one; its layout need not agree.
  const auto hint = forward_desc(Geometry(g, batch, false), false);
  if (kind_ == Kind::backward_input) {
    const dnnl::convolution_backward_data::primitive_desc desc(
        {kAlgorithm, d.x, d.kernel, d.y, d.strides, d.dilations, d.before, d.after},
        user_scratchpad(), engine(), hint);
    return finish(desc, dnnl::convolution_backward_data(desc), desc.weights_desc(),
                  DNNL_ARG_DIFF_DST, d.y, DNNL_ARG_WEIGHTS, desc.weights_desc(), DNNL_ARG_DIFF_SRC,
                  d.x);
  }
  const dnnl::convolution_backward_weights::primitive_desc desc(
      {kAlgorithm, d.x, d.kernel, d.y, d.strides, d.dilations, d.before, d.after},
      user_scratchpad(), engine(), hint);
  return finish(desc, dnnl::convolution_backward_weights(desc), desc.diff_weights_desc(),
                DNNL_ARG_SRC, d.x, DNNL_ARG_DIFF_DST, d.y, DNNL_ARG_DIFF_WEIGHTS,
                desc.diff_weights_desc());
}

ConvPass::ConvPass(Kind kind, const ConvGeometry& g, const BatchPlan& plan, bool has_bias)
    : kind_(kind), has_bias_(has_bias), plain_(plain_kernel(g)) {
  const ThreadScope one_thread(1);
  for (const int64_t batch : plan.sizes()) by_batch_[batch] = make(g, batch, has_bias);
  packed_size_ = static_cast<int64_t>(packed_.get_size() / sizeof(float));
  pack_ = Reorder(plain_, packed_);
  unpack_ = Reorder(packed_, plain_);
  scratchpad_bytes_ = aligned(std::max(
      {scratchpad_bytes_, pack_.scratchpad_bytes(), unpack_.scratchpad_bytes(), size_t{1}}));
}

void ConvPass::pack(const float* kernel, float* packed, std::byte* scratchpad) const {
  pack_.run(kernel, packed, scratchpad);
}

void ConvPass::unpack(const float* packed, float* kernel, std::byte* scratchpad) const {
  unpack_.run(packed, kernel, scratchpad);
}

void ConvPass::run(int64_t batch, const float* a, const float* b, const float* bias, float* out,
                   std::byte* scratchpad) const {
  const std::array<void*, 5> data = {const_cast<float*>(a), const_cast<float*>(b), out, scratchpad,
                                     const_cast<float*>(bias)};
  by_batch_.at(batch)->run(std::span(data).first(has_bias_ ? 5 : 4));
}

KernelGradient::KernelGradient(std::shared_ptr<const ConvPass> pass, const BatchPlan& plan)
    : pass_(std::move(pass)), plan_(plan) {
  packed_bytes_ = aligned(static_cast<size_t>(pass_->packed_size()) * sizeof(float));
  // A total, one batch's gradient, and the scratchpad.
  chunk_bytes_ = 2 * packed_bytes_ + pass_->scratchpad_bytes();
}

size_t KernelGradient::scratch_bytes() const {
  return chunk_bytes_ * static_cast<size_t>(plan_.threads);
}

float* KernelGradient::total(std::byte* scratch, int chunk) const {
  return reinterpret_cast<float*>(scratch + chunk_bytes_ * static_cast<size_t>(chunk));
}

void KernelGradient::add(std::byte* scratch, int chunk, int64_t begin, int64_t size, const float* x,
                         const float* grad) const {
  float* sum = total(scratch, chunk);
  float* part = sum + packed_bytes_ / sizeof(float);
  auto* scratchpad = reinterpret_cast<std::byte*>(part) + packed_bytes_;
  const bool first = begin == chunk_range(plan_.count, plan_.threads, chunk).begin;
  pass_->run(size, x, grad, nullptr, first ? sum : part, scratchpad);
  if (first) return;
  for (int64_t i = 0; i < pass_->packed_size(); ++i) sum[i] += part[i];
}

void KernelGradient::finish(std::byte* scratch, float* kernel_gradient) const {
  float* sum = total(scratch, 0);
  for (int chunk = 1; chunk < plan_.threads; ++chunk) {
    const float* more = total(scratch, chunk);
    for (int64_t i = 0; i < pass_->packed_size(); ++i) sum[i] += more[i];
  }
  if (pass_->is_plain()) {
    std::copy(sum, sum + pass_->packed_size(), kernel_gradient);
  } else {
    pass_->unpack(sum, kernel_gradient, scratch + 2 * packed_bytes_);
  }
}

}  // namespace danlu::cpu::onednn
