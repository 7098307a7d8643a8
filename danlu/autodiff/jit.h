#pragma once

#include <concepts>
#include <list>
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

/// A number that a jit function gets as it is, not as an Array: `jit(f)(x, Static(3))`.
template <class T>
struct Static {
  explicit Static(T v) : value(std::move(v)) {}
  operator T() const { return value; }
  T value;
};

namespace internal {

/// A value among the arguments that is no Array.
class StaticValue {
 public:
  virtual ~StaticValue() = default;
  virtual bool equals(const StaticValue& other) const = 0;
};

template <class T>
class StaticValueOf final : public StaticValue {
 public:
  explicit StaticValueOf(T value) : value_(std::move(value)) {}
  bool equals(const StaticValue& other) const override {
    const auto* same = dynamic_cast<const StaticValueOf*>(&other);
    return same != nullptr && same->value_ == value_;
  }

 private:
  T value_;
};

/// What a traced call depends on besides the function: its arguments' specs, scalar classes and
/// weakness, its static arguments, and the compiler's options.
struct JitKey {
  std::vector<TensorSpec> specs;
  std::vector<ScalarClass> classes;
  std::vector<bool> weak;
  std::vector<std::shared_ptr<const StaticValue>> statics;
  CompileOptions options;
  friend bool operator==(const JitKey& a, const JitKey& b);
};

struct JitProgram {
  std::shared_ptr<InstancePool> pool;
  std::vector<Array> captures;
};

JitKey jit_key(std::span<const Array> arguments);

/// The static values in `tree`.
template <class Tree>
std::vector<std::shared_ptr<const StaticValue>> static_values(const Tree& tree) {
  std::vector<std::shared_ptr<const StaticValue>> values;
  for_each_leaf(const_cast<Tree&>(tree), [&](const auto& leaf) {
    using Leaf = std::decay_t<decltype(leaf)>;
    if constexpr (!std::is_same_v<Leaf, Array>) {
      static_assert(std::equality_comparable<Leaf>,
                    "a static argument of a jit function is compared with ==");
      values.push_back(std::make_shared<const StaticValueOf<Leaf>>(leaf));
    }
  });
  return values;
}

/// Marks `jit` as being traced by this thread. Errors: StateError when it is already.
class JitTracing {
 public:
  explicit JitTracing(const void* jit);
  ~JitTracing();
  JitTracing(const JitTracing&) = delete;
  JitTracing& operator=(const JitTracing&) = delete;
};
/// Whether the call is itself part of a trace or of a gradient, where tracing again would be wrong.
bool is_being_transformed(std::span<const Array> arguments);
JitProgram jit_compile(const CompileOptions& options, std::span<const Array> placeholders,
                       std::span<const Array> results);
std::vector<Array> jit_run(const JitProgram& program, std::span<const Array> arguments);
/// A placeholder like `argument`: same spec and scalar class.
Array jit_placeholder(const Array& argument);

template <class T>
struct JitArgumentOf {
  using type = std::conditional_t<std::is_arithmetic_v<T>, Array, T>;
};
template <class T>
struct JitArgumentOf<Static<T>> {
  using type = T;
};
template <class T>
using JitArgument = typename JitArgumentOf<T>::type;

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
  static constexpr size_t kMaxTraces = 64;

  template <class Result>
  struct Traced {
    JitProgram program;
    Result prototype;
  };

  template <class Result, class Arguments>
  std::shared_ptr<const Traced<Result>> find_or_trace(const Arguments& arguments,
                                                      const std::vector<Array>& arrays) const {
    JitKey key = jit_key(arrays);
    key.statics = static_values(arguments);
    {
      const std::lock_guard lock(shared_->mutex);
      for (auto known = shared_->traces.begin(); known != shared_->traces.end(); ++known) {
        if (!(known->first == key)) continue;
        shared_->traces.splice(shared_->traces.begin(), shared_->traces, known);
        return std::static_pointer_cast<const Traced<Result>>(shared_->traces.front().second);
      }
    }
    // Without the lock: `f` may call other functions that are traced by other threads now.
    const JitTracing tracing(shared_.get());
    std::vector<Array> placeholders;
    for (const Array& array : arrays) placeholders.push_back(jit_placeholder(array));
    Result prototype = std::apply(f_, with_arrays(arguments, placeholders));
    JitProgram program = jit_compile(key.options, placeholders, arrays_of(prototype));
    auto traced = std::make_shared<const Traced<Result>>(
        Traced<Result>{std::move(program), std::move(prototype)});
    const std::lock_guard lock(shared_->mutex);
    shared_->traces.emplace_front(std::move(key), traced);
    if (shared_->traces.size() > kMaxTraces) shared_->traces.pop_back();
    return traced;
  }

  /// Copies of a Jit share what was traced.
  struct Shared {
    std::mutex mutex;
    std::list<std::pair<JitKey, std::shared_ptr<const void>>> traces;  ///< latest used first
  };

  F f_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace internal

/// `f` compiled: the first call with arguments of given shapes, dtypes and scalar classes traces
/// it, later ones only run the plan; the 64 variants used last are kept. Arguments and results are
/// trees of Arrays (tree.h); numbers given as arguments reach `f` as Arrays. Everything else among
/// the arguments (strings, enums, members of structs, `Static(number)`) is static: `f` gets it as
/// it is, and each new value is traced anew. Arrays that `f` captures become inputs by identity,
/// and so does the value that a Variable has while `f` is traced: later assignments are not seen
/// (BoundStep is for state).
/// Inside another trace or a gradient `f` is simply called. All calls of one `jit` object must
/// return the same type. Errors: StateError where `f` reads a value, and where tracing `f` calls
/// this very jit object on arguments that are no part of the trace.
template <class F>
auto jit(F f) {
  return internal::Jit<F>(std::move(f));
}

}  // namespace danlu
