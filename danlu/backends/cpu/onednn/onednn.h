#pragma once

#include <dnnl.hpp>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "danlu/runtime/kernel.h"

/// Everything oneDNN that more than one kernel needs; written against oneDNN 2.6.
///
/// Primitives are made for one thread and run inside our own parallel chunks. oneDNN bakes the
/// number of threads into a primitive and silently computes part of the result when it gets fewer;
/// a primitive for one thread cannot get fewer.
namespace danlu::cpu::onednn {

const dnnl::engine& engine();

/// Scratch is cut into pieces at multiples of this.
inline constexpr size_t kAlignment = 64;
inline size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

/// A primitive for one thread with its arguments. `run` may be called by several threads at once.
class Primitive {
 public:
  struct Argument {
    int id;
    dnnl::memory::desc desc;
  };
  Primitive(dnnl::primitive primitive, std::vector<Argument> arguments);
  ~Primitive();
  /// `data[i]` is the memory of argument i. Allocates nothing while at most `num_threads()` threads
  /// run it together.
  void run(std::span<void* const> data) const;

 private:
  struct Frame;
  std::unique_ptr<Frame> make_frame() const;
  std::unique_ptr<Frame> take() const;
  void give_back(std::unique_ptr<Frame> frame) const;

  dnnl::primitive primitive_;
  std::vector<Argument> arguments_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Frame>> idle_;
};

/// Attributes with the scratchpad in the caller's hands.
dnnl::primitive_attr user_scratchpad();

/// A copy between two layouts of the same array, or nothing where they agree.
class Reorder {
 public:
  Reorder() = default;
  Reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to);
  bool needed() const { return primitive_ != nullptr; }
  size_t scratchpad_bytes() const { return scratchpad_bytes_; }
  void run(const void* from, void* to, void* scratchpad) const;

 private:
  std::unique_ptr<Primitive> primitive_;
  size_t scratchpad_bytes_ = 0;
};

}  // namespace danlu::cpu::onednn
