#include "danlu/backends/cpu/ref/random.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/base/philox.h"
#include "danlu/base/thread.h"
#include "danlu/ops/random/random_attrs.h"

namespace danlu::cpu::ref {
namespace {

constexpr double kTwoPi = 6.283185307179586476925;

struct Draw {
  uint64_t seed, counter;
  /// Of state `i`.
  Draw(const KernelArgs& args, int64_t i)
      : seed(static_cast<uint64_t>(args.in<int64_t>(0)[2 * i])),
        counter(static_cast<uint64_t>(args.in<int64_t>(0)[2 * i + 1])) {}
  Philox4x32::Block block(uint64_t low) const { return Philox4x32::block(seed, low, counter); }
};

// Numbers that one block of four words gives: four of 32 bits, or two of 64.
template <class T>
constexpr int kPerBlock = std::is_same_v<T, double> ? 2 : 4;

template <class T>
std::array<double, kPerBlock<T>> uniform_block(const Draw& draw, uint64_t low) {
  const auto w = draw.block(low);
  if constexpr (kPerBlock<T> == 2) {
    return {unit_double(w[0], w[1]), unit_double(w[2], w[3])};
  } else {
    return {unit_float(w[0]), unit_float(w[1]), unit_float(w[2]), unit_float(w[3])};
  }
}

// Box and Muller: two uniform numbers, the first in (0, 1], give two normal ones.
std::array<double, 2> box_muller(double u, double v) {
  const double radius = std::sqrt(-2 * std::log(u));
  return {radius * std::cos(kTwoPi * v), radius * std::sin(kTwoPi * v)};
}

template <class T>
std::array<double, kPerBlock<T>> normal_block(const Draw& draw, uint64_t low) {
  const auto w = draw.block(low);
  if constexpr (kPerBlock<T> == 2) {
    return box_muller(1 - unit_double(w[0], w[1]), unit_double(w[2], w[3]));
  } else {
    // All 32 bits, so that the tails reach 6.6 standard deviations.
    auto unit = [](uint32_t word) { return (word + 0.5) * 0x1p-32; };
    const auto a = box_muller(unit(w[0]), unit(w[1])), b = box_muller(unit(w[2]), unit(w[3]));
    return {a[0], a[1], b[0], b[1]};
  }
}

// Numbers outside two standard deviations are taken from further blocks, far above all element
// blocks, at the same place in the block.
template <class T>
std::array<double, kPerBlock<T>> truncated_block(const Draw& draw, uint64_t low) {
  auto values = normal_block<T>(draw, low);
  for (uint64_t attempt = 1;; ++attempt) {
    if (std::all_of(values.begin(), values.end(), [](double v) { return std::abs(v) <= 2; })) {
      return values;
    }
    const auto again = normal_block<T>(draw, low | attempt << 48);
    for (size_t i = 0; i < values.size(); ++i) {
      if (std::abs(values[i]) > 2) values[i] = again[i];
    }
  }
}

// Fills the draws of all states block by block, in parallel chunks.
template <class T, auto kBlock, class Finish>
std::unique_ptr<Kernel> block_kernel(const KernelQuery& q, Finish finish) {
  const int64_t total = q.outputs[0].shape.num_elements();
  const int64_t count = total / std::max<int64_t>(1, q.inputs[0].shape.num_elements() / 2);
  const int threads = total < 4096 ? 1 : q.threads;
  return simple_kernel(
      [=](const KernelArgs& args) {
        T* out = args.out<T>(0);
        parallel_chunks(threads, [&](int chunk) {
          const Range range = chunk_range(total, threads, chunk, 4);
          for (int64_t at = range.begin; at < range.end;) {
            const Draw draw(args, at / count);
            const int64_t end = std::min<int64_t>(range.end, (at / count + 1) * count);
            while (at < end) {
              const int64_t i = at % count;
              const auto values = kBlock(draw, static_cast<uint64_t>(i) / kPerBlock<T>);
              for (int64_t k = i % kPerBlock<T>; k < kPerBlock<T> && at < end; ++k) {
                out[at++] = finish(values[static_cast<size_t>(k)]);
              }
            }
          }
        });
      },
      0, threads);
}

std::array<uint32_t, 4> words_block(const Draw& draw, uint64_t low) { return draw.block(low); }

template <class T>
T next_below(T value) {
  if constexpr (sizeof(T) == 2) {
    // One step towards −∞, in the order of the bit patterns.
    T next = value;
    if (static_cast<float>(value) == 0) {
      next.bits = 0x8001;
    } else if (static_cast<float>(value) > 0) {
      --next.bits;
    } else {
      ++next.bits;
    }
    return next;
  } else {
    return std::nextafter(value, -std::numeric_limits<T>::infinity());
  }
}

}  // namespace

KernelDef random_uniform() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const auto& attrs = q.attrs_as<RandomAttrs>();
            return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              const double low = attrs.a, high = attrs.b;
              return block_kernel<T, uniform_block<T>>(q, [low, high](double unit) {
                const auto value = static_cast<T>(low + (high - low) * unit);
                // Rounding to T may reach the open end.
                return static_cast<double>(value) < high ? value : next_below(value);
              });
            });
          }};
}

KernelDef random_normal() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const auto& attrs = q.attrs_as<RandomAttrs>();
            return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              return block_kernel<T, normal_block<T>>(q,
                                                      [mean = attrs.a, stddev = attrs.b](double z) {
                                                        return static_cast<T>(mean + stddev * z);
                                                      });
            });
          }};
}

KernelDef random_truncated_normal() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            const auto& attrs = q.attrs_as<RandomAttrs>();
            return dispatch_float(q.outputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              return block_kernel<T, truncated_block<T>>(
                  q, [mean = attrs.a, stddev = attrs.b](double z) {
                    return static_cast<T>(mean + stddev * z);
                  });
            });
          }};
}

KernelDef random_bernoulli() {
  return {"ref", takes_everything, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            // A word is below p · 2^32 with probability p.
            const auto bound =
                static_cast<uint64_t>(std::llround(q.attrs_as<RandomAttrs>().a * 0x1p32));
            return block_kernel<bool, words_block>(q, [bound](uint32_t w) { return w < bound; });
          }};
}

KernelDef random_permutation() {
  return {"ref", takes_everything, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            struct Item {
              uint64_t key;
              int64_t index;
            };
            const int64_t count = q.outputs[0].shape[-1];
            const int64_t states = q.inputs[0].shape.num_elements() / 2;
            return simple_kernel(
                [count, states](const KernelArgs& args) {
                  auto* items = reinterpret_cast<Item*>(args.scratch);
                  for (int64_t state = 0; state < states; ++state) {
                    const Draw draw(args, state);
                    for (int64_t i = 0; i < count; ++i) {
                      const auto w = draw.block(static_cast<uint64_t>(i));
                      items[i] = {w[0] | uint64_t{w[1]} << 32, i};
                    }
                    std::sort(items, items + count, [](const Item& a, const Item& b) {
                      return a.key != b.key ? a.key < b.key : a.index < b.index;
                    });
                    std::transform(items, items + count, args.out<int64_t>(0) + state * count,
                                   [](const Item& item) { return item.index; });
                  }
                },
                static_cast<size_t>(count) * sizeof(Item));
          }};
}

}  // namespace danlu::cpu::ref
