#include "danlu/io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <numeric>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/base/sha256.h"
#include "danlu/io/json.h"

namespace danlu {
namespace {

static_assert(std::endian::native == std::endian::little, "the data section is little-endian");

constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr std::string_view kMetadataKey = "__metadata__";
constexpr std::pair<std::string_view, DType> kDTypes[] = {
    {"F32", DType::float32}, {"F64", DType::float64},   {"BF16", DType::bfloat16},
    {"F16", DType::float16}, {"C64", DType::complex64}, {"I8", DType::int8},
    {"I16", DType::int16},   {"I32", DType::int32},     {"I64", DType::int64},
    {"U8", DType::uint8},    {"U16", DType::uint16},    {"U32", DType::uint32},
    {"U64", DType::uint64},  {"BOOL", DType::bool_}};

using Sink = std::function<void(const void*, size_t)>;

void write_to(const TensorMap& tensors, const Sink& sink) {
  const auto& entries = tensors.entries();
  std::vector<size_t> order(entries.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return size_of(entries[a].tensor.dtype()) > size_of(entries[b].tensor.dtype());
  });
  std::vector<int64_t> offsets(entries.size());
  int64_t end = 0;
  for (size_t i : order) {
    offsets[i] = end;
    end += static_cast<int64_t>(entries[i].tensor.bytes());
  }

  Json::Object header;
  if (!tensors.metadata.empty()) {
    Json metadata = Json::object();
    for (const auto& [key, value] : tensors.metadata) metadata.set(key, value);
    header.emplace_back(kMetadataKey, std::move(metadata));
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    const HostTensor& tensor = entries[i].tensor;
    if (entries[i].name == kMetadataKey) {
      throw IoError({.where = "safetensors",
                     .what = "A tensor must not be called '__metadata__'",
                     .hint = "the format keeps that name for itself"});
    }
    const auto dtype = std::find_if(std::begin(kDTypes), std::end(kDTypes),
                                    [&](const auto& d) { return d.second == tensor.dtype(); });
    const auto bytes = static_cast<int64_t>(tensor.bytes());
    header.emplace_back(
        entries[i].name,
        Json::object({{"dtype", dtype->first},
                      {"shape", tensor.shape().to_vector()},
                      {"data_offsets", std::vector<int64_t>{offsets[i], offsets[i] + bytes}}}));
  }
  std::string text = Json::from_members(std::move(header)).dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t length = text.size();
  sink(&length, sizeof length);
  sink(text.data(), text.size());
  for (size_t i : order) sink(entries[i].tensor.data(), entries[i].tensor.bytes());
}

/// Where bytes come from: a file or memory.
struct Source {
  std::string where = "";
  uint64_t size = 0;
  std::function<void(uint64_t offset, void* data, size_t bytes)> read;
};

struct Record {
  std::string name;
  DType dtype;
  Shape shape;
  uint64_t begin;
  uint64_t end;
};

[[noreturn]] void fail(const Source& source, const std::string& what, const std::string& expected,
                       const std::string& received, const std::string& hint = "") {
  throw IoError({.where = source.where,
                 .what = what,
                 .expected = expected,
                 .received = received,
                 .hint = hint});
}

DType dtype_from(const Source& source, const std::string& tensor, const std::string& text) {
  for (const auto& [name, dtype] : kDTypes) {
    if (name == text) return dtype;
  }
  fail(source, "The tensor '" + tensor + "' has a dtype that Danlu does not read",
       "F32, F64, BF16, F16, C64, an I or U of 8 to 64 bits, or BOOL", "'" + text + "'",
       "convert the tensor with the program that wrote the file");
}

Shape shape_from(const Source& source, const std::string& tensor, const Json& json) {
  std::vector<int64_t> dims;
  for (const Json& dim : json.items()) {
    dims.push_back(dim.as_int());
    if (dims.back() < 0) {
      fail(source, "The tensor '" + tensor + "' has a negative dimension",
           "dimensions of 0 or more", json.dump());
    }
  }
  try {
    return Shape(dims);
  } catch (const ShapeError& e) {
    fail(source, "The shape of the tensor '" + tensor + "' is impossible", e.parts().expected,
         json.dump());
  }
}

Record record_from(const Source& source, const std::string& name, const Json& json,
                   uint64_t data_bytes) {
  Record record{.name = name};
  record.dtype = dtype_from(source, name, json.at("dtype").as_string());
  record.shape = shape_from(source, name, json.at("shape"));
  const Json& offsets = json.at("data_offsets");
  if (offsets.items().size() != 2 || json.size() != 3) {
    fail(source, "The entry of the tensor '" + name + "' is malformed",
         "dtype, shape and two data_offsets", json.dump());
  }
  const int64_t begin = offsets[0].as_int(), end = offsets[1].as_int();
  if (begin < 0 || end < begin || static_cast<uint64_t>(end) > data_bytes) {
    fail(source, "The data of the tensor '" + name + "' lies outside the file",
         "offsets within the " + std::to_string(data_bytes) + " bytes of data", offsets.dump(),
         "the file is truncated or damaged");
  }
  record.begin = static_cast<uint64_t>(begin);
  record.end = static_cast<uint64_t>(end);
  const TensorSpec spec{record.shape, record.dtype};
  if (spec.bytes() != record.end - record.begin) {
    fail(source, "The data of the tensor '" + name + "' does not fit its shape",
         std::to_string(spec.bytes()) + " bytes for " + spec.to_string(),
         std::to_string(record.end - record.begin));
  }
  return record;
}

void check_cover(const Source& source, const std::vector<Record>& records, uint64_t data_bytes) {
  std::vector<const Record*> sorted;
  for (const Record& record : records) sorted.push_back(&record);
  std::sort(sorted.begin(), sorted.end(), [](const Record* a, const Record* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  uint64_t covered = 0;
  for (const Record* record : sorted) {
    if (record->begin != covered) {
      fail(source,
           "The data of the tensor '" + record->name + "' " +
               (record->begin < covered ? "overlaps another tensor" : "leaves a hole before it"),
           "a start at byte " + std::to_string(covered) + " of the data",
           std::to_string(record->begin));
    }
    covered = record->end;
  }
  if (covered != data_bytes) {
    fail(source, "The file has bytes that belong to no tensor",
         std::to_string(covered) + " bytes of data", std::to_string(data_bytes));
  }
}

Json header_of(const Source& source, uint64_t length) {
  std::string text(length, '\0');
  source.read(8, text.data(), text.size());
  if (text.empty() || text[0] != '{') {
    fail(source, "This is no safetensors file", "a header that begins with '{'",
         text.empty() ? "an empty header" : "other bytes");
  }
  return Json::parse(text, {.where = source.where, .max_depth = 8});
}

TensorMap read_from(const Source& source) {
  uint64_t length = 0;
  if (source.size < sizeof length) {
    fail(source, "This is no safetensors file", "at least 8 bytes",
         std::to_string(source.size) + " bytes");
  }
  source.read(0, &length, sizeof length);
  if (length > kMaxHeaderBytes || length > source.size - sizeof length) {
    fail(source, "The header does not fit into the file",
         "at most " +
             std::to_string(std::min(kMaxHeaderBytes, source.size - uint64_t{sizeof length})) +
             " bytes of header",
         std::to_string(length), "the file is truncated, or no safetensors file");
  }
  const uint64_t data_start = sizeof length + length;
  const uint64_t data_bytes = source.size - data_start;
  TensorMap tensors;
  std::vector<Record> records;
  const Json header = header_of(source, length);
  for (const auto& [name, value] : header.members()) {
    with_error_context(source.where, [&, &name = name, &value = value] {
      if (name == kMetadataKey) {
        for (const auto& [key, text] : value.members()) {
          tensors.metadata.emplace_back(key, text.as_string());
        }
      } else {
        records.push_back(record_from({.size = source.size}, name, value, data_bytes));
      }
    });
  }
  check_cover(source, records, data_bytes);
  for (Record& record : records) {
    HostTensor tensor = HostTensor::empty(record.shape, record.dtype);
    if (tensor.bytes() > 0) source.read(data_start + record.begin, tensor.data(), tensor.bytes());
    if (record.dtype == DType::bool_) {
      const auto* bytes = static_cast<const uint8_t*>(tensor.data());
      const auto bad = std::find_if(bytes, bytes + tensor.bytes(), [](uint8_t b) { return b > 1; });
      if (bad != bytes + tensor.bytes()) {
        fail(source, "The tensor '" + record.name + "' holds a byte that is no bool", "0 or 1",
             std::to_string(*bad));
      }
    }
    tensors.add(std::move(record.name), std::move(tensor));
  }
  return tensors;
}

}  // namespace

void save_safetensors(const std::string& path, const TensorMap& tensors) {
  AtomicFile file(path);
  write_to(tensors, [&](const void* data, size_t bytes) { file.write(data, bytes); });
  file.commit();
}

std::string to_safetensors(const TensorMap& tensors) {
  std::string out;
  write_to(tensors, [&](const void* data, size_t bytes) {
    out.append(static_cast<const char*>(data), bytes);
  });
  return out;
}

std::string safetensors_sha256(const TensorMap& tensors) {
  Sha256 hash;
  write_to(tensors, [&](const void* data, size_t bytes) { hash.update(data, bytes); });
  return hash.hex();
}

TensorMap load_safetensors(const std::string& path) {
  const InputFile file(path);
  return read_from({path, file.size(), [&](uint64_t offset, void* data, size_t bytes) {
                      file.read_at(offset, data, bytes);
                    }});
}

TensorMap parse_safetensors(std::string_view bytes, const std::string& where) {
  return read_from({where, bytes.size(), [&](uint64_t offset, void* data, size_t count) {
                      std::memcpy(data, bytes.data() + offset, count);
                    }});
}

}  // namespace danlu
