#include "danlu/io/idx.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/core/arrival.h"

namespace danlu {
namespace {

uint32_t big_endian(const uint8_t* p) {
  return uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 | uint32_t{p[3]};
}

/// Reverses the bytes of each of `count` words in place.
void swap_bytes(uint8_t* p, size_t count, int word_bytes) {
  for (size_t i = 0; i < count; ++i, p += word_bytes) std::reverse(p, p + word_bytes);
}

/// Turns `count` stored integers at the start of `p` into int32 in the same place, last one first.
void widen_in_place(uint8_t* p, size_t count, int word_bytes) {
  for (size_t i = count; i-- > 0;) {
    int32_t value;
    if (word_bytes == 1) {
      value = static_cast<int8_t>(p[i]);
    } else {
      value = static_cast<int16_t>(uint16_t{p[2 * i]} << 8 | p[2 * i + 1]);
    }
    std::memcpy(p + 4 * i, &value, sizeof value);
  }
}

}  // namespace

IdxReader::IdxReader(const std::string& path) : input_(path) { read_header(); }

void IdxReader::read_exactly(void* data, size_t bytes) {
  const size_t got = input_.read(data, bytes);
  if (got == bytes) return;
  throw IoError({.where = input_.path(),
                 .what = "The IDX file ends too early",
                 .expected = std::to_string(bytes) + " more bytes",
                 .received = std::to_string(got),
                 .hint = "the file is truncated; get it again"});
}

void IdxReader::read_header() {
  uint8_t magic[4];
  const size_t got = input_.read(magic, sizeof magic);
  bool known = got == sizeof magic && magic[0] == 0 && magic[1] == 0 && magic[3] >= 1 &&
               magic[3] <= Shape::kMaxRank;
  switch (known ? magic[2] : 0) {
    case 0x08:
      dtype_ = DType::uint8, stored_bytes_ = 1;
      break;
    case 0x09:
      dtype_ = DType::int32, stored_bytes_ = 1;
      break;
    case 0x0b:
      dtype_ = DType::int32, stored_bytes_ = 2;
      break;
    case 0x0c:
      dtype_ = DType::int32, stored_bytes_ = 4;
      break;
    case 0x0d:
      dtype_ = DType::float32, stored_bytes_ = 4;
      break;
    case 0x0e:
      dtype_ = DType::float64, stored_bytes_ = 8;
      break;
    default:
      known = false;
  }
  if (!known) {
    std::string bytes;
    for (size_t i = 0; i < got; ++i) bytes += (i ? " " : "") + std::to_string(magic[i]);
    throw IoError({.where = input_.path(),
                   .what = "This is no IDX file",
                   .expected = "0 0, a type (8, 9, 11, 12, 13 or 14), 1 to 8 dimensions",
                   .received = got == 0 ? "an empty file" : "the bytes " + bytes});
  }
  std::vector<int64_t> dims(magic[3]);
  uint64_t bytes = static_cast<uint64_t>(stored_bytes_);
  bool fits = true;
  for (int64_t& dim : dims) {
    uint8_t word[4];
    read_exactly(word, sizeof word);
    dim = big_endian(word);
    fits = fits && !__builtin_mul_overflow(bytes, static_cast<uint64_t>(dim), &bytes);
  }
  const uint64_t header = 4 + 4 * dims.size();
  const uint64_t available = input_.max_bytes() < header ? 0 : input_.max_bytes() - header;
  if (!fits || bytes > available) {
    std::string text;
    for (int64_t dim : dims) text += (text.empty() ? "(" : ", ") + std::to_string(dim);
    throw IoError({.where = input_.path(),
                   .what = "The IDX file claims more data than it can hold",
                   .expected = "at most " + std::to_string(available) + " bytes of data",
                   .received = "the dimensions " + text + ")",
                   .hint = "the file is truncated or damaged; get it again"});
  }
  shape_ = Shape(dims);
  if (shape_[0] == 0) check_end();
}

HostTensor IdxReader::read(int64_t items) {
  items = std::clamp<int64_t>(items, 0, items_left());
  HostTensor part = HostTensor::empty(shape_.with_dim(0, items), dtype_);
  read_into(part.data(), items);
  return part;
}

HostTensor IdxReader::read_all_behind(std::shared_ptr<IdxReader> reader) {
  constexpr size_t kStep = 256 * 1024;
  const Shape shape = reader->shape_.with_dim(0, reader->items_left());
  const DType dtype = reader->dtype_;
  const size_t item = std::max<size_t>(
      static_cast<size_t>(shape.with_dim(0, 1).num_elements()) * size_of(dtype), 1);
  const size_t bytes = static_cast<size_t>(shape.num_elements()) * size_of(dtype);
  if (bytes == 0) return reader->read_all();
  std::shared_ptr<Buffer> buffer = Buffer::allocate(bytes);
  auto arrival =
      std::make_shared<const Arrival>(buffer, std::max<size_t>(kStep / item, 1) * item,
                                      [reader = std::move(reader), item](void* to, size_t part) {
                                        reader->read_into(to, static_cast<int64_t>(part / item));
                                      });
  return HostTensor(dtype, shape, std::move(buffer), std::move(arrival));
}

void IdxReader::read_into(void* data, int64_t items) {
  const auto count = static_cast<size_t>(shape_.with_dim(0, items).num_elements());
  auto* p = static_cast<uint8_t*>(data);
  read_exactly(p, count * stored_bytes_);
  if (dtype_ == DType::int32 && stored_bytes_ < 4) {
    widen_in_place(p, count, stored_bytes_);
  } else if (stored_bytes_ > 1) {
    swap_bytes(p, count, stored_bytes_);
  }
  const bool ended = items > 0 && items == items_left();
  next_ += items;
  if (ended) check_end();
}

void IdxReader::check_end() {
  uint8_t more;
  if (input_.read(&more, 1) == 0) return;
  throw IoError({.where = input_.path(),
                 .what = "The IDX file goes on after its data",
                 .expected = "the end after the data of shape " + shape_.to_string(),
                 .received = "more bytes",
                 .hint = "the file is damaged; get it again"});
}

}  // namespace danlu
