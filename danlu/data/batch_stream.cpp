#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "danlu/base/data_thread.h"
#include "danlu/base/thread.h"
#include "danlu/data/dataset.h"

namespace danlu {

/// Batch i lives in slot i modulo the number of slots. The consumer holds batch `taken - 1`; the
/// producer may fill a slot once the batch that was in it is given back. Without a producer the
/// consumer fills the only slot itself, and nothing is locked.
struct BatchStream::State {
  /// One of the tensors that a batch consists of.
  struct Part {
    HostTensors Batch::*group;
    size_t index;
    TensorSpec (Dataset::*spec)(int64_t, size_t) const;
  };
  struct Slot {
    std::vector<std::shared_ptr<Buffer>> storage;  ///< of each part
    Batch batch;
    int64_t placed = -1;  ///< the size for which the batch's tensors lie on the storage
  };

  explicit State(Dataset source)
      : dataset(std::move(source)),
        num_batches(dataset.num_batches()),
        ahead(std::min(dataset.prefetched(), num_batches)),
        order(static_cast<size_t>(dataset.num_samples())),
        slots(static_cast<size_t>(ahead + 1)) {
    const DataSplit& split = dataset.split();
    const auto add = [&](const HostTensors& tensors, HostTensors Batch::*group,
                         TensorSpec (Dataset::*spec)(int64_t, size_t) const) {
      for (size_t i = 0; i < tensors.count(); ++i) {
        if (tensors.at(i).defined()) parts.push_back({group, i, spec});
      }
      counts.emplace_back(group, tensors.count());
    };
    add(split.x, &Batch::x, &Dataset::x_spec);
    add(split.y, &Batch::y, &Dataset::y_spec);
    add(split.sample_weight, &Batch::sample_weight, &Dataset::sample_weight_spec);
    for (Slot& slot : slots) slot.storage.resize(parts.size());
    for (Slot& slot : slots) {
      own_storage(slot);
      place_tensors(slot, std::min(dataset.batch_size(), dataset.num_samples()));
    }
    if (ahead > 0) worker = start_data_thread([this] { produce(); });
  }

  ~State() {
    if (!worker.joinable()) return;
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    changed.notify_all();
    worker.join();
  }

  /// Gives `slot` storage that nobody else refers to. Tensors of the right shape stay.
  void own_storage(Slot& slot) {
    const int64_t size = std::min(dataset.batch_size(), dataset.num_samples());
    for (size_t i = 0; i < parts.size(); ++i) {
      std::shared_ptr<Buffer>& buffer = slot.storage[i];
      HostTensors& group = slot.batch.*parts[i].group;
      HostTensor* tensor = parts[i].index < group.count() ? &group.at(parts[i].index) : nullptr;
      const bool ours = tensor != nullptr && tensor->defined() && tensor->buffer() == buffer;
      if (buffer != nullptr && buffer.use_count() == (ours ? 2 : 1)) continue;
      buffer = Buffer::allocate((dataset.*parts[i].spec)(size, parts[i].index).bytes());
      if (tensor != nullptr) *tensor = HostTensor();
      slot.placed = -1;
    }
    // use_count() reads without ordering; the storage must not be written before the last
    // holder's reads are done.
#ifndef __SANITIZE_THREAD__
    std::atomic_thread_fence(std::memory_order_acquire);
#endif
  }

  void place_tensors(Slot& slot, int64_t size) {
    for (const auto& [group, count] : counts) {
      HostTensors& tensors = slot.batch.*group;
      if (tensors.count() != count) tensors = HostTensors(std::vector<HostTensor>(count));
    }
    for (size_t i = 0; i < parts.size(); ++i) {
      const TensorSpec spec = (dataset.*parts[i].spec)(size, parts[i].index);
      (slot.batch.*parts[i].group).at(parts[i].index) =
          HostTensor(spec.dtype, spec.shape, slot.storage[i]);
    }
    slot.placed = size;
  }

  Slot& slot_of(int64_t batch) {
    return ahead == 0 ? slots[0] : slots[static_cast<size_t>(batch) % slots.size()];
  }

  void begin(int64_t number) {
    for (Slot& slot : slots) own_storage(slot);
    epoch = number;
    filled = taken = 0;
    held = false;
    error = nullptr;
    running = true;
  }

  /// Takes back what the consumer held.
  void release() {
    own_storage(slot_of(taken - 1));
    held = false;
  }

  const Batch* give() {
    held = true;
    return &slot_of(taken++).batch;
  }

  /// `next` without a producer.
  const Batch* fill_next() {
    if (held) release();
    if (!running || taken == num_batches) return nullptr;
    running = false;  // stays so when filling throws
    fill(taken);
    running = true;
    return give();
  }

  void fill(int64_t index) {
    if (index == 0) dataset.fill_order(order, epoch);
    const int64_t begin = index * dataset.batch_size();
    const int64_t size = std::min(dataset.batch_size(), dataset.num_samples() - begin);
    Slot& slot = slot_of(index);
    // What mapped functions make of a batch may have any shape.
    if (slot.placed != size || dataset.is_mapped()) place_tensors(slot, size);
    slot.batch.index = index;
    // The producer stays out of the pool, where the consumer's plans run.
    const int threads = ahead > 0 ? 1 : effective_threads();
    dataset.fill(slot.batch, std::span<const int64_t>(order).subspan(begin, size), threads);
  }

  void produce() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] {
        return stopping || (error == nullptr && filled < num_batches && filled < limit());
      });
      if (stopping) return;
      const int64_t index = filled;
      busy = true;
      lock.unlock();
      std::exception_ptr thrown;
      try {
        fill(index);
      } catch (...) {
        thrown = std::current_exception();
      }
      lock.lock();
      busy = false;
      error = thrown;
      if (thrown == nullptr) filled = index + 1;
      changed.notify_all();
    }
  }

  /// Batches before this one have a free slot; none between epochs.
  int64_t limit() const {
    if (!running) return 0;
    return (held ? taken - 1 : taken) + static_cast<int64_t>(slots.size());
  }

  Dataset dataset;
  int64_t num_batches;
  int64_t ahead;
  std::vector<int64_t> order;
  std::vector<Slot> slots;
  std::vector<Part> parts;
  std::vector<std::pair<HostTensors Batch::*, size_t>> counts;  ///< tensors of each group

  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by the mutex where there is a worker.
  bool stopping = false;
  bool running = false;
  bool busy = false;
  bool held = false;
  int64_t epoch = 0;
  int64_t filled = 0;
  int64_t taken = 0;
  std::exception_ptr error;

  std::thread worker;
};

BatchStream::BatchStream(Dataset dataset) : state_(std::make_unique<State>(std::move(dataset))) {}

BatchStream::~BatchStream() = default;

const Dataset& BatchStream::dataset() const { return state_->dataset; }

void BatchStream::start(int64_t epoch) {
  State& s = *state_;
  if (s.ahead == 0) return s.begin(epoch);
  std::unique_lock lock(s.mutex);
  s.running = false;
  s.changed.wait(lock, [&] { return !s.busy; });
  s.begin(epoch);
  s.changed.notify_all();
}

const Batch* BatchStream::next() {
  State& s = *state_;
  if (s.ahead == 0) return s.fill_next();
  std::unique_lock lock(s.mutex);
  if (s.held) {
    s.release();
    s.changed.notify_all();
  }
  if (!s.running || s.taken == s.num_batches) return nullptr;
  s.changed.wait(lock, [&] { return s.filled > s.taken || s.error != nullptr; });
  if (s.filled == s.taken) {
    s.running = false;
    const std::exception_ptr error = s.error;
    std::rethrow_exception(error);
  }
  return s.give();
}

}  // namespace danlu
