#include "danlu/backends/cpu/ref/elementwise.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "danlu/backends/cpu/ref/broadcast_loop.h"
#include "danlu/backends/cpu/ref/elementwise_functions.h"
#include "danlu/base/thread.h"

namespace danlu::cpu {
namespace {

constexpr int kBlock = 512;

/// `n` elements from `offset` on, `stride` apart, as Work.
template <class Work>
using Load = void (*)(const void* base, int64_t offset, int64_t stride, int n, Work* to);
template <class Work>
using Store = void (*)(const Work* from, int n, void* base, int64_t offset);

template <class Work, class T>
void load(const void* base, int64_t offset, int64_t stride, int n, Work* to) {
  const T* from = static_cast<const T*>(base) + offset;
  if (stride == 0) {
    std::fill_n(to, n, static_cast<Work>(*from));
  } else {
    for (int i = 0; i < n; ++i) to[i] = static_cast<Work>(from[i * stride]);
  }
}

template <class Work, class T>
void store(const Work* from, int n, void* base, int64_t offset) {
  std::transform(from, from + n, static_cast<T*>(base) + offset, convert_element<T, Work>);
}

template <class Work>
Load<Work> load_for(DType dtype) {
  return dispatch(dtype, [](auto tag) -> Load<Work> { return load<Work, decltype(tag)>; });
}
template <class Work>
Store<Work> store_for(DType dtype) {
  return dispatch(dtype, [](auto tag) -> Store<Work> { return store<Work, decltype(tag)>; });
}

template <class Work>
class ElementwiseKernel final : public Kernel {
 public:
  ElementwiseKernel(const KernelQuery& query, BlockFunction<Work> function)
      : loop_(query.outputs[0].shape, query.inputs),
        function_(function),
        operands_(static_cast<int>(query.inputs.size())),
        threads_(query.threads) {
    for (int i = 0; i < operands_; ++i) {
      const TensorSpec& input = query.inputs[static_cast<size_t>(i)];
      load_[i] = load_for<Work>(input.dtype);
      // A run that is in the right form already is read where it lies.
      direct_[i] = input.dtype == dtype_of<Work> && loop_.strides()[i] == 1;
      may_alias_[i] = input.shape == query.outputs[0].shape &&
                      size_of(input.dtype) == size_of(query.outputs[0].dtype);
    }
    store_ = store_for<Work>(query.outputs[0].dtype);
    direct_store_ = query.outputs[0].dtype == dtype_of<Work>;
  }

  void run(const KernelArgs& args) const override {
    parallel_chunks(threads_, [&](int chunk) {
      const Range range = chunk_range(loop_.size(), threads_, chunk, 16);
      loop_.for_each_run(range.begin, range.end,
                         [&](const BroadcastLoop::Offsets& offsets, int64_t first, int64_t n) {
                           run_blocks(args, offsets, first, n);
                         });
    });
  }
  bool may_alias(int, int input) const override { return may_alias_[input]; }
  int threads() const override { return threads_; }

 private:
  void run_blocks(const KernelArgs& args, const BroadcastLoop::Offsets& offsets, int64_t first,
                  int64_t count) const {
    std::array<std::array<Work, kBlock>, BroadcastLoop::kMaxOperands> loaded;
    std::array<Work, kBlock> result;
    std::array<const Work*, BroadcastLoop::kMaxOperands> operand{};
    for (int64_t done = 0; done < count; done += kBlock) {
      const int n = static_cast<int>(std::min<int64_t>(kBlock, count - done));
      for (int i = 0; i < operands_; ++i) {
        const int64_t stride = loop_.strides()[i];
        const int64_t offset = offsets[i] + done * stride;
        if (direct_[i]) {
          operand[i] = args.in<Work>(i) + offset;
        } else {
          load_[i](args.inputs[i], offset, stride, n, loaded[i].data());
          operand[i] = loaded[i].data();
        }
      }
      Work* out = direct_store_ ? args.out<Work>(0) + first + done : result.data();
      function_(operand[0], operand[1], operand[2], out, n);
      if (!direct_store_) store_(out, n, args.outputs[0], first + done);
    }
  }

  BroadcastLoop loop_;
  BlockFunction<Work> function_;
  int operands_;
  int threads_;
  std::array<Load<Work>, BroadcastLoop::kMaxOperands> load_{};
  std::array<bool, BroadcastLoop::kMaxOperands> direct_{};
  std::array<bool, BroadcastLoop::kMaxOperands> may_alias_{};
  Store<Work> store_ = nullptr;
  bool direct_store_ = false;
};

std::string elementwise_refusal(const KernelQuery& query) {
  return find_elementwise_function(query.op->name) ? "" : "no elementwise function of this name";
}

std::unique_ptr<Kernel> prepare_elementwise(const KernelQuery& query) {
  const ElementwiseFunction& function = *find_elementwise_function(query.op->name);
  const auto floating = [](const TensorSpec& spec) { return is_floating(spec.dtype); };
  if (function.on_int64 != nullptr &&
      std::none_of(query.inputs.begin(), query.inputs.end(), floating)) {
    return std::make_unique<ElementwiseKernel<int64_t>>(query, function.on_int64);
  }
  return std::make_unique<ElementwiseKernel<double>>(query, function.on_double);
}

/// One pass over whole arrays of equal size.
class FlatKernel final : public Kernel {
 public:
  using Pass = void (*)(const void* from, void* to, int64_t begin, int64_t end, size_t size);
  FlatKernel(const KernelQuery& query, Pass pass)
      : pass_(pass),
        count_(query.inputs[0].shape.num_elements()),
        size_(size_of(query.inputs[0].dtype)),
        may_alias_(size_ == size_of(query.outputs[0].dtype)),
        threads_(query.threads) {}

  void run(const KernelArgs& args) const override {
    parallel_chunks(threads_, [&](int chunk) {
      const Range range = chunk_range(count_, threads_, chunk, 64);
      pass_(args.inputs[0], args.outputs[0], range.begin, range.end, size_);
    });
  }
  bool may_alias(int, int) const override { return may_alias_; }
  int threads() const override { return threads_; }

 private:
  Pass pass_;
  int64_t count_;
  size_t size_;
  bool may_alias_;
  int threads_;
};

template <class To, class From>
void cast_pass(const void* from, void* to, int64_t begin, int64_t end, size_t) {
  std::transform(static_cast<const From*>(from) + begin, static_cast<const From*>(from) + end,
                 static_cast<To*>(to) + begin, convert_element<To, From>);
}

void copy_pass(const void* from, void* to, int64_t begin, int64_t end, size_t size) {
  if (from == to || begin == end) return;
  const size_t offset = static_cast<size_t>(begin) * size;
  std::memcpy(static_cast<std::byte*>(to) + offset, static_cast<const std::byte*>(from) + offset,
              static_cast<size_t>(end - begin) * size);
}

std::string no_refusal(const KernelQuery&) { return {}; }

std::unique_ptr<Kernel> prepare_cast(const KernelQuery& query) {
  const FlatKernel::Pass pass = dispatch(query.inputs[0].dtype, [&](auto from) {
    return dispatch(query.outputs[0].dtype, [](auto to) -> FlatKernel::Pass {
      return cast_pass<decltype(to), decltype(from)>;
    });
  });
  return std::make_unique<FlatKernel>(query, pass);
}

std::unique_ptr<Kernel> prepare_copy(const KernelQuery& query) {
  return std::make_unique<FlatKernel>(query, copy_pass);
}

}  // namespace

KernelDef ref_elementwise() { return {"ref", elementwise_refusal, prepare_elementwise}; }
KernelDef ref_cast() { return {"ref", no_refusal, prepare_cast}; }
KernelDef ref_copy() { return {"ref", no_refusal, prepare_copy}; }

}  // namespace danlu::cpu
