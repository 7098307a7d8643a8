#include <png.h>
#include <zlib.h>

#include <hwy/highway.h>
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>

#include "cli/commands.h"
#include "danlu/base/thread.h"
#include "danlu/compile/compile.h"
#include "danlu/data/datasets.h"
#include "danlu/io/json.h"
#include "danlu/runtime/kernel.h"

#ifndef DANLU_NO_ONEDNN
#include <dnnl.h>
#endif

namespace danlu::cli {
namespace {

/// What /proc/cpuinfo calls the processor; "unknown" where there is none.
std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string version(int major, int minor, int patch) {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

Json libraries() {
  Json all = Json::object();
#ifndef DANLU_NO_ONEDNN
  const dnnl_version_t* dnnl = dnnl_version();
  all.set("oneDNN", version(dnnl->major, dnnl->minor, dnnl->patch));
#endif
  all.set("Highway", version(HWY_MAJOR, HWY_MINOR, HWY_PATCH));
  all.set("zlib", zlibVersion());
  all.set("libpng", png_get_libpng_ver(nullptr));
  return all;
}

Json gather() {
  const CacheStatistics cache = cache_statistics();
  Json data = Json::object();
  for (const datasets::Info& info : datasets::list()) {
    if (info.how_to_get.empty()) continue;
    data.set(info.name, info.available ? Json(info.location) : Json());
  }
  return Json::object({
      {"version", DANLU_VERSION},
      {"cpu", cpu_name()},
      {"isa", name(cpu_isa())},
      {"cores", static_cast<int64_t>(std::thread::hardware_concurrency())},
      {"threads", num_threads()},
      {"threads_granted", effective_threads()},
      {"libraries", libraries()},
      {"program_cache", Json::object({{"programs", cache.programs},
                                      {"bytes", cache.bytes},
                                      {"bytes_limit", cache.bytes_limit}})},
      {"data", std::move(data)},
  });
}

std::string text(const Json& value) {
  return value.is_string() ? value.as_string() : value.is_null() ? "missing" : value.dump();
}

void print(const Json& info) {
  auto line = [](const std::string& key, const std::string& value) {
    std::cout << key << std::string(16 - key.size(), ' ') << value << '\n';
  };
  line("Danlu", text(info.at("version")));
  line("Processor", text(info.at("cpu")));
  line("Kernels for", text(info.at("isa")));
  line("Threads", text(info.at("threads_granted")) + " for plans, " + text(info.at("threads")) +
                      " asked for, " + text(info.at("cores")) + " cores");
  std::string libraries;
  for (const auto& [name, version] : info.at("libraries").members()) {
    libraries += (libraries.empty() ? "" : ", ") + name + " " + text(version);
  }
  line("Libraries", libraries);
  const Json& cache = info.at("program_cache");
  line("Program cache",
       "in memory, at most " + std::to_string(cache.at("bytes_limit").as_int() >> 20) + " MiB");
  for (const auto& [name, place] : info.at("data").members()) line(name, text(place));
}

}  // namespace

void add_info(CLI::App& app, Action& action) {
  auto json = std::make_shared<bool>(false);
  CLI::App* info = app.add_subcommand("info", "Version, processor, threads, libraries, data");
  info->add_flag("--json", *json, "One line of JSON");
  info->footer(R"(
Examples:
  danlu info
  DANLU_NUM_THREADS=1 danlu info
  DANLU_ISA=avx2 danlu info --json)");
  info->callback([json, &action] {
    action = [json] {
      const Json all = gather();
      if (*json) {
        std::cout << all.dump() << '\n';
      } else {
        print(all);
      }
      return 0;
    };
  });
}

}  // namespace danlu::cli
