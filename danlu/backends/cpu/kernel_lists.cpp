#include <mutex>
#include <unordered_map>

#include "danlu/backends/cpu/kernel_list.h"
#include "danlu/base/error.h"

namespace danlu {
namespace {

using Table = std::unordered_map<const OpDef*, std::vector<KernelDef>>;

Table build_table() {
  Table table;
  for (const auto family :
       {cpu::elementwise_kernel_lists, cpu::reduction_kernel_lists, cpu::manipulation_kernel_lists,
        cpu::linalg_kernel_lists, cpu::fft_kernel_lists, cpu::image_kernel_lists,
        cpu::conv_kernel_lists, cpu::nn_kernel_lists, cpu::random_kernel_lists,
        cpu::control_kernel_lists, cpu::fused_kernel_lists}) {
    for (cpu::KernelList& list : family()) table.emplace(&list.op(), std::move(list.kernels));
  }
  return table;
}

Table& table() {
  static Table kernels = build_table();
  return kernels;
}

std::mutex& table_mutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

std::span<const KernelDef> cpu_kernels(const OpDef& op) {
  const std::lock_guard lock(table_mutex());
  const auto it = table().find(&op);
  if (it == table().end()) {
    throw UnsupportedError({.where = std::string(op.name),
                            .what = "The op has no CPU kernel",
                            .hint = "register one with register_kernels"});
  }
  return it->second;
}

bool has_cpu_kernels(const OpDef& op) {
  const std::lock_guard lock(table_mutex());
  return table().contains(&op);
}

void register_kernels(const OpDef& op, std::span<const KernelDef> list) {
  const std::lock_guard lock(table_mutex());
  if (!table().emplace(&op, std::vector<KernelDef>(list.begin(), list.end())).second) {
    throw ValueError({.where = std::string(op.name), .what = "The op has kernels already"});
  }
}

}  // namespace danlu
