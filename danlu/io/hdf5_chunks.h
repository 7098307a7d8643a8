#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "danlu/core/host_tensor.h"

namespace danlu {

/// Filters of the HDF5 file format by their numbers.
enum class Hdf5Filter : uint8_t { deflate = 1, shuffle = 2, fletcher32 = 3 };

/// A tensor that an HDF5 file stores in chunks: where they lie in it, and what is behind their
/// filters. libhdf5 1.10 takes it on trust that the filters of a damaged file give whole chunks.
class Hdf5Chunks {
 public:
  /// `sizes`: elements of a chunk along each axis, 1 or more; `filters` as they were applied, one
  /// after another. Errors name `where`.
  Hdf5Chunks(HostTensor& tensor, std::vector<uint64_t> sizes, std::vector<Hdf5Filter> filters,
             std::string where);

  uint64_t count() const { return count_; }
  /// The element of the tensor that chunk `i` begins with.
  std::vector<uint64_t> offset(uint64_t i) const;
  /// Puts chunk `i` into the tensor. Bit k of `skipped`: filter k was not applied to it.
  /// Errors: IoError when the filters do not give a whole chunk.
  void put(uint64_t i, std::string_view stored, uint32_t skipped);

 private:
  std::string unfiltered(std::string_view stored, uint32_t skipped) const;
  [[noreturn]] void damaged(const std::string& what) const;

  HostTensor& tensor_;
  std::vector<uint64_t> sizes_, counts_;
  std::vector<Hdf5Filter> filters_;
  std::string where_;
  uint64_t count_ = 1, bytes_;
};

}  // namespace danlu
