#include <algorithm>
#include <array>
#include <atomic>
#include <complex>
#include <cstring>
#include <type_traits>
#include <utility>

#include "danlu/backends/cpu/ref/index_reader.h"
#include "danlu/backends/cpu/ref/manipulation.h"
#include "danlu/base/thread.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"

namespace danlu::cpu {
namespace {

std::string no_refusal(const KernelQuery&) { return {}; }

int64_t product(const Shape& shape, int begin, int end) {
  int64_t n = 1;
  for (int i = begin; i < end; ++i) n *= shape[i];
  return n;
}

/// (outer, size, inner) at indices (count) → (outer, count, inner).
class TakeKernel final : public Kernel {
 public:
  explicit TakeKernel(const KernelQuery& query)
      : axis_(static_cast<int>(query.attrs_as<TakeAttrs>().axis)),
        size_(query.attrs_as<TakeAttrs>().size),
        outer_(product(query.inputs[0].shape, 0, axis_)),
        run_bytes_(static_cast<size_t>(
                       product(query.inputs[0].shape, axis_ + 1, query.inputs[0].shape.rank())) *
                   size_of(query.inputs[0].dtype)),
        out_bytes_(query.outputs[0].bytes()),
        reader_(query.inputs[1], size_),
        threads_(query.threads) {}

  void run(const KernelArgs& args) const override {
    auto* indices = reinterpret_cast<int64_t*>(args.scratch);
    const int64_t count = reader_.count();
    std::atomic<bool> good{true};
    if (outer_ != 1) good = reader_.read(args, 1, indices);
    parallel_chunks(threads_, [&](int chunk) {
      const Range range = chunk_range(outer_ * count, threads_, chunk);
      if (outer_ == 1 && !reader_.read(args, 1, range.begin, range.end, indices)) good = false;
      if (range.begin == range.end || !good) return;
      switch (run_bytes_) {  // short runs are copied without a call
        case 4:
          return copy_runs<4>(args, indices, range);
        case 64:
          return copy_runs<64>(args, indices, range);
        case 128:
          return copy_runs<128>(args, indices, range);
        case 256:
          return copy_runs<256>(args, indices, range);
        default:
          return copy_runs<0>(args, indices, range);
      }
    });
    if (!good) std::memset(args.outputs[0], 0, out_bytes_);
  }
  size_t scratch_bytes() const override { return reader_.bytes(); }
  int threads() const override { return threads_; }

 private:
  static constexpr int64_t kAhead = 8;
  size_t offset(int64_t row) const { return static_cast<size_t>(row) * run_bytes_; }

  /// The runs of the output's range, of kBytes or, where that is 0, of any length.
  template <size_t kBytes>
  void copy_runs(const KernelArgs& args, const int64_t* indices, const Range& range) const {
    const size_t bytes = kBytes == 0 ? run_bytes_ : kBytes;
    const int64_t count = reader_.count();
    int64_t outer = range.begin / count, k = range.begin % count;
    const int64_t last = std::min<int64_t>(count, k + range.end - range.begin);
    std::byte* to = args.out<std::byte>(0) + offset(range.begin);
    for (int64_t i = range.begin; i < range.end; ++i, to += bytes) {
      const std::byte* rows = args.in<std::byte>(0) + offset(outer * size_);
      if (k + kAhead < last) {
        const std::byte* next = rows + offset(indices[k + kAhead]);
        for (size_t line = 0; line < std::min<size_t>(bytes, 256); line += 64) {
          __builtin_prefetch(next + line);
        }
      }
      std::memcpy(to, rows + offset(indices[k]), bytes);
      if (++k == count) k = 0, ++outer;
    }
  }

  int axis_;
  int64_t size_, outer_;
  size_t run_bytes_, out_bytes_;
  IndexReader reader_;
  int threads_;
};

/// (outer, count, inner) added at indices (count) → (outer, size, inner).
template <class T>
class ScatterAddKernel final : public Kernel {
 public:
  using Acc =
      std::conditional_t<std::is_integral_v<T>, uint64_t,
                         std::conditional_t<is_complex_type<T>, std::complex<double>, double>>;

  explicit ScatterAddKernel(const KernelQuery& query)
      : axis_(static_cast<int>(query.attrs_as<ScatterAddAttrs>().axis)),
        size_(query.outputs[0].shape[axis_]),
        outer_(product(query.outputs[0].shape, 0, axis_)),
        inner_(product(query.outputs[0].shape, axis_ + 1, query.outputs[0].shape.rank())),
        out_size_(query.outputs[0].shape.num_elements()),
        reader_(query.inputs[1], size_) {}

  void run(const KernelArgs& args) const override {
    Acc* sums = reinterpret_cast<Acc*>(args.scratch);
    auto* indices = reinterpret_cast<int64_t*>(sums + out_size_);
    std::fill_n(sums, out_size_, Acc{0});
    if (reader_.read(args, 1, indices)) {
      const T* update = args.in<T>(0);
      for (int64_t o = 0; o < outer_; ++o) {
        for (int64_t k = 0; k < reader_.count(); ++k, update += inner_) {
          Acc* sum = sums + (o * size_ + indices[k]) * inner_;
          for (int64_t i = 0; i < inner_; ++i) sum[i] += static_cast<Acc>(update[i]);
        }
      }
    }
    std::transform(sums, sums + out_size_, args.out<T>(0), convert_element<T, Acc>);
  }
  size_t scratch_bytes() const override {
    return static_cast<size_t>(out_size_) * sizeof(Acc) + reader_.bytes();
  }

 private:
  int axis_;
  int64_t size_, outer_, inner_, out_size_;
  IndexReader reader_;
};

std::unique_ptr<Kernel> prepare_scatter_add(const KernelQuery& query) {
  return dispatch(query.inputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    return std::make_unique<ScatterAddKernel<decltype(tag)>>(query);
  });
}

class OneHotKernel final : public Kernel {
 public:
  explicit OneHotKernel(const KernelQuery& query)
      : classes_(query.attrs_as<OneHotAttrs>().num_classes),
        strict_(query.attrs_as<OneHotAttrs>().strict),
        count_(query.inputs[0].shape.num_elements()),
        from_(query.inputs[0].dtype),
        out_bytes_(query.outputs[0].bytes()),
        element_size_(size_of(query.outputs[0].dtype)) {
    const bool one = true;
    convert_elements(&one, DType::bool_, one_.data(), query.outputs[0].dtype, 1);
  }

  void run(const KernelArgs& args) const override {
    // The zero of every dtype is made of zero bytes.
    std::memset(args.outputs[0], 0, out_bytes_);
    dispatch_integer(from_, [&](auto tag) {
      const auto* labels = args.in<decltype(tag)>(0);
      std::byte* row = args.out<std::byte>(0);
      for (int64_t i = 0; i < count_; ++i, row += static_cast<size_t>(classes_) * element_size_) {
        const int64_t label = as_index(labels[i]);
        if (label < 0 || label >= classes_) {
          if (strict_) args.fault(label);
        } else {
          std::memcpy(row + static_cast<size_t>(label) * element_size_, one_.data(), element_size_);
        }
      }
    });
  }

 private:
  int64_t classes_;
  bool strict_;
  int64_t count_;
  DType from_;
  size_t out_bytes_, element_size_;
  std::array<std::byte, 8> one_{};
};

template <class K>
std::unique_ptr<Kernel> prepare(const KernelQuery& query) {
  return std::make_unique<K>(query);
}

}  // namespace

KernelDef ref_take() { return {"ref", no_refusal, prepare<TakeKernel>}; }
KernelDef ref_scatter_add() { return {"ref", no_refusal, prepare_scatter_add}; }
KernelDef ref_one_hot() { return {"ref", no_refusal, prepare<OneHotKernel>}; }

}  // namespace danlu::cpu
