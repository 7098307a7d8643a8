#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "danlu/core/host_tensor.h"
#include "danlu/io/gzip.h"

namespace danlu {

/// Reads an IDX file, the format of MNIST and its kin, plain or gzipped, item by item. Elements of
/// one and two signed bytes widen to int32.
/// Source: "The IDX file format", Y. LeCun, C. Cortes, C. Burges, the MNIST database page.
class IdxReader {
 public:
  /// Reads the header. Errors: IoError when the file cannot be read, is no IDX file, claims more
  /// data than it can hold.
  explicit IdxReader(const std::string& path);

  /// Of the whole file, e.g. (60000, 28, 28); the first axis counts the items.
  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  int64_t items_left() const { return shape_[0] - next_; }
  /// The next `items` items, fewer at the end. The last read also checks that nothing follows.
  /// Errors: IoError when the data ends early, is damaged, or goes on too long.
  HostTensor read(int64_t items);
  HostTensor read_all() { return read(items_left()); }
  /// All items that are left, read by a thread of its own: at once, and whoever asks for elements
  /// waits for them. The errors of `read` come then; the last item is there only once the end of
  /// the file is checked. The reader must not be used any more.
  static HostTensor read_all_behind(std::shared_ptr<IdxReader> reader);

 private:
  void read_header();
  void read_exactly(void* data, size_t bytes);
  void read_into(void* data, int64_t items);
  void check_end();

  GzipInput input_;
  Shape shape_;
  DType dtype_ = DType::uint8;
  int stored_bytes_ = 1;
  int64_t next_ = 0;
};

}  // namespace danlu
