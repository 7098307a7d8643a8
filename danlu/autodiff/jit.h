#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "danlu/compile/compile.h"
#include "danlu/compile/run.h"
#include "danlu/core/tree.h"

namespace danlu {
namespace internal {

/// What a traced call depends on besides the function: its arguments' specs, scalar classes and
/// weakness, and the compiler's options.
struct JitKey {
  std::vector<TensorSpec> specs;
  std::vector<ScalarClass> classes;
  std::vector<bool> weak;
  CompileOptions options;
  friend bool operator==(const JitKey&, const JitKey&) = default;
};

struct JitProgram {
  std::shared_ptr<InstancePool> pool;
  std::vector<Array> captures;
};

JitKey jit_key(std::span<const Array> arguments);
/// Whether the call is itself part of a trace or of a gradient, where tracing again would be wrong.
bool is_being_transformed(std::span<const Array> arguments);
JitProgram jit_compile(const CompileOptions& options, std::span<const Array> placeholders,
                       std::span<const Array> results);
std::vector<Array> jit_run(const JitProgram& program, std::span<const Array> arguments);
/// A placeholder like `argument`: same spec and scalar class.
Array jit_placeholder(const Array& argument);

template <class T>
using JitArgument = std::conditional_t<std::is_arithmetic_v<T>, Array, T>;

template <class F>
class Jit {
 public:
  explicit Jit(F f) : f_(std::move(f)) {}

  template <class... Args>
  auto operator()(const Args&... args) const {
    using Arguments = std::tuple<JitArgument<Args>...>;
    using Result = std::decay_t<decltype(std::apply(f_, std::declval<Arguments>()))>;
    const Arguments arguments(args...);
    const std::vector<Array> arrays = arrays_of(arguments);
    if (is_being_transformed(arrays)) return Result(std::apply(f_, arguments));
    eval(arrays);

    const std::shared_ptr<const Traced<Result>> traced = find_or_trace<Result>(arguments, arrays);
    return with_arrays(traced->prototype, jit_run(traced->program, arrays));
  }

 private:
  template <class Result>
  struct Traced {
    JitProgram program;
    Result prototype;
  };

  template <class Result, class Arguments>
  std::shared_ptr<const Traced<Result>> find_or_trace(const Arguments& arguments,
                                                      const std::vector<Array>& arrays) const {
    const JitKey key = jit_key(arrays);
    const std::lock_guard lock(shared_->mutex);
    for (const auto& [known, traced] : shared_->traces) {
      if (known == key) return std::static_pointer_cast<const Traced<Result>>(traced);
    }
    std::vector<Array> placeholders;
    for (const Array& array : arrays) placeholders.push_back(jit_placeholder(array));
    Result prototype = std::apply(f_, with_arrays(arguments, placeholders));
    JitProgram program = jit_compile(key.options, placeholders, arrays_of(prototype));
    auto traced = std::make_shared<const Traced<Result>>(
        Traced<Result>{std::move(program), std::move(prototype)});
    shared_->traces.emplace_back(key, traced);
    return traced;
  }

  /// Copies of a Jit share what was traced.
  struct Shared {
    std::mutex mutex;
    std::vector<std::pair<JitKey, std::shared_ptr<const void>>> traces;
  };

  F f_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace internal

/// `f` compiled: the first call with arguments of given shapes, dtypes and scalar classes traces
/// it, later ones only run the plan. Arguments and results are trees of Arrays (tree.h); numbers
/// among the arguments reach `f` as Arrays. Arrays that `f` captures become inputs by identity, and
/// so does the value that a Variable has while `f` is traced: later assignments are not seen
/// (BoundStep is for state).
/// Inside another trace or a gradient `f` is simply called. All calls of one `jit` object must
/// return the same type. Errors: StateError where `f` reads a value.
template <class F>
auto jit(F f) {
  return internal::Jit<F>(std::move(f));
}

}  // namespace danlu
