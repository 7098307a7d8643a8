#include "danlu/backends/cpu/onednn/onednn.h"

#include <array>
#include <string>

#include "danlu/base/error.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::onednn {
namespace {

void check(dnnl_status_t status, const char* what) {
  if (status == dnnl_success) return;
  throw Error({.where = "oneDNN",
               .what = std::string(what) + " failed",
               .received = "status " + std::to_string(static_cast<int>(status))});
}

dnnl::engine make_engine() {
  // DANLU_ISA limits oneDNN too. This must come before its first primitive.
  switch (cpu_isa()) {
    case Isa::baseline:
      dnnl::set_max_cpu_isa(dnnl::cpu_isa::sse41);
      break;
    case Isa::avx2:
      dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx2);
      break;
    case Isa::avx512:
      break;
  }
  return dnnl::engine(dnnl::engine::kind::cpu, 0);
}

}  // namespace

const dnnl::engine& engine() {
  static const dnnl::engine instance = make_engine();
  return instance;
}

/// Memory objects for one run: making them costs more than a small primitive.
struct Primitive::Frame {
  dnnl::stream stream{engine()};
  std::vector<dnnl::memory> memories;
  std::vector<dnnl_exec_arg_t> arguments;
};

Primitive::Primitive(dnnl::primitive primitive, std::vector<Argument> arguments)
    : primitive_(std::move(primitive)), arguments_(std::move(arguments)) {
  for (int i = 0; i < num_threads(); ++i) idle_.push_back(make_frame());
}

Primitive::~Primitive() = default;

std::unique_ptr<Primitive::Frame> Primitive::take() const {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto frame = std::move(idle_.back());
      idle_.pop_back();
      return frame;
    }
  }
  return make_frame();
}

std::unique_ptr<Primitive::Frame> Primitive::make_frame() const {
  auto frame = std::make_unique<Frame>();
  for (const Argument& argument : arguments_) {
    frame->memories.push_back(dnnl::memory(argument.desc, engine(), DNNL_MEMORY_NONE));
    frame->arguments.push_back({argument.id, frame->memories.back().get()});
  }
  return frame;
}

void Primitive::give_back(std::unique_ptr<Frame> frame) const {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(frame));
}

void Primitive::run(std::span<void* const> data) const {
  const ThreadScope one_thread(1);
  auto frame = take();
  for (size_t i = 0; i < data.size(); ++i) {
    check(dnnl_memory_set_data_handle(frame->memories[i].get(), data[i]), "Setting a memory");
  }
  check(dnnl_primitive_execute(primitive_.get(), frame->stream.get(),
                               static_cast<int>(frame->arguments.size()), frame->arguments.data()),
        "A primitive");
  give_back(std::move(frame));
}

dnnl::primitive_attr user_scratchpad() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

Reorder::Reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to) {
  if (from == to) return;
  const ThreadScope one_thread(1);
  const dnnl::reorder::primitive_desc desc(engine(), from, engine(), to, user_scratchpad());
  scratchpad_bytes_ = desc.scratchpad_desc().get_size();
  primitive_ = std::make_unique<Primitive>(
      dnnl::reorder(desc),
      std::vector<Primitive::Argument>{
          {DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}, {DNNL_ARG_SCRATCHPAD, desc.scratchpad_desc()}});
}

void Reorder::run(const void* from, void* to, void* scratchpad) const {
  primitive_->run(std::array<void*, 3>{const_cast<void*>(from), to, scratchpad});
}

}  // namespace danlu::cpu::onednn
