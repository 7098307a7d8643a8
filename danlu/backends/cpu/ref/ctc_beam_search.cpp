#include <algorithm>
#include <cmath>
#include <limits>

#include "danlu/backends/cpu/ref/ctc.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/base/thread.h"
#include "danlu/ops/nn/ctc_attrs.h"

// Prefix beam search: the most probable label sequences so far stand in a tree in which each is
// its parent's labels and one more. Source: A. Hannun, A. Maas, D. Jurafsky, A. Ng, First-Pass
// Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs (2014).

namespace danlu::cpu::ref {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

double log_add(double a, double b) {
  if (a == kNever) return b;
  if (b == kNever) return a;
  return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
}

/// A label sequence.
struct Prefix {
  int32_t parent = -1;
  int32_t label = -1;
  int32_t child = -1, sibling = -1;
  int32_t place = -1;  ///< in the beam, −1: not there
};

/// A prefix in the beam, or one that may get there: the logarithms of the probability of all ways
/// to it that end with its last label, and with the mask.
struct Candidate {
  int32_t prefix = -1;  ///< −1: a new one, of `parent` and `label`
  int32_t parent = -1, label = -1;
  double emit = kNever, mask = kNever;
  double total = kNever;  ///< of both
};

struct Sizes {
  int64_t steps, classes, mask, width, paths;

  int64_t prefixes() const { return 1 + steps * width; }
  int64_t candidates() const { return width * classes; }
  size_t bytes() const {
    return static_cast<size_t>(prefixes()) * sizeof(Prefix) +
           static_cast<size_t>(candidates() + width) * sizeof(Candidate) +
           static_cast<size_t>(width * classes + 2 * steps) * sizeof(int32_t) + 64;
  }
};

class Search {
 public:
  Search(const Sizes& sizes, std::byte* memory) : s_(sizes) {
    candidates_ = take<Candidate>(memory, s_.candidates());
    beam_ = take<Candidate>(memory, s_.width);
    prefixes_ = take<Prefix>(memory, s_.prefixes());
    extended_ = take<int32_t>(memory, s_.width * s_.classes);
    left_ = take<int32_t>(memory, s_.steps);
    right_ = take<int32_t>(memory, s_.steps);
    prefixes_[0] = {.place = 0};
    beam_[0] = {.prefix = 0, .mask = 0, .total = 0};
  }

  /// One step, the logarithms of the probabilities of its classes being `log_prob`.
  template <class T>
  void step(const T* log_prob) {
    gather([log_prob](int64_t c) { return static_cast<double>(log_prob[c]); });
    for (int64_t i = 0; i < alive_; ++i) prefixes_[beam_[i].prefix].place = -1;
    const int64_t kept = std::min(count_, s_.width);
    const auto better = [this](const Candidate& a, const Candidate& b) { return precedes(a, b); };
    std::partial_sort(candidates_, candidates_ + kept, candidates_ + count_, better);
    for (alive_ = 0; alive_ < kept; ++alive_) {
      Candidate& best = beam_[alive_] = candidates_[alive_];
      if (best.prefix < 0) best.prefix = child(best.parent, best.label);
      prefixes_[best.prefix].place = static_cast<int32_t>(alive_);
    }
  }

  /// The labels (−1 behind them) and score of the path that comes `rank`-th.
  template <class T>
  void path(int64_t rank, int32_t* labels, T* score) {
    std::fill_n(labels, s_.steps, -1);
    *score = static_cast<T>(rank < alive_ ? beam_[rank].total : kNever);
    if (rank < alive_) spell(beam_[rank].prefix, -1, labels);
  }

 private:
  template <class T>
  static T* take(std::byte*& memory, int64_t count) {
    T* first = reinterpret_cast<T*>(memory);
    memory += static_cast<size_t>(count) * sizeof(T);
    return first;
  }

  /// All that the beam leads to.
  template <class LogProb>
  void gather(const LogProb& log_prob) {
    const double mask = log_prob(s_.mask);
    count_ = alive_;
    std::fill_n(extended_, alive_ * s_.classes, -1);
    // A prefix in the beam whose parent is there too is reached from it.
    for (int64_t i = 0; i < alive_; ++i) {
      const Prefix& prefix = prefixes_[beam_[i].prefix];
      if (prefix.parent < 0 || prefixes_[prefix.parent].place < 0) continue;
      extended_[prefixes_[prefix.parent].place * s_.classes + prefix.label] =
          static_cast<int32_t>(i);
    }
    for (int64_t i = 0; i < alive_; ++i) {
      const Candidate& now = beam_[i];
      const int32_t last = prefixes_[now.prefix].label;
      candidates_[i] = {.prefix = now.prefix, .mask = now.total + mask};
      if (last >= 0) candidates_[i].emit = now.emit + log_prob(last);
    }
    for (int64_t i = 0; i < alive_; ++i) {
      const Candidate& now = beam_[i];
      const int32_t last = prefixes_[now.prefix].label;
      for (int64_t c = 0; c < s_.classes; ++c) {
        if (c == s_.mask) continue;
        // The same label again is a new one only behind the mask.
        const double score = (c == last ? now.mask : now.total) + log_prob(c);
        const int32_t known = extended_[i * s_.classes + c];
        if (known >= 0) {
          candidates_[known].emit = log_add(candidates_[known].emit, score);
        } else if (score > kNever) {
          candidates_[count_++] = {
              .parent = now.prefix, .label = static_cast<int32_t>(c), .emit = score};
        }
      }
    }
    for (int64_t i = 0; i < count_; ++i) {
      candidates_[i].total = log_add(candidates_[i].emit, candidates_[i].mask);
    }
  }

  int32_t child(int32_t parent, int32_t label) {
    int32_t at = prefixes_[parent].child;
    while (at >= 0 && prefixes_[at].label != label) at = prefixes_[at].sibling;
    if (at >= 0) return at;
    prefixes_[used_] = {.parent = parent, .label = label, .sibling = prefixes_[parent].child};
    return prefixes_[parent].child = used_++;
  }

  /// Writes the labels of `prefix` and, unless it is −1, one more; returns how many there are.
  int64_t spell(int32_t prefix, int32_t more, int32_t* labels) const {
    int64_t length = 0;
    if (more >= 0) labels[length++] = more;
    for (int32_t at = prefix; prefixes_[at].parent >= 0; at = prefixes_[at].parent) {
      labels[length++] = prefixes_[at].label;
    }
    std::reverse(labels, labels + length);
    return length;
  }
  int64_t spell(const Candidate& x, int32_t* labels) const {
    return x.prefix >= 0 ? spell(x.prefix, -1, labels) : spell(x.parent, x.label, labels);
  }

  /// More probable; of equal ones the lower label at the first difference, then the longer one.
  bool precedes(const Candidate& a, const Candidate& b) const {
    if (a.total != b.total) return a.total > b.total;
    const int64_t n = spell(a, left_), m = spell(b, right_);
    for (int64_t i = 0; i < std::min(n, m); ++i) {
      if (left_[i] != right_[i]) return left_[i] < right_[i];
    }
    return n > m;
  }

  Sizes s_;
  Prefix* prefixes_;
  Candidate *candidates_, *beam_;
  int32_t *extended_, *left_, *right_;
  int64_t alive_ = 1, count_ = 0;
  int32_t used_ = 1;
};

std::unique_ptr<Kernel> prepare(const KernelQuery& q) {
  const auto& attrs = q.attrs_as<CtcBeamSearchAttrs>();
  const Shape& shape = q.inputs[0].shape;
  const int64_t batch = shape[0];
  const Sizes sizes{shape[1], shape[2], attrs.mask_index, attrs.beam_width, attrs.top_paths};
  const int threads = static_cast<int>(std::clamp<int64_t>(batch, 1, q.threads));
  const size_t each = (sizes.bytes() + 63) / 64 * 64;
  return dispatch_float(q.inputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    using T = decltype(tag);
    return simple_kernel(
        [=](const KernelArgs& args) {
          parallel_chunks(threads, [&](int chunk) {
            const Range range = chunk_range(batch, threads, chunk);
            for (int64_t i = range.begin; i < range.end; ++i) {
              Search search(sizes, args.scratch + static_cast<size_t>(chunk) * each);
              const T* log_probs = args.in<T>(0) + i * sizes.steps * sizes.classes;
              // The first step always counts, as in Keras.
              const int64_t length = std::clamp<int64_t>(args.in<int32_t>(1)[i], 1, sizes.steps);
              for (int64_t t = 0; t < length; ++t) search.step(log_probs + t * sizes.classes);
              for (int64_t k = 0; k < sizes.paths; ++k) {
                search.path(k, args.out<int32_t>(0) + (k * batch + i) * sizes.steps,
                            args.out<T>(1) + i * sizes.paths + k);
              }
            }
          });
        },
        each * static_cast<size_t>(threads), threads);
  });
}

}  // namespace

KernelDef ctc_beam_search() { return {"ref", takes_everything, prepare}; }

}  // namespace danlu::cpu::ref
