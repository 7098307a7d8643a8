#include "danlu/interop/sharded_weights.h"

#include <filesystem>
#include <map>
#include <set>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/io/json.h"

namespace danlu {
namespace {

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "" : folder + "/";
}

/// "x_00003.weights.h5"
std::string shard_name(const std::string& path, size_t number) {
  const std::string file = std::filesystem::path(path).filename().string();
  const std::string base = file.substr(0, file.find(".weights.json"));
  const std::string digits = std::to_string(number);
  return base + "_" + std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits +
         ".weights.h5";
}

/// "layers/dense/vars" of "layers/dense/vars/0"
std::string group_of(const std::string& tensor) { return tensor.substr(0, tensor.rfind('/')); }

void require_plain_name(const std::string& path, const std::string& name) {
  if (name.find_first_of("/\\") == name.npos && name.ends_with(".h5")) return;
  throw IoError({.where = path,
                 .what = "The index of the weights names a file that is none of its own",
                 .expected = "the name of an .h5 file in the same folder",
                 .received = "'" + name + "'"});
}

}  // namespace

TensorMap load_sharded(const std::string& path) {
  const Json index = Json::parse(read_file(path), {.where = path});
  std::set<std::string> files;
  for (const auto& [group, names] : index.at("weight_map").members()) {
    for (const Json& name : names.is_array() ? names.items() : Json::Array{names}) {
      require_plain_name(path, name.as_string());
      files.insert(name.as_string());
    }
  }
  TensorMap all;
  for (const std::string& file : files) {
    with_error_context(path, [&] {
      for (const auto& [name, tensor] : load_hdf5(folder_of(path) + file)) {
        if (all.contains(name)) {
          throw IoError({.where = file, .what = "The value for '" + name + "' is in two files"});
        }
        all.add(name, tensor);
      }
    });
  }
  return all;
}

void save_sharded(const std::string& path, const SavedState& state, double max_bytes) {
  std::vector<TensorMap> shards(1);
  std::map<std::string, Json> places;
  std::map<std::string, size_t> first_shards;
  size_t total = 0;
  for (const auto& [name, tensor] : state.tensors) {
    const size_t bytes = tensor.spec().bytes();
    if (static_cast<double>(bytes) > max_bytes) {
      throw ValueError(
          {.where = path,
           .what = "The weight '" + name + "' is larger than a file may be",
           .expected = "at most max_shard_size=" + std::to_string(max_bytes) + " bytes",
           .received = std::to_string(bytes) + " bytes"});
    }
    if (static_cast<double>(shards.back().bytes() + bytes) > max_bytes) shards.emplace_back();
    shards.back().add(name, tensor);
    total += bytes;
    const std::string group = group_of(name);
    const Json file = shard_name(path, shards.size() - 1);
    Json& files = places[group];
    if (files.size() == 0 || !(files[files.size() - 1] == file)) files.push_back(file);
    first_shards.emplace(group, shards.size() - 1);
  }
  for (size_t i = 0; i < shards.size(); ++i) {
    std::vector<Hdf5Attribute> attributes;
    for (const Hdf5Attribute& attribute : state.attributes) {
      const auto first = first_shards.find(attribute.path);
      if ((first == first_shards.end() ? 0 : first->second) == i) attributes.push_back(attribute);
    }
    save_hdf5(folder_of(path) + shard_name(path, i), shards[i], attributes);
  }
  Json map = Json::object();
  for (const auto& [group, files] : places) map.set("/" + group, files);
  write_file(path, Json::object({{"metadata", Json::object({{"total_size", total}})},
                                 {"weight_map", std::move(map)}})
                       .dump(4));
}

}  // namespace danlu
