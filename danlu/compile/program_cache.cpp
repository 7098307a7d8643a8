#include <future>
#include <list>
#include <mutex>
#include <unordered_map>

#include "danlu/compile/compile.h"

namespace danlu {
namespace {

struct Entry {
  Graph graph;
  CompileOptions options;
  size_t hash;
  uint64_t id;  ///< an entry may be gone, and another in its memory, when its compilation ends
  std::shared_future<std::shared_ptr<InstancePool>> pool;
  size_t bytes = 0;
};

/// Least recently used at the back. Equality is that of graphs; the hash only finds candidates.
class ProgramCache {
 public:
  std::shared_ptr<InstancePool> find_or_compile(const Graph& graph, const CompileOptions& options) {
    const size_t hash = internal::hash_combine(graph.hash(), options.hash());
    std::promise<std::shared_ptr<InstancePool>> promise;
    uint64_t mine = 0;
    std::shared_future<std::shared_ptr<InstancePool>> theirs;
    {
      const std::lock_guard lock(mutex_);
      const auto [first, last] = index_.equal_range(hash);
      for (auto it = first; it != last; ++it) {
        Entry& entry = *it->second;
        if (entry.options == options && entry.graph == graph) {
          entries_.splice(entries_.begin(), entries_, it->second);
          ++statistics_.hits;
          theirs = entry.pool;
          break;
        }
      }
      if (!theirs.valid()) {
        ++statistics_.misses;
        mine = ++next_id_;
        entries_.push_front({graph, options, hash, mine, promise.get_future().share()});
        index_.emplace(hash, entries_.begin());
      }
    }
    if (theirs.valid()) return theirs.get();
    try {
      auto pool = std::make_shared<InstancePool>(compile_graph(graph, options));
      promise.set_value(pool);
      const std::lock_guard lock(mutex_);
      // clear() may have dropped the entry meanwhile.
      if (const auto it = find(hash, mine); it != index_.end()) {
        it->second->bytes = pool->program().footprint() + graph.nodes.size() * sizeof(GraphNode);
        bytes_ += it->second->bytes;
        shrink();
      }
      return pool;
    } catch (...) {
      promise.set_exception(std::current_exception());
      const std::lock_guard lock(mutex_);
      const auto it = find(hash, mine);
      if (it != index_.end()) {
        entries_.erase(it->second);
        index_.erase(it);
      }
      throw;
    }
  }

  void set_limit(size_t bytes) {
    const std::lock_guard lock(mutex_);
    limit_ = bytes;
    shrink();
  }

  void clear() {
    const std::lock_guard lock(mutex_);
    entries_.clear();
    index_.clear();
    bytes_ = 0;
  }

  CacheStatistics statistics() {
    const std::lock_guard lock(mutex_);
    CacheStatistics result = statistics_;
    result.programs = entries_.size();
    result.bytes = bytes_;
    result.bytes_limit = limit_;
    return result;
  }

 private:
  using Index = std::unordered_multimap<size_t, std::list<Entry>::iterator>;

  Index::iterator find(size_t hash, uint64_t id) {
    const auto [first, last] = index_.equal_range(hash);
    for (auto it = first; it != last; ++it) {
      if (it->second->id == id) return it;
    }
    return index_.end();
  }

  /// The newest entry stays even when it alone is over the bound.
  void shrink() {
    while (bytes_ > limit_ && entries_.size() > 1) {
      const auto oldest = std::prev(entries_.end());
      if (oldest->bytes == 0) break;  // still being compiled
      bytes_ -= oldest->bytes;
      index_.erase(find(oldest->hash, oldest->id));
      entries_.erase(oldest);
    }
  }

  std::mutex mutex_;
  std::list<Entry> entries_;
  Index index_;
  uint64_t next_id_ = 0;
  size_t bytes_ = 0;
  size_t limit_ = size_t{256} << 20;
  CacheStatistics statistics_;
};

ProgramCache& cache() {
  static ProgramCache* const instance = new ProgramCache;
  return *instance;
}

}  // namespace

std::shared_ptr<InstancePool> cached_program(const Graph& graph, const CompileOptions& options) {
  return cache().find_or_compile(graph, options);
}

CacheStatistics cache_statistics() { return cache().statistics(); }
void clear_program_cache() { cache().clear(); }
void set_program_cache_bytes(size_t bytes) { cache().set_limit(bytes); }

}  // namespace danlu
