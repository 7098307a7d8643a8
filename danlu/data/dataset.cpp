#include "danlu/data/dataset.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>
#include <string>
#include <type_traits>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/base/thread.h"

namespace danlu {
namespace {

int64_t row_elements(const HostTensor& tensor) {
  const auto dims = tensor.shape().dims().subspan(1);
  return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
}

template <class From, class To>
To convert_one(From value, float divide_by) {
  if constexpr (std::is_floating_point_v<To>) {
    if (divide_by != 1) return static_cast<To>(value) / static_cast<To>(divide_by);
  }
  return static_cast<To>(value);
}

void prefetch_row(const void* row, size_t bytes) {
  constexpr size_t kCacheLine = 64;
  constexpr size_t kMost = 4096;
  for (size_t at = 0; at < std::min(bytes, kMost); at += kCacheLine) {
    __builtin_prefetch(static_cast<const char*>(row) + at);
  }
}

/// Converts the rows of `in` that `rows` names, each of `length` elements.
template <class From, class To>
void gather_converted(const From* in, To* out, std::span<const int64_t> rows, size_t length,
                      float divide_by) {
  // A byte has few values, and a table answers faster than a conversion with a division.
  [[maybe_unused]] std::array<To, 256> table;
  if constexpr (std::is_same_v<From, uint8_t>) {
    for (int i = 0; i < 256; ++i) table[i] = convert_one<int, To>(i, divide_by);
  }
  for (size_t r = 0; r < rows.size(); ++r) {
    const From* from = in + static_cast<size_t>(rows[r]) * length;
    // Shuffled rows lie anywhere: without this each one waits for memory (measured: 61 against
    // 18 us for 64 images of 28 x 28).
    if (r + 1 < rows.size()) {
      prefetch_row(in + static_cast<size_t>(rows[r + 1]) * length, length * sizeof(From));
    }
    for (size_t i = 0; i < length; ++i) {
      if constexpr (std::is_same_v<From, uint8_t>) {
        out[i] = table[from[i]];
      } else {
        out[i] = convert_one<From, To>(from[i], divide_by);
      }
    }
    out += length;
  }
}

/// Copies rows that are one element each.
template <class Word>
void gather_words(const void* in, void* out, std::span<const int64_t> rows) {
  const auto* from = static_cast<const Word*>(in);
  auto* to = static_cast<Word*>(out);
  for (size_t r = 0; r < rows.size(); ++r) to[r] = from[rows[r]];
}

void gather_bytes(const char* in, char* out, std::span<const int64_t> rows, size_t bytes) {
  if (bytes == 4) return gather_words<uint32_t>(in, out, rows);
  if (bytes == 8) return gather_words<uint64_t>(in, out, rows);
  for (size_t r = 0; r < rows.size(); ++r, out += bytes) {
    if (r + 1 < rows.size()) prefetch_row(in + static_cast<size_t>(rows[r + 1]) * bytes, bytes);
    std::memcpy(out, in + static_cast<size_t>(rows[r]) * bytes, bytes);
  }
}

template <class F>
void dispatch_target(DType dtype, F&& f) {
  switch (dtype) {
    case DType::float64:
      return f(double{});
    case DType::int32:
      return f(int32_t{});
    case DType::int64:
      return f(int64_t{});
    default:
      return f(float{});
  }
}

/// Writes the samples `rows` of `from`, whose elements begin at `data`, to the rows of `to` from
/// `first` on.
void gather_part(const HostTensor& from, const void* data, HostTensor& to,
                 std::span<const int64_t> rows, size_t first, float divide_by) {
  const auto length = static_cast<size_t>(row_elements(from));
  if (from.dtype() == to.dtype() && divide_by == 1) {
    const size_t bytes = length * size_of(from.dtype());
    auto* out = static_cast<char*>(to.data()) + first * bytes;
    return gather_bytes(static_cast<const char*>(data), out, rows, bytes);
  }
  dispatch_real(from.dtype(), [&](auto source) {
    dispatch_target(to.dtype(), [&](auto target) {
      const auto* in = static_cast<const decltype(source)*>(data);
      auto* out = static_cast<decltype(target)*>(to.data()) + first * length;
      gather_converted(in, out, rows, length, divide_by);
    });
  });
}

void gather(const HostTensor& from, HostTensor& to, std::span<const int64_t> rows, float divide_by,
            int threads) {
  constexpr size_t kWorthAThread = 32 * 1024;  // bytes
  const int chunks = std::clamp(static_cast<int>(to.bytes() / kWorthAThread), 1, threads);
  const void* data = from.data_of_items(rows);
  parallel_chunks(chunks, [&](int chunk) {
    const Range part = chunk_range(std::ssize(rows), chunks, chunk);
    const auto first = static_cast<size_t>(part.begin);
    gather_part(from, data, to, rows.subspan(first, static_cast<size_t>(part.end - part.begin)),
                first, divide_by);
  });
}

void gather_one_hot(const HostTensor& from, HostTensor& to, std::span<const int64_t> rows,
                    int64_t classes) {
  auto* out = static_cast<float*>(to.data());
  std::memset(out, 0, to.bytes());
  dispatch_real(from.dtype(), [&](auto source) {
    const auto* labels = static_cast<const decltype(source)*>(from.data_of_items(rows));
    for (int64_t row : rows) {
      const auto label = static_cast<int64_t>(labels[row]);
      if (label < 0 || label >= classes) {
        throw ValueError({.where = "Dataset",
                          .what = "The label of sample " + std::to_string(row) + " is no class",
                          .expected = "0 to " + std::to_string(classes - 1),
                          .received = std::to_string(label)});
      }
      out[label] = 1;
      out += classes;
    }
  });
}

DType delivered(const std::string& which, DType stored, std::optional<DType> wanted,
                DType for_bytes) {
  const DType dtype = wanted.value_or(stored == DType::uint8 ? for_bytes : stored);
  const bool converts = dtype == DType::float32 || dtype == DType::float64 ||
                        dtype == DType::int32 || dtype == DType::int64;
  const bool possible = dtype == stored || (converts && !is_complex(stored));
  if (!possible) {
    throw ValueError({.where = "Dataset",
                      .what = which + " cannot be delivered as this dtype",
                      .expected = "float32, float64, int32, int64, or " + std::string(name(stored)),
                      .received = std::string(name(dtype))});
  }
  return dtype;
}

/// "y", or of several "y[1]".
std::string name_in(const HostTensors& tensors, size_t i, const char* name) {
  if (tensors.count() < 2) return name;
  return name + ("[" + std::to_string(i)) + "]";
}

void require_same_count(const HostTensor& x, const HostTensors& others, const char* what) {
  for (size_t i = 0; i < others.count(); ++i) {
    const HostTensor& other = others.at(i);
    if (!other.defined()) continue;
    if (other.shape().rank() > 0 && other.shape()[0] == x.shape()[0]) continue;
    const std::string name = name_in(others, i, what);
    throw ShapeError(
        {.where = "Dataset",
         .what = "x and " + name + " must hold the same number of samples",
         .expected = "the samples along the first axis of both",
         .received = "x " + x.spec().to_string() + ", " + name + " " + other.spec().to_string()});
  }
}

}  // namespace

DataSplit DataSplit::slice(int64_t begin, int64_t end) const {
  return {x.slice(begin, end), y.slice(begin, end), divide_by, sample_weight.slice(begin, end)};
}

std::pair<DataSplit, DataSplit> DataSplit::split(double fraction) const {
  const bool possible = fraction > 0 && fraction < 1;
  const double kept = possible ? std::floor(static_cast<double>(size()) * (1 - fraction)) : 0;
  const auto first = static_cast<int64_t>(kept);
  if (first < 1 || first >= size()) {
    throw ValueError({.where = "validation_split",
                      .what = "The samples cannot be split like this",
                      .expected = "a fraction between 0 and 1 that leaves samples on both sides",
                      .received = "validation_split=" + number_text(fraction) + " of " +
                                  std::to_string(size()) + " samples"});
  }
  return {slice(0, first), slice(first, size())};
}

Dataset::Dataset(DataSplit split, const DatasetOptions& options)
    : split_(std::move(split)), options_(options) {
  const auto& [x, y, divide_by, weights] = split_;
  for (size_t i = 0; i < std::max(x.count(), size_t{1}); ++i) {
    if (x.at(i).defined() && x.at(i).shape().rank() > 0) continue;
    throw ShapeError(
        {.where = "Dataset",
         .what = name_in(x, i, "x") + " needs an axis that counts the samples",
         .expected = "shape (samples, …)",
         .received = x.at(i).defined() ? x.at(i).spec().to_string() : "an undefined tensor",
         .hint = x.at(i).defined() ? "reshape one sample to (1, …)" : ""});
  }
  require_same_count(x, x, "x");
  require_same_count(x, y, "y");
  require_same_count(x, weights, "sample_weight");
  for (size_t i = 0; i < weights.count(); ++i) {
    const HostTensor& weight = weights.at(i);
    if (weight.defined()) {
      const bool doubles = weight.dtype() == DType::float64;
      weight_dtypes_.push_back(delivered("sample_weight", weight.dtype(),
                                         doubles ? DType::float64 : DType::float32,
                                         DType::float32));
    } else {
      weight_dtypes_.push_back(DType::float32);
    }
  }
  bool divides = divide_by == 1;
  for (size_t i = 0; i < x.count(); ++i) {
    const DType stored = x.at(i).dtype();
    const bool fixed = x.count() > 1 && !is_floating(stored) && stored != DType::uint8;
    DType dtype =
        fixed ? stored : delivered(name_in(x, i, "x"), stored, options_.x_dtype, DType::float32);
    if (divide_by != 1 && is_floating(dtype) && size_of(dtype) == 2) dtype = DType::float32;
    divides |= is_floating(dtype);
    x_dtypes_.push_back(dtype);
  }
  if (!divides) {
    throw ValueError({.where = "Dataset",
                      .what = "x is to be divided but delivered as integers",
                      .expected = "divide_by = 1, or x_dtype = float32",
                      .received = "divide_by = " + number_text(divide_by) +
                                  ", x_dtype = " + std::string(name(x_dtypes_[0]))});
  }
  for (size_t i = 0; i < y.count(); ++i) {
    const DType stored = y.at(i).dtype();
    const bool fixed = y.count() > 1 && !is_floating(stored) && stored != DType::uint8;
    y_dtypes_.push_back(
        fixed ? stored : delivered(name_in(y, i, "y"), stored, options_.y_dtype, DType::int32));
  }
  if (!has_y() || options_.one_hot == 0) return;
  if (options_.one_hot < 0 || y.count() > 1 || is_inexact(y.dtype()) || row_elements(y) != 1) {
    throw ValueError({.where = "Dataset",
                      .what = "y cannot become one-hot rows",
                      .expected = "a positive number of classes and integer labels of shape (n,)",
                      .received = std::to_string(options_.one_hot) + " classes, " +
                                  (y.count() > 1 ? std::to_string(y.count()) + " targets"
                                                 : "labels " + y.spec().to_string())});
  }
  y_dtypes_[0] = DType::float32;
}

Dataset Dataset::batch(int64_t size, bool drop_remainder) const {
  if (size < 1) {
    throw ValueError({.where = "Dataset",
                      .what = "The batch size is too small",
                      .expected = "1 or more",
                      .received = std::to_string(size)});
  }
  Dataset copy = *this;
  copy.batch_size_ = size;
  copy.drop_remainder_ = drop_remainder;
  return copy;
}

Dataset Dataset::shuffle(uint64_t seed) const {
  Dataset copy = *this;
  copy.seed_ = seed;
  return copy;
}

Dataset Dataset::prefetch(int64_t batches) const {
  if (batches < 0) {
    throw ValueError({.where = "Dataset",
                      .what = "The number of batches to prefetch is negative",
                      .expected = "0 or more",
                      .received = std::to_string(batches)});
  }
  Dataset copy = *this;
  copy.prefetch_ = batches;
  return copy;
}

Dataset Dataset::map(std::function<void(Batch&)> function) const {
  Dataset copy = *this;
  if (map_) {
    copy.map_ = [first = map_, second = std::move(function)](Batch& batch) {
      first(batch);
      second(batch);
    };
  } else {
    copy.map_ = std::move(function);
  }
  return copy;
}

Dataset Dataset::with_sample_weight(HostTensors weight) const {
  DataSplit split = split_;
  split.sample_weight = std::move(weight);
  const Dataset checked(std::move(split), options_);
  Dataset copy = *this;
  copy.split_ = checked.split_;
  copy.weight_dtypes_ = checked.weight_dtypes_;
  return copy;
}

Dataset Dataset::ordered(const std::vector<std::string>& x_names,
                         const std::vector<std::string>& y_names) const {
  const auto& [x, y, divide_by, weights] = split_;
  if (x.names().empty() && y.names().empty() && weights.names().empty()) return *this;
  if (is_mapped()) {
    throw ValueError({.where = "Dataset",
                      .what = "Tensors with names cannot be ordered behind a mapped function",
                      .hint = "give the tensors in the order of the model's inputs and outputs"});
  }
  Dataset copy(DataSplit{x.ordered(x_names, "x"), y.ordered(y_names, "y"), divide_by,
                         weights.ordered(y_names, "sample_weight", true)},
               options_);
  copy.batch_size_ = batch_size_;
  copy.drop_remainder_ = drop_remainder_;
  copy.prefetch_ = prefetch_;
  copy.seed_ = seed_;
  return copy;
}

int64_t Dataset::num_batches() const {
  const int64_t n = num_samples();
  return drop_remainder_ ? n / batch_size_ : (n + batch_size_ - 1) / batch_size_;
}

TensorSpec Dataset::x_spec(int64_t size, size_t i) const {
  return {split_.x.at(i).shape().with_dim(0, size), x_dtypes_.at(i)};
}

TensorSpec Dataset::y_spec(int64_t size, size_t i) const {
  if (!has_y()) return {};
  if (options_.one_hot > 0) return {Shape{size, options_.one_hot}, DType::float32};
  return {split_.y.at(i).shape().with_dim(0, size), y_dtypes_.at(i)};
}

TensorSpec Dataset::sample_weight_spec(int64_t size, size_t i) const {
  if (!has_sample_weight() || !split_.sample_weight.at(i).defined()) return {};
  return {split_.sample_weight.at(i).shape().with_dim(0, size), weight_dtypes_.at(i)};
}

void Dataset::fill_order(std::span<int64_t> order, int64_t epoch) const {
  if (seed_) {
    fill_permutation(order, *seed_, epoch);
  } else {
    std::iota(order.begin(), order.end(), int64_t{0});
  }
}

void Dataset::fill(Batch& batch, std::span<const int64_t> rows, int threads) const {
  const auto& [x, y, divide_by, weights] = split_;
  for (size_t i = 0; i < x.count(); ++i) {
    gather(x.at(i), batch.x.at(i), rows, is_floating(x_dtypes_[i]) ? divide_by : 1, threads);
  }
  for (size_t i = 0; i < y.count(); ++i) {
    if (options_.one_hot > 0) {
      gather_one_hot(y, batch.y, rows, options_.one_hot);
    } else if (y.at(i).defined()) {
      gather(y.at(i), batch.y.at(i), rows, 1, threads);
    }
  }
  for (size_t i = 0; i < weights.count(); ++i) {
    if (weights.at(i).defined()) gather(weights.at(i), batch.sample_weight.at(i), rows, 1, 1);
  }
  if (map_) map_(batch);
}

Dataset::Epoch Dataset::epoch(int64_t number) const { return Epoch(*this, number); }

}  // namespace danlu
