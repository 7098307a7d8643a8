#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "danlu/data/host_tensors.h"

namespace danlu {

/// Samples with their targets, e.g. the training part of a data set. The first axis of each tensor
/// counts the samples. `y` is undefined where there are no targets.
struct DataSplit {
  HostTensors x;
  HostTensors y;
  /// What x is divided by when it becomes floating point: 255 for images kept as bytes. Of several
  /// inputs, those that do not stay integers.
  float divide_by = 1;
  /// What each sample counts in the loss; undefined: 1. Shape (samples) or (samples, …). One for
  /// all outputs, or one for each.
  HostTensors sample_weight = {};

  int64_t size() const { return x.defined() ? x.shape()[0] : 0; }
  /// Samples [begin, end), on the same storage. Errors: ShapeError.
  DataSplit slice(int64_t begin, int64_t end) const;
  /// The first `1 - fraction` of the samples and the rest, in order, as Keras's validation_split
  /// does. Errors: ValueError unless 0 < fraction < 1 and both parts get a sample.
  std::pair<DataSplit, DataSplit> split(double fraction) const;
};

/// How the samples of a Dataset are delivered.
struct DatasetOptions {
  /// float32, float64, int32, int64; default: uint8 becomes float32. Several inputs: only those
  /// that are floating point or bytes, so that numbers of classes or words stay integers.
  std::optional<DType> x_dtype;
  /// The same choice; default: uint8 becomes int32. Several targets: of floating point ones.
  std::optional<DType> y_dtype;
  /// 0: targets as they are. Otherwise integer targets of shape (n,) or (n, 1), the only ones,
  /// become float32 rows of this many classes.
  int64_t one_hot = 0;
};

/// Some samples, ready for a step.
struct Batch {
  HostTensors x;                   ///< (size, ...)
  HostTensors y;                   ///< (size, ...), or undefined
  int64_t index = 0;               ///< of this batch in the epoch
  HostTensors sample_weight = {};  ///< (size, ...), or undefined
  int64_t size() const { return x.shape()[0]; }
};

/// Fills `order` with a permutation of 0 … order.size() − 1, a pure function of size, seed and
/// epoch (Fisher and Yates on a Philox sequence).
void fill_permutation(std::span<int64_t> order, uint64_t seed, int64_t epoch);

/// A recipe for batches over samples in memory. A value: each method returns a changed copy, the
/// storage is shared. The order of the calls does not matter: samples are shuffled, then batched,
/// then mapped.
/// ```
/// Dataset data = Dataset(train).shuffle(seed).batch(64).prefetch();
/// for (const Batch& batch : data.epoch(3)) …
/// ```
class Dataset {
 public:
  /// Errors: ShapeError unless x, y and weights agree in the number of samples; ValueError for a
  /// conversion that does not exist.
  explicit Dataset(DataSplit split, const DatasetOptions& options = {});
  Dataset(HostTensors x, HostTensors y, const DatasetOptions& options = {})
      : Dataset(DataSplit{std::move(x), std::move(y)}, options) {}

  /// Batches of `size` samples (default: 32). The last one may be smaller, or is left out when
  /// `drop_remainder`. Errors: ValueError unless size >= 1.
  Dataset batch(int64_t size, bool drop_remainder = false) const;
  /// Another order of all samples in each epoch, a function of (seed, epoch).
  Dataset shuffle(uint64_t seed) const;
  /// Prepares up to `batches` batches ahead in a thread of its own, which never enters the pool;
  /// 0 prepares each when it is asked for. Errors: ValueError when negative.
  Dataset prefetch(int64_t batches = 2) const;
  /// Changes every batch in place after it is filled, e.g. augmentation; runs in the prefetch
  /// thread, so it must not use Arrays. May be called several times.
  Dataset map(std::function<void(Batch&)> function) const;
  /// The same samples with these weights. Errors: ShapeError unless there is one for each sample.
  Dataset with_sample_weight(HostTensors weight) const;
  /// The same samples, with tensors that have names in the order of these. Weights may be missing.
  /// Errors: ValueError for names that do not agree, or beside a mapped function, which may have
  /// counted on the order.
  Dataset ordered(const std::vector<std::string>& x_names,
                  const std::vector<std::string>& y_names) const;

  int64_t num_samples() const { return split_.size(); }
  int64_t batch_size() const { return batch_size_; }
  int64_t num_batches() const;
  bool drops_remainder() const { return drop_remainder_; }
  int64_t prefetched() const { return prefetch_; }
  bool is_mapped() const { return map_ != nullptr; }
  const DataSplit& split() const { return split_; }
  /// Of tensor `i` in a batch of `size` samples as delivered (before `map`).
  TensorSpec x_spec(int64_t size, size_t i = 0) const;
  /// Of shape () when there is none.
  TensorSpec y_spec(int64_t size, size_t i = 0) const;
  TensorSpec sample_weight_spec(int64_t size, size_t i = 0) const;
  bool has_y() const { return split_.y.count() > 0; }
  bool has_sample_weight() const { return split_.sample_weight.count() > 0; }

  /// Order of the samples in an epoch: sample order[i] comes i-th. `order` has num_samples().
  void fill_order(std::span<int64_t> order, int64_t epoch) const;
  /// Writes the samples `rows` into the storage of `batch`, converted, on up to `threads` threads
  /// of the pool. Errors: ValueError when a label does not fit the one-hot size; whatever a mapped
  /// function throws.
  void fill(Batch& batch, std::span<const int64_t> rows, int threads = 1) const;

  /// The batches of one epoch, for a range loop. Each is valid until the next one.
  class Epoch;
  Epoch epoch(int64_t number) const;

 private:
  DataSplit split_;
  DatasetOptions options_;
  /// As delivered, for each tensor.
  std::vector<DType> x_dtypes_, y_dtypes_, weight_dtypes_;
  int64_t batch_size_ = 32;
  bool drop_remainder_ = false;
  int64_t prefetch_ = 0;
  std::optional<uint64_t> seed_;
  std::function<void(Batch&)> map_;
};

/// Produces the batches of a Dataset, epoch after epoch, in storage that is used again and again:
/// after the first epoch nothing is allocated, unless somebody still holds a batch's storage, which
/// is then left to them and replaced. For one consumer thread.
class BatchStream {
 public:
  explicit BatchStream(Dataset dataset);
  /// Ends the prefetch thread, whatever it is doing.
  ~BatchStream();
  BatchStream(const BatchStream&) = delete;
  BatchStream& operator=(const BatchStream&) = delete;

  const Dataset& dataset() const;
  /// Begins an epoch; what is left of the current one is dropped.
  void start(int64_t epoch);
  /// The next batch, valid until the next call of `next` or `start`; nullptr at the end of the
  /// epoch. Errors: whatever preparing this batch threw; the epoch is then over.
  const Batch* next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class Dataset::Epoch {
 public:
  class Iterator {
   public:
    explicit Iterator(BatchStream* stream) : stream_(stream) { ++*this; }
    const Batch& operator*() const { return *batch_; }
    const Batch* operator->() const { return batch_; }
    Iterator& operator++() {
      batch_ = stream_->next();
      return *this;
    }
    friend bool operator==(const Iterator& it, std::nullptr_t) { return it.batch_ == nullptr; }

   private:
    BatchStream* stream_;
    const Batch* batch_ = nullptr;
  };

  Epoch(const Dataset& dataset, int64_t number) : stream_(std::make_unique<BatchStream>(dataset)) {
    stream_->start(number);
  }
  Iterator begin() { return Iterator(stream_.get()); }
  std::nullptr_t end() const { return nullptr; }

 private:
  std::unique_ptr<BatchStream> stream_;
};

}  // namespace danlu
