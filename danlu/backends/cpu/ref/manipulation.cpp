#include "danlu/backends/cpu/ref/manipulation.h"

#include <algorithm>
#include <vector>

#include "danlu/backends/cpu/ref/strided_copy.h"
#include "danlu/base/thread.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"

namespace danlu::cpu {
namespace {

std::string no_refusal(const KernelQuery&) { return {}; }

/// One strided copy per input, into one output.
class CopyKernel final : public Kernel {
 public:
  CopyKernel(std::vector<StridedCopy> copies, int threads)
      : copies_(std::move(copies)), threads_(threads) {}

  void run(const KernelArgs& args) const override {
    parallel_chunks(threads_, [&](int chunk) {
      for (size_t i = 0; i < copies_.size(); ++i) {
        copies_[i].run(args.inputs[i], args.outputs[0], chunk, threads_);
      }
    });
  }
  int threads() const override { return threads_; }

 private:
  std::vector<StridedCopy> copies_;
  int threads_;
};

std::unique_ptr<Kernel> single_copy(const KernelQuery& query,
                                    const std::vector<StridedCopy::Axis>& axes,
                                    int64_t from_offset) {
  std::vector<StridedCopy> copies;
  copies.emplace_back(axes, from_offset, 0, size_of(query.inputs[0].dtype));
  return std::make_unique<CopyKernel>(std::move(copies), query.threads);
}

std::unique_ptr<Kernel> prepare_transpose(const KernelQuery& query) {
  const auto& permutation = query.attrs_as<TransposeAttrs>().axes;
  const Shape& output = query.outputs[0].shape;
  const auto from = row_major_strides(query.inputs[0].shape);
  const auto to = row_major_strides(output);
  std::vector<StridedCopy::Axis> axes;
  for (size_t i = 0; i < to.size(); ++i) {
    axes.push_back({output[static_cast<int>(i)], from[static_cast<size_t>(permutation[i])], to[i]});
  }
  return single_copy(query, axes, 0);
}

std::unique_ptr<Kernel> prepare_broadcast_to(const KernelQuery& query) {
  const Shape &input = query.inputs[0].shape, &output = query.outputs[0].shape;
  const auto from = row_major_strides(input);
  const auto to = row_major_strides(output);
  std::vector<StridedCopy::Axis> axes;
  for (int i = 0; i < output.rank(); ++i) {
    const int source = i - (output.rank() - input.rank());
    const bool repeated = source < 0 || input[source] == 1;
    axes.push_back(
        {output[i], repeated ? 0 : from[static_cast<size_t>(source)], to[static_cast<size_t>(i)]});
  }
  return single_copy(query, axes, 0);
}

std::unique_ptr<Kernel> prepare_slice(const KernelQuery& query) {
  const auto& [start, size, step] = query.attrs_as<SliceAttrs>();
  const auto from = row_major_strides(query.inputs[0].shape);
  const auto to = row_major_strides(query.outputs[0].shape);
  std::vector<StridedCopy::Axis> axes;
  int64_t offset = 0;
  for (size_t i = 0; i < to.size(); ++i) {
    axes.push_back({size[i], from[i] * step[i], to[i]});
    offset += start[i] * from[i];
  }
  return single_copy(query, axes, offset);
}

class PadKernel final : public Kernel {
 public:
  explicit PadKernel(const KernelQuery& query)
      : copy_(make_copy(query)),
        value_(query.attrs_as<PadAttrs>().value),
        dtype_(query.outputs[0].dtype),
        out_size_(query.outputs[0].shape.num_elements()),
        fills_(out_size_ != query.inputs[0].shape.num_elements()),
        threads_(query.threads) {}

  void run(const KernelArgs& args) const override {
    if (fills_) {
      parallel_chunks(threads_, [&](int chunk) {
        const Range range = chunk_range(out_size_, threads_, chunk, 64);
        dispatch(dtype_, [&](auto tag) {
          using T = decltype(tag);
          std::fill(args.out<T>(0) + range.begin, args.out<T>(0) + range.end,
                    convert_element<T>(value_));
        });
      });
    }
    parallel_chunks(
        threads_, [&](int chunk) { copy_.run(args.inputs[0], args.outputs[0], chunk, threads_); });
  }
  int threads() const override { return threads_; }

 private:
  static StridedCopy make_copy(const KernelQuery& query) {
    const auto& attrs = query.attrs_as<PadAttrs>();
    const Shape& input = query.inputs[0].shape;
    const auto from = row_major_strides(input);
    const auto to = row_major_strides(query.outputs[0].shape);
    std::vector<StridedCopy::Axis> axes;
    int64_t offset = 0;
    for (size_t i = 0; i < to.size(); ++i) {
      axes.push_back({input[static_cast<int>(i)], from[i], to[i] * (attrs.interior[i] + 1)});
      offset += attrs.before[i] * to[i];
    }
    return StridedCopy(axes, 0, offset, size_of(query.inputs[0].dtype));
  }

  StridedCopy copy_;
  double value_;
  DType dtype_;
  int64_t out_size_;
  bool fills_;
  int threads_;
};

std::unique_ptr<Kernel> prepare_pad(const KernelQuery& query) {
  return std::make_unique<PadKernel>(query);
}

std::unique_ptr<Kernel> prepare_concatenate(const KernelQuery& query) {
  const auto axis = static_cast<size_t>(query.attrs_as<ConcatenateAttrs>().axis);
  const auto to = row_major_strides(query.outputs[0].shape);
  std::vector<StridedCopy> copies;
  int64_t offset = 0;
  for (const TensorSpec& input : query.inputs) {
    const auto from = row_major_strides(input.shape);
    std::vector<StridedCopy::Axis> axes;
    for (size_t i = 0; i < to.size(); ++i) {
      axes.push_back({input.shape[static_cast<int>(i)], from[i], to[i]});
    }
    copies.emplace_back(axes, 0, offset, size_of(input.dtype));
    offset += input.shape[static_cast<int>(axis)] * to[axis];
  }
  return std::make_unique<CopyKernel>(std::move(copies), query.threads);
}

class IotaKernel final : public Kernel {
 public:
  explicit IotaKernel(const KernelQuery& query) : attrs_(query.attrs_as<IotaAttrs>()) {}

  void run(const KernelArgs& args) const override {
    dispatch_real(attrs_.dtype, [&](auto tag) {
      using T = decltype(tag);
      for (int64_t i = 0; i < attrs_.size; ++i) {
        args.out<T>(0)[i] = convert_element<T>(attrs_.start + i * attrs_.step);
      }
    });
  }

 private:
  IotaAttrs attrs_;
};

std::unique_ptr<Kernel> prepare_iota(const KernelQuery& query) {
  return std::make_unique<IotaKernel>(query);
}

}  // namespace

KernelDef ref_transpose() { return {"ref", no_refusal, prepare_transpose}; }
KernelDef ref_broadcast_to() { return {"ref", no_refusal, prepare_broadcast_to}; }
KernelDef ref_slice() { return {"ref", no_refusal, prepare_slice}; }
KernelDef ref_pad() { return {"ref", no_refusal, prepare_pad}; }
KernelDef ref_concatenate() { return {"ref", no_refusal, prepare_concatenate}; }
KernelDef ref_iota() { return {"ref", no_refusal, prepare_iota}; }

}  // namespace danlu::cpu
