#include "danlu/autodiff/jit.h"

#include <algorithm>

#include "danlu/base/error.h"
#include "danlu/base/thread.h"

namespace danlu::internal {

namespace {

std::vector<const void*>& being_traced() {
  thread_local std::vector<const void*> list;
  return list;
}

}  // namespace

bool operator==(const JitKey& a, const JitKey& b) {
  return a.specs == b.specs && a.classes == b.classes && a.weak == b.weak &&
         a.options == b.options &&
         std::equal(a.statics.begin(), a.statics.end(), b.statics.begin(), b.statics.end(),
                    [](const auto& x, const auto& y) { return x->equals(*y); });
}

JitTracing::JitTracing(const void* jit) {
  auto& list = being_traced();
  if (std::find(list.begin(), list.end(), jit) != list.end()) {
    throw StateError({.where = "jit",
                      .what = "The function calls its own compiled form while it is traced",
                      .expected = "a call of the plain function, or arguments that come from those "
                                  "of the function",
                      .hint = "recursion over data needs while_loop or scan"});
  }
  list.push_back(jit);
}

JitTracing::~JitTracing() { being_traced().pop_back(); }

JitKey jit_key(std::span<const Array> arguments) {
  JitKey key{.options = current_options()};
  for (const Array& argument : arguments) {
    key.specs.push_back(argument.spec());
    key.classes.push_back(argument.scalar_class());
    key.weak.push_back(argument.is_weak());
  }
  return key;
}

bool is_being_transformed(std::span<const Array> arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [](const Array& a) {
    return a.defined() && (a.node()->traced || (a.node()->keep_inputs && GradientScope::active()));
  });
}

Array jit_placeholder(const Array& argument) {
  Array placeholder = make_placeholder(argument.spec());
  placeholder.node()->scalar_class = argument.scalar_class();
  placeholder.node()->weak = argument.is_weak();
  return placeholder;
}

JitProgram jit_compile(const CompileOptions& options, std::span<const Array> placeholders,
                       std::span<const Array> results) {
  Trace trace = trace_graph(placeholders, results);
  auto pool = cached_program(trace.graph, options);
  return {std::move(pool), std::move(trace.captures)};
}

std::vector<Array> jit_run(const JitProgram& program, std::span<const Array> arguments) {
  check_not_forked();
  std::vector<Array> inputs(arguments.begin(), arguments.end());
  inputs.insert(inputs.end(), program.captures.begin(), program.captures.end());
  const auto buffers = run_pooled(*program.pool, inputs);
  std::vector<Array> results;
  for (size_t i = 0; i < buffers.size(); ++i) {
    results.push_back(Array::from_buffer(buffers[i], program.pool->program().outputs[i]));
  }
  return results;
}

}  // namespace danlu::internal
