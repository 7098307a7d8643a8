#include "danlu/backends/cpu/simd/sorting.h"

#include <hwy/contrib/sort/vqsort.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <type_traits>
#include <utility>

#include "danlu/backends/cpu/rows.h"
#include "danlu/backends/cpu/simd/sort_loops.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/ops/sorting/sorting_attrs.h"

namespace danlu::cpu::simd {
namespace {

/// Unsigned integers in the order of the elements; NaN is the greatest.
template <class T>
using Key = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <class T>
Key<T> key_of(T x) {
  using K = Key<T>;
  constexpr K kTop = K{1} << (8 * sizeof(K) - 1);
  if constexpr (std::is_unsigned_v<T>) {
    return x;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<K>(static_cast<std::make_signed_t<K>>(x)) ^ kTop;
  } else {
    using Wide = std::conditional_t<sizeof(T) == 8, double, float>;
    const auto wide = static_cast<Wide>(x);
    const K bits = std::bit_cast<K>(wide);
    const K key = bits ^ ((bits & kTop) != 0 ? static_cast<K>(~K{0}) : kTop);
    return wide != wide ? static_cast<K>(~K{0}) : key;
  }
}

template <class T>
T element_of(Key<T> key) {
  using K = Key<T>;
  constexpr K kTop = K{1} << (8 * sizeof(K) - 1);
  if constexpr (std::is_unsigned_v<T>) {
    return static_cast<T>(key);
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(key ^ kTop);
  } else {
    using Wide = std::conditional_t<sizeof(T) == 8, double, float>;
    const K bits = key ^ ((key & kTop) != 0 ? kTop : static_cast<K>(~K{0}));
    return static_cast<T>(std::bit_cast<Wide>(bits));
  }
}

/// −0 sorts with +0 where their order is to be kept.
template <class T>
T without_sign_of_zero(T x) {
  if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
    return x + T{0};
  } else if constexpr (!std::is_integral_v<T>) {
    return static_cast<float>(x) == 0 ? T(0.0f) : x;
  } else {
    return x;
  }
}

template <class K>
bool less(const K& a, const K& b) {
  return a < b;
}
bool less(const hwy::uint128_t& a, const hwy::uint128_t& b) {
  return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo;
}

template <class K>
void sort_keys(K* keys, int64_t n) {
  // Few elements are sorted before the machinery has started.
  if (n <= 32) {
    std::sort(keys, keys + n, [](const K& a, const K& b) { return less(a, b); });
    return;
  }
  static thread_local const hwy::Sorter sorter;
  sorter(keys, static_cast<size_t>(n), hwy::SortAscending());
}

constexpr int64_t kLongRow = 1 << 14;
constexpr int64_t kSamples = 128;  ///< looked at for each splitter

/// Rows of keys: `load(row, stride, range, keys)` makes those of a range, `store(keys, stride,
/// range, row)` writes them back. A row for which `copy(row, length, out)` is true needs no keys.
template <class K, class In, class Out, class Load, class Store>
class RowSort final : public Kernel {
 public:
  using Copy = bool (*)(const In* row, int64_t length, Out* out);

  RowSort(const KernelQuery& q, Load load, Store store, Copy copy)
      : rows_(q.inputs[0].shape, q.attrs_as<AxisAttrs>().axis),
        threads_(q.threads),
        split_(threads_ > 1 && rows_.count() < threads_ && rows_.length >= kLongRow),
        load_(load),
        store_(store),
        copy_(copy) {}

  int threads() const override { return threads_; }
  size_t scratch_bytes() const override {
    const auto length = static_cast<size_t>(rows_.length), threads = static_cast<size_t>(threads_);
    if (!split_) return threads * length * sizeof(K);
    return (2 * length + kSamples * threads) * sizeof(K) + threads * threads * sizeof(int64_t);
  }

  void run(const KernelArgs& args) const override {
    K* scratch = reinterpret_cast<K*>(args.scratch);
    if (split_) {
      for (int64_t r = 0; r < rows_.count(); ++r) {
        sort_together(args.in<In>(0) + rows_.begin(r), scratch, args.out<Out>(0) + rows_.begin(r));
      }
      return;
    }
    for_each_row(rows_, threads_, [&](int64_t r, int chunk) {
      if constexpr (std::is_same_v<Out, float>) {
        float* out = args.out<float>(0) + rows_.begin(r);
        if (copy_ != nullptr && copy_(args.in<In>(0) + rows_.begin(r), rows_.length, out)) {
          return sort_keys(out, rows_.length);
        }
      }
      K* keys = scratch + chunk * rows_.length;
      const Range all{0, rows_.length};
      load_(args.in<In>(0) + rows_.begin(r), rows_.stride, all, keys);
      sort_keys(keys, rows_.length);
      store_(keys, rows_.stride, all, args.out<Out>(0) + rows_.begin(r));
    });
  }

 private:
  /// One row on all threads. Each separates a part of the keys by splitters that a sample gives;
  /// then each collects the keys between two splitters and sorts them.
  void sort_together(const In* from, K* keys, Out* to) const {
    const int64_t n = rows_.length;
    K *sorted = keys + n, *sample = sorted + n;
    auto* counts = reinterpret_cast<int64_t*>(sample + kSamples * threads_);  // (part, bucket)
    const auto part = [&](int chunk) { return chunk_range(n, threads_, chunk); };
    parallel_chunks(threads_, [&](int chunk) { load_(from, rows_.stride, part(chunk), keys); });

    const int64_t samples = kSamples * threads_;
    for (int64_t i = 0; i < samples; ++i) sample[i] = keys[(2 * i + 1) * n / (2 * samples)];
    std::sort(sample, sample + samples, [](const K& a, const K& b) { return less(a, b); });
    for (int64_t i = 1; i < threads_; ++i) sample[i - 1] = sample[i * kSamples];
    parallel_chunks(threads_, [&](int chunk) {
      const Range range = part(chunk);
      separate(keys + range.begin, sorted + range.begin, range.end - range.begin, sample,
               threads_ - 1, counts + chunk * threads_);
    });
    parallel_chunks(threads_, [&](int bucket) {
      int64_t begin = 0;
      for (int chunk = 0; chunk < threads_; ++chunk) {
        const int64_t* mine = counts + chunk * threads_;
        begin = std::accumulate(mine, mine + bucket, begin);
      }
      int64_t end = begin;
      for (int chunk = 0; chunk < threads_; ++chunk) {
        const int64_t* mine = counts + chunk * threads_;
        const int64_t first = std::accumulate(mine, mine + bucket, part(chunk).begin);
        std::copy_n(keys + first, mine[bucket], sorted + end);
        end += mine[bucket];
      }
      sort_keys(sorted + begin, end - begin);
      store_(sorted, rows_.stride, Range{begin, end}, to);
    });
  }

  /// Puts `n` keys into the order of the buckets that `count` splitters make; sizes[count + 1] is
  /// how many each holds.
  static void separate(K* keys, K* spare, int64_t n, const K* splitters, int64_t count,
                       int64_t* sizes) {
    if (count == 0) {
      *sizes = n;
      return;
    }
    const int64_t middle = count / 2;
    const K splitter = splitters[middle];
    // Every key is written to both ends, and one end moves: nothing is left to be predicted.
    int64_t low = 0, high = n - 1;
    for (int64_t i = 0; i < n; ++i) {
      const K key = keys[i];
      const auto is_low = static_cast<int64_t>(less(key, splitter));
      spare[low] = key;
      spare[high] = key;
      low += is_low;
      high -= 1 - is_low;
    }
    std::copy_n(spare, n, keys);
    separate(keys, spare, low, splitters, middle, sizes);
    separate(keys + low, spare, n - low, splitters + middle + 1, count - middle - 1,
             sizes + middle + 1);
  }

  Rows rows_;
  int threads_;
  bool split_;
  Load load_;
  Store store_;
  Copy copy_;
};

template <class K, class In, class Out, class Load, class Store>
std::unique_ptr<Kernel> row_sort(const KernelQuery& q, Load load, Store store,
                                 bool (*copy)(const In*, int64_t, Out*) = nullptr) {
  return std::make_unique<RowSort<K, In, Out, Load, Store>>(q, load, store, copy);
}

/// The same from functions of one element: `load(x, i)` makes a key, `store(key)` an element.
template <class K, class In, class Out, class Load, class Store>
std::unique_ptr<Kernel> element_sort(const KernelQuery& q, Load load, Store store) {
  return row_sort<K, In, Out>(
      q,
      [load](const In* row, int64_t stride, Range range, K* keys) {
        for (int64_t i = range.begin; i < range.end; ++i) keys[i] = load(row[i * stride], i);
      },
      [store](const K* keys, int64_t stride, Range range, Out* row) {
        for (int64_t i = range.begin; i < range.end; ++i) row[i * stride] = store(keys[i]);
      });
}

std::unique_ptr<Kernel> prepare_sort(const KernelQuery& q) {
  const Rows rows(q.inputs[0].shape, q.attrs_as<AxisAttrs>().axis);
  if (q.inputs[0].dtype == DType::float32 && rows.stride == 1) {
    const SortLoops& loops = sort_loops(q.isa);
    return row_sort<uint32_t, float, float>(
        q,
        [to_keys = loops.to_keys](const float* row, int64_t, Range range, uint32_t* keys) {
          to_keys(row + range.begin, range.end - range.begin, keys + range.begin);
        },
        [from_keys = loops.from_keys](const uint32_t* keys, int64_t, Range range, float* row) {
          from_keys(keys + range.begin, range.end - range.begin, row + range.begin);
        },
        loops.copy_ordered);
  }
  return dispatch_real(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return element_sort<Key<T>, T, T>(
        q, [](T x, int64_t) { return key_of(x); }, [](Key<T> key) { return element_of<T>(key); });
  });
}

std::unique_ptr<Kernel> prepare_argsort(const KernelQuery& q) {
  return dispatch_real(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    if constexpr (sizeof(T) == 8) {
      return element_sort<hwy::uint128_t, T, int32_t>(
          q,
          [](T x, int64_t i) {
            return hwy::uint128_t{static_cast<uint64_t>(i), key_of(without_sign_of_zero(x))};
          },
          [](const hwy::uint128_t& key) { return static_cast<int32_t>(key.lo); });
    } else {
      return element_sort<uint64_t, T, int32_t>(
          q,
          [](T x, int64_t i) {
            return uint64_t{key_of(without_sign_of_zero(x))} << 32 | static_cast<uint64_t>(i);
          },
          [](uint64_t key) { return static_cast<int32_t>(key & 0xffffffffu); });
    }
  });
}

/// Greatest first; of equal keys the first index first.
template <class K>
struct Candidate {
  K key;
  int32_t index;
  friend bool operator<(const Candidate& a, const Candidate& b) {
    return a.key != b.key ? a.key > b.key : a.index < b.index;
  }
};

std::unique_ptr<Kernel> prepare_top_k(const KernelQuery& q) {
  const int64_t n = q.inputs[0].shape[-1], k = q.attrs_as<TopKAttrs>().k;
  const int64_t count = n == 0 ? 0 : q.inputs[0].shape.num_elements() / n;
  // Room for as many again before the worse half is dropped.
  const int64_t room = std::min(n, 2 * k + 64);
  const int threads = q.threads;
  const auto find_above = sort_loops(q.isa).find_above;
  return dispatch_real(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    using C = Candidate<Key<T>>;
    return simple_kernel(
        [=](const KernelArgs& args) {
          parallel_chunks(threads, [&](int chunk) {
            C* best = reinterpret_cast<C*>(args.scratch) + chunk * room;
            const Range range = chunk_range(count, threads, chunk);
            for (int64_t row = range.begin; row < range.end && k > 0; ++row) {
              const T* from = args.in<T>(0) + row * n;
              int64_t held = 0;
              bool bounded = false;
              Key<T> bound = 0;
              [[maybe_unused]] int64_t bound_index = 0;
              for (int64_t i = 0; i < n; ++i) {
                if constexpr (std::is_same_v<T, float>) {
                  if (bounded) i = find_above(from, i, n, from[bound_index]);
                  if (i == n) break;
                }
                const Key<T> key = key_of(without_sign_of_zero(from[i]));
                // What equals the kth best so far comes later, so it is worse.
                if (bounded && key <= bound) continue;
                if (held == room) {
                  std::nth_element(best, best + k - 1, best + held);
                  held = k;
                  bound = best[k - 1].key;
                  bound_index = best[k - 1].index;
                  bounded = true;
                  if (key <= bound) continue;
                }
                best[held++] = {key, static_cast<int32_t>(i)};
              }
              std::partial_sort(best, best + k, best + held);
              for (int64_t i = 0; i < k; ++i) {
                args.out<T>(0)[row * k + i] = from[best[i].index];
                args.out<int32_t>(1)[row * k + i] = best[i].index;
              }
            }
          });
        },
        static_cast<size_t>(threads * room) * sizeof(C), threads);
  });
}

}  // namespace

KernelDef sort() { return {"simd", takes_everything, prepare_sort}; }
KernelDef argsort() { return {"simd", takes_everything, prepare_argsort}; }
KernelDef top_k() { return {"simd", takes_everything, prepare_top_k}; }

}  // namespace danlu::cpu::simd
