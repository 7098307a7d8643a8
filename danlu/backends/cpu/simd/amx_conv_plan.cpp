#include "danlu/backends/cpu/simd/amx_conv_plan.h"

#include <algorithm>
#include <utility>

namespace danlu::cpu::simd {
namespace {

using Pair = ConvPlan::Pair;

ConvGrid::Options options_for(const ConvGeometry& conv, int threads, int parts, bool joins_row,
                              int64_t grain) {
  const int64_t channels = conv.channels * (joins_row ? conv.kernel_w : 1);
  return {.threads = threads,
          .pixel_bytes = (channels + 31) / 32 * parts * 64,
          .window_bytes = conv.filters * 4,
          .bytes = 512 * 1024,
          .grain = grain,
          .multiple = 32,
          .joins_row = joins_row};
}

/// The gradient of the output as an image under windows that are the pixels of the input with one
/// remainder by the strides. A window at row q looks at row q − kh · dilation / stride under tap
/// kh.
struct Turned {
  Pair reach, first;  ///< of taps backwards; the first window that an input pixel needs
  ConvGeometry conv;

  explicit Turned(const ConvGeometry& g) : conv(g) {
    const Conv2DAttrs& a = g.attrs;
    const Pair kernel = {g.kernel_h, g.kernel_w}, in = {g.in_h, g.in_w};
    const Pair out = {g.out_h, g.out_w};
    Pair windows;
    conv.attrs.strides = conv.attrs.dilation_rate = {1, 1};
    for (size_t i = 0; i < 2; ++i) {
      reach[i] = (kernel[i] - 1) * a.dilation_rate[i] / a.strides[i];
      first[i] = a.pad_before[i] / a.strides[i];
      windows[i] = (in[i] - 1 + a.pad_before[i]) / a.strides[i] - first[i] + 1;
      conv.attrs.pad_before[i] = reach[i] - first[i];
      conv.attrs.pad_after[i] = windows[i] + first[i] - out[i];
    }
    conv.in_h = g.out_h;
    conv.in_w = g.out_w;
    conv.out_h = windows[0];
    conv.out_w = windows[1];
    conv.channels = conv.group_channels = g.filters;
    conv.filters = conv.group_filters = g.channels;
    conv.kernel_h = reach[0] + 1;
    conv.kernel_w = reach[1] + 1;
  }
};

}  // namespace

ConvPlan::ConvPlan(const ConvGeometry& conv, const ConvGrid::Options& options)
    : grid(conv, options), joins_row(options.joins_row) {}

ConvPlan ConvPlan::forward(const ConvGeometry& g, int threads, int parts, int64_t rows,
                           int64_t grain) {
  const bool joins =
      g.channels < 12 && g.channels * g.kernel_w <= 16 && g.attrs.dilation_rate[1] == 1;
  ConvGeometry wanted = g;
  wanted.out_h = rows;
  ConvPlan plan(wanted, options_for(wanted, threads, parts, joins, grain));
  plan.window_step = g.attrs.strides;
  plan.output_step = {1, 1};
  plan.output = {rows, g.out_w};
  plan.strides = {plan.channels() * g.filters, g.filters, 1};
  ConvPass pass{.corner = {0, 0}};
  for (int64_t tap = 0; tap < g.kernel_h * g.kernel_w; ++tap) {
    pass.taps.push_back({tap, tap / g.kernel_w * g.attrs.dilation_rate[0] - g.attrs.pad_before[0],
                         tap % g.kernel_w * g.attrs.dilation_rate[1] - g.attrs.pad_before[1]});
  }
  std::vector<AmxRead> looks;
  for (int64_t tap = 0; tap < plan.grid.taps(); ++tap) {
    looks.push_back({plan.grid.offsets()[static_cast<size_t>(tap)], tap, -1});
  }
  plan.add_pass(std::move(pass), looks, parts);
  return plan;
}

ConvPlan ConvPlan::backward_input(const ConvGeometry& g, int threads, int parts) {
  const Turned turned(g);
  const Conv2DAttrs& a = g.attrs;
  ConvPlan plan(turned.conv, options_for(turned.conv, threads, parts, false, 1));
  plan.window_step = {1, 1};
  plan.output_step = a.strides;
  plan.output = {g.in_h, g.in_w};
  plan.strides = {g.channels * g.filters, 1, g.filters};
  const int64_t columns = turned.reach[1] + 1;
  for (int64_t rest_h = 0; rest_h < a.strides[0]; ++rest_h) {
    for (int64_t rest_w = 0; rest_w < a.strides[1]; ++rest_w) {
      ConvPass pass{.corner = {turned.first[0] * a.strides[0] + rest_h - a.pad_before[0],
                               turned.first[1] * a.strides[1] + rest_w - a.pad_before[1]}};
      std::vector<AmxRead> looks;
      // From the last tap to the first, as their pixels lie.
      for (int64_t tap = g.kernel_h * g.kernel_w; tap-- > 0;) {
        const int64_t h = tap / g.kernel_w * a.dilation_rate[0] - rest_h;
        const int64_t w = tap % g.kernel_w * a.dilation_rate[1] - rest_w;
        if (h < 0 || w < 0 || h % a.strides[0] != 0 || w % a.strides[1] != 0) continue;
        const int64_t back_h = h / a.strides[0], back_w = w / a.strides[1];
        pass.taps.push_back({tap, turned.first[0] - back_h, turned.first[1] - back_w});
        const auto cell =
            static_cast<size_t>((turned.reach[0] - back_h) * columns + turned.reach[1] - back_w);
        looks.push_back({plan.grid.offsets()[cell], tap, -1});
      }
      plan.add_pass(std::move(pass), looks, parts);
    }
  }
  return plan;
}

std::string ConvPlan::backward_refusal(const ConvGeometry& g) {
  const Conv2DAttrs& a = Turned(g).conv.attrs;
  const bool fits =
      std::min({a.pad_before[0], a.pad_before[1], a.pad_after[0], a.pad_after[1]}) >= 0;
  return fits ? "" : "the padding is wider than the kernel";
}

/// `looks`: one for each tap. Of few channels in one part, two that look at neighbours become one
/// read.
void ConvPlan::add_pass(ConvPass pass, const std::vector<AmxRead>& looks, int parts) {
  merges = pairs() && parts == 1;
  for (const AmxRead& look : looks) {
    const bool follows = merges && !pass.reads.empty() && pass.reads.back().next < 0 &&
                         pass.reads.back().offset + 1 == look.offset;
    if (follows) {
      pass.reads.back().next = look.tap;
    } else {
      pass.reads.push_back(look);
    }
  }
  pass.packed = packed_bytes;
  packed_bytes += strip(pass, 1).kernel_bytes(parts);
  passes.push_back(std::move(pass));
}

AmxConvStrip ConvPlan::strip(const ConvPass& pass, int64_t windows) const {
  return {.channels = channels(),
          .filters = filters(),
          .pairs = pairs(),
          .reads = pass.reads.data(),
          .num_reads = std::ssize(pass.reads),
          .windows = windows,
          .pixels = grid.pixels()};
}

int64_t ConvPlan::depth() const {
  int64_t reads = 0;
  for (const ConvPass& pass : passes) reads += std::ssize(pass.reads);
  return reads * (pairs() && !merges ? 16 : (channels() + 31) / 32 * 32);
}

double ConvPlan::fill() const {
  int64_t taps = 0;
  for (const ConvPass& pass : passes) {
    taps += std::ssize(pass.taps) / (joins_row ? conv().kernel_w : 1);
  }
  const auto share = [](int64_t part, int64_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
  };
  return share(channels() * taps, depth()) *
         share(conv().out_h * conv().out_w, grid.period()[0] * grid.period()[1]);
}

}  // namespace danlu::cpu::simd
