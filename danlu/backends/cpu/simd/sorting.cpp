#include "danlu/backends/cpu/simd/sorting.h"

#include <hwy/contrib/sort/vqsort.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "danlu/backends/cpu/rows.h"
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

/// Sorts `n` keys on `threads` threads; `spare` holds as many. Where the result is, is returned.
template <class K>
K* sort_in_parts(K* keys, K* spare, int64_t n, int threads) {
  const auto part = [&](int64_t i) { return chunk_range(n, threads, static_cast<int>(i)); };
  parallel_chunks(threads, [&](int chunk) {
    const Range range = part(chunk);
    sort_keys(keys + range.begin, range.end - range.begin);
  });
  for (int width = 1; width < threads; width *= 2) {
    const int pairs = (threads + 2 * width - 1) / (2 * width);
    parallel_chunks(pairs, [&](int pair) {
      const auto begin = [&](int chunk) { return chunk >= threads ? n : part(chunk).begin; };
      const int64_t first = begin(pair * 2 * width), middle = begin(pair * 2 * width + width),
                    last = begin((pair + 1) * 2 * width);
      std::merge(keys + first, keys + middle, keys + middle, keys + last, spare + first,
                 [](const K& a, const K& b) { return less(a, b); });
    });
    std::swap(keys, spare);
  }
  return keys;
}

constexpr int64_t kLongRow = 1 << 15;

/// Rows of keys: `load(row base, i)` makes a key, `store` writes one back.
template <class K, class In, class Out, class Load, class Store>
std::unique_ptr<Kernel> row_kernel(const KernelQuery& q, Load load, Store store) {
  const Rows rows(q.inputs[0].shape, q.attrs_as<AxisAttrs>().axis);
  const int threads = q.threads;
  const bool split = rows.count() < threads && rows.length >= kLongRow;
  const auto row_bytes = static_cast<size_t>(rows.length) * sizeof(K);
  return simple_kernel(
      [=](const KernelArgs& args) {
        const auto one_row = [&](int64_t r, K* keys, int parts) {
          const In* from = args.in<In>(0) + rows.begin(r);
          Out* to = args.out<Out>(0) + rows.begin(r);
          const auto each = [&](auto&& body) {
            parallel_chunks(parts, [&](int chunk) {
              const Range range = chunk_range(rows.length, parts, chunk);
              for (int64_t i = range.begin; i < range.end; ++i) body(i);
            });
          };
          each([&](int64_t i) { keys[i] = load(from[i * rows.stride], i); });
          const K* sorted = keys;
          if (parts > 1) {
            sorted = sort_in_parts(keys, keys + rows.length, rows.length, parts);
          } else {
            sort_keys(keys, rows.length);
          }
          each([&](int64_t i) { to[i * rows.stride] = store(sorted[i]); });
        };
        K* scratch = reinterpret_cast<K*>(args.scratch);
        if (split) {
          for (int64_t r = 0; r < rows.count(); ++r) one_row(r, scratch, threads);
        } else {
          for_each_row(rows, threads,
                       [&](int64_t r, int chunk) { one_row(r, scratch + chunk * rows.length, 1); });
        }
      },
      row_bytes * static_cast<size_t>(split ? 2 : threads), threads);
}

std::unique_ptr<Kernel> prepare_sort(const KernelQuery& q) {
  return dispatch_real(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    return row_kernel<Key<T>, T, T>(
        q, [](T x, int64_t) { return key_of(x); }, [](Key<T> key) { return element_of<T>(key); });
  });
}

std::unique_ptr<Kernel> prepare_argsort(const KernelQuery& q) {
  return dispatch_real(q.inputs[0].dtype, [&](auto tag) {
    using T = decltype(tag);
    if constexpr (sizeof(T) == 8) {
      return row_kernel<hwy::uint128_t, T, int32_t>(
          q,
          [](T x, int64_t i) {
            return hwy::uint128_t{static_cast<uint64_t>(i), key_of(without_sign_of_zero(x))};
          },
          [](const hwy::uint128_t& key) { return static_cast<int32_t>(key.lo); });
    } else {
      return row_kernel<uint64_t, T, int32_t>(
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
              for (int64_t i = 0; i < n; ++i) {
                const Key<T> key = key_of(without_sign_of_zero(from[i]));
                // What equals the kth best so far comes later, so it is worse.
                if (bounded && key <= bound) continue;
                if (held == room) {
                  std::nth_element(best, best + k - 1, best + held);
                  held = k;
                  bound = best[k - 1].key;
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
