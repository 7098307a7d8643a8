#include "danlu/backends/cpu/simd/amx_conv_grid.h"

namespace danlu::cpu::simd {

ConvGrid::ConvGrid(const ConvGeometry& conv, const Options& options)
    : conv_(conv),
      joins_row_(options.joins_row),
      period_{period_of(0, conv.in_h, conv.out_h),
              options.joins_row ? conv.out_w : period_of(1, conv.in_w, conv.out_w)} {
  const Pair &strides = conv.attrs.strides, &dilation = conv.attrs.dilation_rate;
  below_ = (conv.kernel_h - 1) * dilation[0] / strides[0];
  const int64_t columns = joins_row_ ? 1 : conv.kernel_w;
  std::vector<int64_t> phase_of_tap;
  for (int64_t tap = 0; tap < conv.kernel_h * columns; ++tap) {
    const int64_t h = tap / columns * dilation[0], w = tap % columns * dilation[1];
    const Pair phase{h % strides[0], w % strides[1]};
    auto found = std::find(phases_.begin(), phases_.end(), phase);
    if (found == phases_.end()) found = phases_.insert(phases_.end(), phase);
    phase_of_tap.push_back(found - phases_.begin());
    offsets_.push_back(h / strides[0] * period_[1] + w / strides[1]);
  }
  cut(options);
  const int64_t kept = strips_ == 1 ? together_ * period_[0] : strip_rows_ + below_;
  // Tiles look at 32 windows, and at a neighbour. An odd number, lest the same pixels of all parts
  // meet in one set of the first-level cache.
  const int64_t seen = parts(most_windows(), 32) * 32 + offsets_.back() + 2;
  pixels_ = std::max(seen, kept * period_[1] + 1) | 1;
  for (size_t tap = 0; tap < offsets_.size(); ++tap) offsets_[tap] += phase_of_tap[tap] * pixels_;
}

int64_t ConvGrid::period_of(size_t axis, int64_t in, int64_t out) const {
  const int64_t before = conv_.attrs.pad_before[axis], after = conv_.attrs.pad_after[axis];
  const int64_t stride = conv_.attrs.strides[axis];
  const int64_t padded =
      stride == 1 ? in + std::max(before, after) : parts(in + before + after, stride);
  return std::max(padded, out);
}

void ConvGrid::cut(const Options& options) {
  const int64_t pixel_row = period_[1] * options.pixel_bytes * std::ssize(phases_);
  const int64_t row = pixel_row + period_[1] * options.window_bytes;
  const int64_t image = period_[0] * row;
  const int64_t grains = parts(conv_.out_h, options.grain);
  const int64_t most =
      std::max<int64_t>(1, (options.bytes - below_ * pixel_row) / (row * options.grain));
  const int64_t wanted = std::min(parts(options.threads, conv_.batch), grains);
  strips_ = std::max(image <= options.bytes ? 1 : parts(grains, most), wanted);
  const int64_t each = parts(grains, strips_);
  strips_ = parts(grains, each);
  strip_rows_ = strips_ == 1 ? conv_.out_h : each * options.grain;
  if (strips_ > 1) return;
  if (options.multiple > 0) {
    const int64_t alone = parts(windows(1, conv_.out_h), options.multiple) * options.multiple;
    if (alone <= period_[0] * period_[1]) return;
  }
  together_ = std::clamp<int64_t>(options.bytes / image, 1, parts(conv_.batch, options.threads));
}

}  // namespace danlu::cpu::simd
