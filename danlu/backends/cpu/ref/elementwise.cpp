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

/// Calls `f(T{})` with the types of operands and results that are computed as Work.
template <class Work, class F>
decltype(auto) dispatch_kind(DType dtype, F&& f) {
  if constexpr (is_complex_type<Work>) {
    return dispatch(dtype, f);
  } else {
    return dispatch_real(dtype, f);
  }
}
template <class Work>
Load<Work> load_for(DType dtype) {
  return dispatch_kind<Work>(dtype,
                             [](auto tag) -> Load<Work> { return load<Work, decltype(tag)>; });
}
template <class Work>
Store<Work> store_for(DType dtype) {
  return dispatch_kind<Work>(dtype,
                             [](auto tag) -> Store<Work> { return store<Work, decltype(tag)>; });
}
template <class Work>
bool is_stored_as(DType dtype) {
  if constexpr (is_complex_type<Work>)
    return false;
  else
    return dtype == dtype_of<Work>;
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
      direct_[i] = is_stored_as<Work>(input.dtype) && loop_.strides()[i] == 1;
      may_alias_[i] = input.shape == query.outputs[0].shape &&
                      size_of(input.dtype) == size_of(query.outputs[0].dtype);
    }
    store_ = store_for<Work>(query.outputs[0].dtype);
    direct_store_ = is_stored_as<Work>(query.outputs[0].dtype);
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

template <class Work>
std::unique_ptr<Kernel> make_elementwise(const KernelQuery& query, BlockFunction<Work> function) {
  if (function == nullptr) return nullptr;
  return std::make_unique<ElementwiseKernel<Work>>(query, function);
}

/// Null when the op is not defined for such operands.
std::unique_ptr<Kernel> prepare_elementwise(const KernelQuery& query) {
  const ElementwiseFunction* function = find_elementwise_function(query.op->name);
  if (function == nullptr) return nullptr;
  const BlockFunctions& on = function->on;
  const auto any = [&](auto&& is) {
    return std::any_of(query.inputs.begin(), query.inputs.end(),
                       [&](const TensorSpec& spec) { return is(spec.dtype); });
  };
  if (any(is_complex)) return make_elementwise(query, on.complex);
  if (any(is_floating)) return make_elementwise(query, on.floating);
  if (any([](DType t) { return t == DType::uint64; })) return make_elementwise(query, on.uint64);
  return make_elementwise(query, on.integer);
}

std::string elementwise_refusal(const KernelQuery& query) {
  if (find_elementwise_function(query.op->name) == nullptr) {
    return "no elementwise function of this name";
  }
  return prepare_elementwise(query) ? "" : "the op is not defined for such operands";
}

/// Elements converted one by one.
class CastKernel final : public Kernel {
 public:
  explicit CastKernel(const KernelQuery& query)
      : from_(query.inputs[0].dtype),
        to_(query.outputs[0].dtype),
        count_(query.inputs[0].shape.num_elements()),
        threads_(query.threads) {}

  void run(const KernelArgs& args) const override {
    parallel_chunks(threads_, [&](int chunk) {
      const Range range = chunk_range(count_, threads_, chunk, 64);
      const auto begin = static_cast<size_t>(range.begin);
      convert_elements(args.in<std::byte>(0) + begin * size_of(from_), from_,
                       args.out<std::byte>(0) + begin * size_of(to_), to_,
                       static_cast<size_t>(range.end - range.begin));
    });
  }
  bool may_alias(int, int) const override { return size_of(from_) == size_of(to_); }
  int threads() const override { return threads_; }

 private:
  DType from_, to_;
  int64_t count_;
  int threads_;
};

/// The same bytes, whatever they mean.
class CopyBytesKernel final : public Kernel {
 public:
  explicit CopyBytesKernel(const KernelQuery& query)
      : bytes_(static_cast<int64_t>(query.outputs[0].bytes())), threads_(query.threads) {}

  void run(const KernelArgs& args) const override {
    if (args.inputs[0] == args.outputs[0] || bytes_ == 0) return;
    parallel_chunks(threads_, [&](int chunk) {
      const Range range = chunk_range(bytes_, threads_, chunk, 64);
      std::memcpy(args.out<std::byte>(0) + range.begin, args.in<std::byte>(0) + range.begin,
                  static_cast<size_t>(range.end - range.begin));
    });
  }
  bool may_alias(int, int) const override { return true; }
  int threads() const override { return threads_; }

 private:
  int64_t bytes_;
  int threads_;
};

std::string no_refusal(const KernelQuery&) { return {}; }

template <class K>
std::unique_ptr<Kernel> prepare(const KernelQuery& query) {
  return std::make_unique<K>(query);
}

}  // namespace

KernelDef ref_elementwise() { return {"ref", elementwise_refusal, prepare_elementwise}; }
KernelDef ref_cast() { return {"ref", no_refusal, prepare<CastKernel>}; }
KernelDef ref_copy() { return {"ref", no_refusal, prepare<CopyBytesKernel>}; }

}  // namespace danlu::cpu
