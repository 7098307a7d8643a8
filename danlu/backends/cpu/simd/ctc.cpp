#include "danlu/backends/cpu/simd/ctc.h"

#include "danlu/backends/cpu/ctc_lattice.h"
#include "danlu/backends/cpu/simd/ctc_loops.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::simd {
namespace {

/// Further from every state than kCtcImpossible.
constexpr float kNever = -1e30f;

using Sample = CtcGeometry::Sample<float>;

/// Memory of one thread: rows of states, and what belongs to the labels.
struct Rows {
  int64_t width;  ///< of a row
  int64_t count;
  float *states, *log_prob, *obstacle, *to_phi, *to_emit, *most;

  static int64_t width_of(const CtcGeometry& g) {
    return g.labels + 1 + static_cast<int64_t>(kCtcSlack);
  }
  static int64_t size(const CtcGeometry& g, int64_t count) {
    return (2 * count + 4) * width_of(g) + g.steps + 1;
  }
  Rows(const CtcGeometry& g, int64_t count, float* work) : width(width_of(g)), count(count) {
    states = work;
    log_prob = states + 2 * count * width;
    obstacle = log_prob + width;
    to_phi = obstacle + width;
    to_emit = to_phi + width;
    most = to_emit + width;
  }

  float* phi(int64_t t) const { return states + t % count * 2 * width; }
  float* emit(int64_t t) const { return phi(t) + width; }
};

class Lattice {
 public:
  Lattice(const CtcGeometry& g, const Sample& s, const Rows& rows, const CtcLoops& loops)
      : g_(g), s_(s), rows_(rows), loops_(loops) {
    std::fill_n(rows.states, 2 * rows.count * rows.width, kNever);
    std::fill_n(rows.phi(0), rows.width, static_cast<float>(kCtcImpossible));
    std::fill_n(rows.emit(0) + 1, s.labels, static_cast<float>(kCtcImpossible));
    rows.phi(0)[0] = 0;
    std::fill_n(rows.log_prob, rows.width, kNever);
    std::fill_n(rows.obstacle, rows.width, 0.0f);
    for (int64_t n = 1; n < s.labels; ++n) {
      if (s.target[n] == s.target[n - 1]) rows.obstacle[n] = static_cast<float>(kCtcImpossible);
    }
  }

  /// Whether the steps suffice; float32 is too coarse for what costs 1e5.
  static bool possible(const Sample& s) {
    int64_t needed = s.labels;
    for (int64_t n = 1; n < s.labels; ++n) needed += s.target[n] == s.target[n - 1];
    return s.steps >= needed;
  }

  float loss() const {
    double before = 0;
    float most = 0;
    for (int64_t t = 0; t < s_.steps; ++t) {
      before += static_cast<double>(most);
      rows_.most[t] = most;
      most = loops_.forward(rows_.phi(t), rows_.emit(t), log_probs(t), rows_.obstacle, mask(t),
                            labels(), rows_.phi(t + 1), rows_.emit(t + 1));
    }
    return static_cast<float>(-(before + static_cast<double>(end())));
  }

  void gradient(float* out) const {
    loss();
    std::fill_n(rows_.to_phi, rows_.width, 0.0f);
    std::fill_n(rows_.to_emit, rows_.width, 0.0f);
    rows_.to_phi[s_.labels] = std::exp(rows_.phi(s_.steps)[s_.labels] - end());
    if (s_.labels > 0) {
      rows_.to_emit[s_.labels - 1] = std::exp(rows_.emit(s_.steps)[s_.labels] - end());
    }
    std::fill_n(out, g_.steps * g_.classes, 0.0f);
    for (int64_t t = s_.steps - 1; t >= 0; --t) {
      float* row = out + t * g_.classes;
      for (int64_t n = 0; n < s_.labels; ++n) row[s_.target[n]] -= rows_.to_emit[n];
      row[g_.mask] -= loops_.backward(rows_.phi(t), rows_.emit(t), log_probs(t), rows_.obstacle,
                                      mask(t), labels(), rows_.phi(t + 1), rows_.emit(t + 1),
                                      rows_.to_phi, rows_.to_emit);
    }
  }

 private:
  size_t labels() const { return static_cast<size_t>(s_.labels); }
  float mask(int64_t t) const { return s_.log_probs[t * g_.classes + g_.mask] - rows_.most[t]; }
  const float* log_probs(int64_t t) const {
    for (int64_t n = 0; n < s_.labels; ++n) {
      rows_.log_prob[n] = s_.log_probs[t * g_.classes + s_.target[n]] - rows_.most[t];
    }
    return rows_.log_prob;
  }
  /// The logarithm of the target's probability, relative to the last step but one.
  float end() const {
    const float p = rows_.phi(s_.steps)[s_.labels];
    if (s_.labels == 0) return p;
    return static_cast<float>(ctc::log_add(p, rows_.emit(s_.steps)[s_.labels]));
  }

  const CtcGeometry& g_;
  const Sample& s_;
  const Rows& rows_;
  const CtcLoops& loops_;
};

/// Calls one(args, i, work) for each sample, `bytes` being the memory of a thread.
template <class One>
std::unique_ptr<Kernel> by_sample(const KernelQuery& q, const CtcGeometry& g, size_t bytes,
                                  One one) {
  const int threads = static_cast<int>(std::clamp<int64_t>(g.batch, 1, q.threads));
  const size_t each = (bytes + 63) / 64 * 64;
  return simple_kernel(
      [=](const KernelArgs& args) {
        parallel_chunks(threads, [&](int chunk) {
          const Range range = chunk_range(g.batch, threads, chunk);
          std::byte* work = args.scratch + static_cast<size_t>(chunk) * each;
          for (int64_t i = range.begin; i < range.end; ++i) one(args, i, work);
        });
      },
      each * static_cast<size_t>(threads), threads);
}

size_t bytes_of(int64_t floats, int64_t doubles) {
  return std::max(static_cast<size_t>(floats) * sizeof(float),
                  static_cast<size_t>(doubles) * sizeof(double));
}

std::unique_ptr<Kernel> prepare_loss(const KernelQuery& q) {
  using Exact = ctc::Lattice<float>;
  const CtcGeometry g(q);
  const CtcLoops& loops = ctc_loops(q.isa);
  return by_sample(q, g, bytes_of(Rows::size(g, 2), Exact::size(g, 2)),
                   [g, &loops](const KernelArgs& args, int64_t i, std::byte* work) {
                     const Sample s = g.sample<float>(args, i);
                     float& out = args.out<float>(0)[i];
                     if (Lattice::possible(s)) {
                       const Rows rows(g, 2, reinterpret_cast<float*>(work));
                       out = Lattice(g, s, rows, loops).loss();
                     } else {
                       auto* wide = reinterpret_cast<double*>(work);
                       out = static_cast<float>(Exact(g, s, wide, 2).loss());
                     }
                   });
}

std::unique_ptr<Kernel> prepare_gradient(const KernelQuery& q) {
  const CtcGeometry g(q);
  const CtcLoops& loops = ctc_loops(q.isa);
  return by_sample(q, g, bytes_of(Rows::size(g, g.steps + 1), ctc::gradient_size(g)),
                   [g, &loops](const KernelArgs& args, int64_t i, std::byte* work) {
                     const Sample s = g.sample<float>(args, i);
                     float* out = args.out<float>(0) + i * g.steps * g.classes;
                     if (Lattice::possible(s)) {
                       const Rows rows(g, g.steps + 1, reinterpret_cast<float*>(work));
                       Lattice(g, s, rows, loops).gradient(out);
                     } else {
                       ctc::gradient(g, s, reinterpret_cast<double*>(work), out);
                     }
                   });
}

std::string refusal(const KernelQuery& q) {
  return q.inputs[1].dtype == DType::float32 ? "" : "only float32 is computed here";
}

}  // namespace

KernelDef ctc_loss() { return {"simd", refusal, prepare_loss}; }
KernelDef ctc_loss_gradient() { return {"simd", refusal, prepare_gradient}; }

}  // namespace danlu::cpu::simd
