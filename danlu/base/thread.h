#pragma once

#include <memory>
#include <type_traits>

namespace danlu {

/// Threads a plan may use: DANLU_NUM_THREADS, else OMP_NUM_THREADS (at most OMP_THREAD_LIMIT), else
/// the processors this process may run on.
int num_threads();
/// Changes `num_threads()` for the process. Errors: ValueError unless n ≥ 1.
void set_num_threads(int n);

/// The most threads that work started here can run on: `num_threads()`, or 1 inside another
/// parallel loop.
int effective_threads();

/// Throws StateError in a child made by fork after plans have run: the pool's threads are gone
/// there.
void check_not_forked();

namespace internal {
void run_chunks(int chunks, void (*body)(void*, int), void* data);
}

/// Calls `body(c)` for every chunk c in [0, chunks), on the caller and idle threads of the pool.
/// Chunk c belongs to thread c (0: the caller), loop after loop; what its thread has not begun
/// others take. A busy machine, a pool in use elsewhere, or a loop inside a loop only mean that the
/// caller does more itself, so a result depends on `chunks` alone. `body` must not throw.
template <class Body>
void parallel_chunks(int chunks, Body&& body) {
  if (chunks == 1) {
    body(0);
    return;
  }
  using Plain = std::remove_reference_t<Body>;
  internal::run_chunks(
      chunks, [](void* data, int chunk) { (*static_cast<Plain*>(data))(chunk); },
      const_cast<std::remove_const_t<Plain>*>(std::addressof(body)));
}

/// Chunk `chunk` of `chunks` near-equal parts of [0, count), cut at multiples of `grain`.
struct Range {
  long begin, end;
};
Range chunk_range(long count, int chunks, int chunk, long grain = 1);

/// While it lives, OpenMP regions of this thread that do not name a team size use `n` threads:
/// what a oneDNN primitive sees when it is made and when it runs. Danlu itself uses no OpenMP.
class ThreadScope {
 public:
  explicit ThreadScope(int n);
  ~ThreadScope();
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int previous_;
};

}  // namespace danlu
