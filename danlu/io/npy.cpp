#include "danlu/io/npy.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <numeric>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/io/zip.h"

namespace danlu {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are written little-endian");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kAlignment = 64;
constexpr std::pair<std::string_view, DType> kKinds[] = {
    {"f4", DType::float32},  {"f8", DType::float64}, {"f2", DType::float16}, {"i4", DType::int32},
    {"i8", DType::int64},    {"i2", DType::int16},   {"i1", DType::int8},    {"u1", DType::uint8},
    {"u2", DType::uint16},   {"u4", DType::uint32},  {"u8", DType::uint64},  {"b1", DType::bool_},
    {"c8", DType::complex64}};

/// The header: a Python dictionary of a text, a bool and a tuple of integers.
class Header {
 public:
  Header(std::string_view text, const std::string& where) : text_(text), where_(where) {
    want('{');
    while (!take('}')) {
      const std::string key = quoted();
      want(':');
      if (key == "descr") {
        if (next() == '[') refuse("an array of records", "one number per element");
        descr = quoted();
      } else if (key == "fortran_order") {
        fortran_order = word() == "True";
      } else if (key == "shape") {
        want('(');
        while (!take(')')) {
          shape.push_back(integer());
          take(',');
        }
      } else {
        damaged();
      }
      take(',');
    }
    if (descr.empty()) damaged();
  }

  [[noreturn]] void refuse(const std::string& what, const std::string& expected) const {
    throw IoError({.where = where_, .what = "This file holds " + what, .expected = expected});
  }
  [[noreturn]] void damaged() const {
    throw IoError({.where = where_,
                   .what = "The header of the NumPy file is damaged",
                   .expected = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }",
                   .received = std::string(text_.substr(0, 100))});
  }

  std::string descr;
  bool fortran_order = false;
  std::vector<int64_t> shape;

 private:
  char next() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    if (at_ == text_.size()) damaged();
    return text_[at_];
  }
  bool take(char c) {
    if (next() != c) return false;
    ++at_;
    return true;
  }
  void want(char c) {
    if (!take(c)) damaged();
  }
  std::string quoted() {
    const char quote = next();
    if (quote != '\'' && quote != '"') damaged();
    const size_t end = text_.find(quote, at_ + 1);
    if (end == text_.npos) damaged();
    const std::string found(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return found;
  }
  std::string word() {
    next();
    const size_t begin = at_;
    while (at_ < text_.size() && std::isalpha(static_cast<unsigned char>(text_[at_]))) ++at_;
    const std::string found(text_.substr(begin, at_ - begin));
    if (found != "True" && found != "False") damaged();
    return found;
  }
  int64_t integer() {
    next();
    int64_t value = 0;
    const char* begin = text_.data() + at_;
    const auto [end, fault] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (fault != std::errc() || value < 0) damaged();
    at_ += static_cast<size_t>(end - begin);
    return value;
  }

  std::string_view text_;
  const std::string& where_;
  size_t at_ = 0;
};

DType dtype_of_header(const Header& header) {
  const std::string_view descr = header.descr;
  if (descr.find('O') != descr.npos) {
    header.refuse("pickled Python objects, which are not read: that would run code",
                  "an array of numbers");
  }
  for (const auto& [kind, dtype] : kKinds) {
    if (descr.size() == 3 && descr.substr(1) == kind && descr.find_first_of("<>|=") == 0) {
      return dtype;
    }
  }
  header.refuse("elements of a type that Danlu does not have: '" + header.descr + "'",
                "bool, integers, float16, float32, float64 or complex64");
}

void swap_bytes(HostTensor& tensor) {
  const size_t width = tensor.dtype() == DType::complex64 ? 4 : size_of(tensor.dtype());
  auto* bytes = static_cast<uint8_t*>(tensor.data());
  for (size_t at = 0; at < tensor.bytes(); at += width)
    std::reverse(bytes + at, bytes + at + width);
}

/// The row-major tensor of a column-major one.
HostTensor from_fortran(const HostTensor& columns, const Shape& shape) {
  HostTensor rows = HostTensor::empty(shape, columns.dtype());
  const size_t width = size_of(columns.dtype());
  const auto* from = static_cast<const uint8_t*>(columns.data());
  auto* to = static_cast<uint8_t*>(rows.data());
  std::vector<int64_t> index(static_cast<size_t>(shape.rank()), 0);
  std::vector<int64_t> stride(index.size(), 1);
  for (size_t axis = 1; axis < stride.size(); ++axis) {
    stride[axis] = stride[axis - 1] * shape[static_cast<int>(axis) - 1];
  }
  for (int64_t i = 0; i < shape.num_elements(); ++i) {
    const int64_t source =
        std::inner_product(index.begin(), index.end(), stride.begin(), int64_t{0});
    std::memcpy(to + static_cast<size_t>(i) * width, from + static_cast<size_t>(source) * width,
                width);
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      if (++index[static_cast<size_t>(axis)] < shape[axis]) break;
      index[static_cast<size_t>(axis)] = 0;
    }
  }
  return rows;
}

}  // namespace

HostTensor parse_npy(std::string_view bytes, const std::string& where) {
  if (bytes.size() < kMagic.size() + 4 || !bytes.starts_with(kMagic)) {
    throw IoError({.where = where,
                   .what = "This is no NumPy file",
                   .expected = "a file that numpy.save wrote",
                   .received = std::to_string(bytes.size()) + " bytes that begin otherwise"});
  }
  const int version = bytes[kMagic.size()];
  size_t start = kMagic.size() + 2;
  size_t length = 0;
  if (version == 1) {
    uint16_t value;
    std::memcpy(&value, bytes.data() + start, sizeof value);
    length = value;
    start += sizeof value;
  } else if ((version == 2 || version == 3) && bytes.size() >= start + sizeof(uint32_t)) {
    uint32_t value;
    std::memcpy(&value, bytes.data() + start, sizeof value);
    length = value;
    start += sizeof value;
  } else {
    throw IoError({.where = where,
                   .what = "This version of NumPy's format is not read",
                   .expected = "1, 2 or 3",
                   .received = std::to_string(version)});
  }
  if (length > bytes.size() - start) {
    throw IoError({.where = where, .what = "The NumPy file ends inside its header"});
  }
  const Header header(bytes.substr(start, length), where);
  const DType dtype = dtype_of_header(header);
  const std::string_view data = bytes.substr(start + length);
  const Shape shape = with_error_context(where, [&] {
    try {
      return Shape(header.shape);
    } catch (const ShapeError& error) {
      throw IoError(error.parts());
    }
  });
  const TensorSpec spec{shape, dtype};
  if (spec.bytes() != data.size()) {
    throw IoError({.where = where,
                   .what = "The data of the NumPy file does not fit its shape",
                   .expected = std::to_string(spec.bytes()) + " bytes for " + spec.to_string(),
                   .received = std::to_string(data.size())});
  }
  HostTensor tensor = HostTensor::empty(shape, dtype);
  if (!data.empty()) std::memcpy(tensor.data(), data.data(), data.size());
  if (header.descr[0] == '>') swap_bytes(tensor);
  if (dtype == DType::bool_ &&
      std::any_of(data.begin(), data.end(), [](char c) { return c != 0 && c != 1; })) {
    throw IoError({.where = where, .what = "The NumPy file holds a byte that is no bool"});
  }
  return header.fortran_order && shape.rank() > 1 ? from_fortran(tensor, shape) : tensor;
}

std::string to_npy(const HostTensor& tensor) {
  const auto kind = std::find_if(std::begin(kKinds), std::end(kKinds),
                                 [&](const auto& k) { return k.second == tensor.dtype(); });
  if (kind == std::end(kKinds)) {
    throw DTypeError({.where = "npy",
                      .what = "NumPy has no dtype for these elements",
                      .received = std::string(name(tensor.dtype())),
                      .hint = "cast to float32 first"});
  }
  const std::string order = size_of(tensor.dtype()) == 1 ? "|" : "<";
  std::string shape;
  for (const int64_t dim : tensor.shape()) shape += std::to_string(dim) + ", ";
  if (tensor.shape().rank() > 1) shape.resize(shape.size() - 2);
  if (tensor.shape().rank() == 1) shape.resize(shape.size() - 1);
  std::string header = "{'descr': '" + order + std::string(kind->first) +
                       "', 'fortran_order': False, 'shape': (" + shape + "), }";
  const size_t before = kMagic.size() + 4;
  const size_t total = (before + header.size() + 1 + kAlignment - 1) / kAlignment * kAlignment;
  header.resize(total - before - 1, ' ');
  header += '\n';
  const auto length = static_cast<uint16_t>(header.size());
  std::string out(kMagic);
  out += '\1';
  out += '\0';
  out.append(reinterpret_cast<const char*>(&length), sizeof length);
  out += header;
  if (tensor.bytes() > 0) out.append(static_cast<const char*>(tensor.data()), tensor.bytes());
  return out;
}

HostTensor load_npy(const std::string& path) { return parse_npy(read_file(path), path); }
void save_npy(const std::string& path, const HostTensor& tensor) {
  write_file(path, to_npy(tensor));
}

TensorMap parse_npz(std::string_view bytes, const std::string& where) {
  const ZipReader zip(bytes, where);
  TensorMap tensors;
  for (const ZipReader::Entry& entry : zip.entries()) {
    std::string name = entry.name;
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    if (tensors.contains(name)) {
      throw IoError({.where = where, .what = "Two arrays are called '" + name + "'"});
    }
    tensors.add(name, parse_npy(zip.read(entry.name), where + "/" + entry.name));
  }
  return tensors;
}

std::string to_npz(const TensorMap& tensors) {
  std::vector<std::string> files;
  for (const auto& [name, tensor] : tensors) files.push_back(to_npy(tensor));
  std::vector<std::pair<std::string, std::string_view>> entries;
  for (const auto& [name, tensor] : tensors) {
    entries.emplace_back(name + ".npy", files[entries.size()]);
  }
  return to_zip(entries);
}

TensorMap load_npz(const std::string& path) { return parse_npz(read_file(path), path); }
void save_npz(const std::string& path, const TensorMap& tensors) {
  write_file(path, to_npz(tensors));
}

}  // namespace danlu
