#include "danlu/io/hdf5_chunks.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "danlu/base/error.h"

namespace danlu {
namespace {

constexpr size_t kChecksum = 4;

/// The format's variant of Fletcher's checksum: over pairs of bytes, the first the higher.
uint32_t fletcher32(std::string_view data) {
  uint64_t low = 0, high = 0;
  const auto byte = [&](size_t i) { return uint64_t{static_cast<uint8_t>(data[i])}; };
  for (size_t i = 0; i < data.size(); i += 2) {
    low = (low + (byte(i) << 8 | (i + 1 < data.size() ? byte(i + 1) : 0))) % 0xffff;
    high = (high + low) % 0xffff;
  }
  return static_cast<uint32_t>(high << 16 | low);
}

/// Whether both halves are the same to a sum that counts to 65535, where 0 and 65535 are one.
bool same_checksum(uint32_t a, uint32_t b) {
  return (a & 0xffff) % 0xffff == (b & 0xffff) % 0xffff && (a >> 16) % 0xffff == (b >> 16) % 0xffff;
}

/// At most `most` bytes out of zlib's format; nothing where it is damaged or there are more.
bool inflated(std::string_view packed, size_t most, std::string& out) {
  if (packed.size() > std::numeric_limits<uInt>::max() ||
      most >= std::numeric_limits<uInt>::max()) {
    return false;
  }
  out.resize(most);
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) throw std::bad_alloc();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(most);
  const int result = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  out.resize(most - stream.avail_out);
  return result == Z_STREAM_END;
}

/// The bytes of each element together again, which shuffle had put by their place in it.
std::string unshuffled(std::string_view bytes, size_t element) {
  std::string out(bytes);
  const size_t count = bytes.size() / element;
  for (size_t k = 0; k < element; ++k) {
    for (size_t i = 0; i < count; ++i) out[i * element + k] = bytes[k * count + i];
  }
  return out;
}

}  // namespace

Hdf5Chunks::Hdf5Chunks(HostTensor& tensor, std::vector<uint64_t> sizes,
                       std::vector<Hdf5Filter> filters, std::string where)
    : tensor_(tensor),
      sizes_(std::move(sizes)),
      filters_(std::move(filters)),
      where_(std::move(where)),
      bytes_(size_of(tensor.dtype())) {
  const Shape& shape = tensor.shape();
  if (std::ssize(sizes_) != shape.rank()) damaged("chunks have another rank than the dataset");
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const uint64_t size = sizes_[static_cast<size_t>(axis)];
    const auto dim = static_cast<uint64_t>(shape[axis]);
    if (size == 0) damaged("a chunk has no elements");
    counts_.push_back(dim / size + (dim % size != 0));
    if (__builtin_mul_overflow(count_, counts_.back(), &count_) ||
        __builtin_mul_overflow(bytes_, size, &bytes_)) {
      damaged("its chunks are impossible");
    }
  }
}

void Hdf5Chunks::damaged(const std::string& what) const {
  throw IoError({.where = where_, .what = "The HDF5 dataset is damaged: " + what});
}

std::vector<uint64_t> Hdf5Chunks::offset(uint64_t i) const {
  std::vector<uint64_t> offset(sizes_.size());
  for (size_t axis = sizes_.size(); axis-- > 0;) {
    offset[axis] = i % counts_[axis] * sizes_[axis];
    i /= counts_[axis];
  }
  return offset;
}

std::string Hdf5Chunks::unfiltered(std::string_view stored, uint32_t skipped) const {
  std::string bytes(stored);
  for (size_t k = filters_.size(); k-- > 0;) {
    if (k < 32 && (skipped >> k & 1) != 0) continue;
    switch (filters_[k]) {
      case Hdf5Filter::deflate: {
        std::string out;
        // Checksums of filters before this one come on top of the chunk.
        if (!inflated(bytes, bytes_ + k * kChecksum, out))
          damaged("a compressed chunk is no chunk");
        bytes = std::move(out);
        break;
      }
      case Hdf5Filter::shuffle:
        bytes = unshuffled(bytes, size_of(tensor_.dtype()));
        break;
      case Hdf5Filter::fletcher32: {
        if (bytes.size() < kChecksum) damaged("a chunk has no checksum");
        uint32_t checksum = 0;
        std::memcpy(&checksum, bytes.data() + bytes.size() - kChecksum, kChecksum);
        bytes.resize(bytes.size() - kChecksum);
        if (!same_checksum(checksum, fletcher32(bytes))) damaged("a chunk's checksum is wrong");
        break;
      }
    }
  }
  if (bytes.size() != bytes_) {
    damaged("a chunk has " + std::to_string(bytes.size()) + " bytes, not " +
            std::to_string(bytes_));
  }
  return bytes;
}

void Hdf5Chunks::put(uint64_t i, std::string_view stored, uint32_t skipped) {
  const std::string chunk = unfiltered(stored, skipped);
  const Shape& shape = tensor_.shape();
  const std::vector<uint64_t> first = offset(i);
  const size_t element = size_of(tensor_.dtype()), rank = sizes_.size();
  std::vector<uint64_t> part(rank), at(rank, 0);  // of the chunk that lies in the tensor; in it
  for (size_t axis = 0; axis < rank; ++axis) {
    const auto dim = static_cast<uint64_t>(shape[static_cast<int>(axis)]);
    part[axis] = std::min(sizes_[axis], dim - first[axis]);
  }
  auto* out = static_cast<char*>(tensor_.data());
  while (true) {
    uint64_t from = 0, to = 0;
    for (size_t axis = 0; axis < rank; ++axis) {
      from = from * sizes_[axis] + at[axis];
      to = to * static_cast<uint64_t>(shape[static_cast<int>(axis)]) + first[axis] + at[axis];
    }
    std::memcpy(out + to * element, chunk.data() + from * element, part[rank - 1] * element);
    size_t axis = rank - 1;  // whole rows are copied
    while (axis-- > 0) {
      if (++at[axis] < part[axis]) break;
      at[axis] = 0;
    }
    if (axis == static_cast<size_t>(-1)) return;
  }
}

}  // namespace danlu
