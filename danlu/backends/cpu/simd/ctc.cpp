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
  double* states;
  float *log_prob, *obstacle, *to_phi, *to_emit;

  static int64_t width_of(const CtcGeometry& g) {
    return g.labels + 1 + static_cast<int64_t>(kCtcSlack);
  }
  static size_t bytes(const CtcGeometry& g, int64_t count) {
    return static_cast<size_t>(width_of(g)) *
           (static_cast<size_t>(2 * count) * sizeof(double) + 4 * sizeof(float));
  }
  Rows(const CtcGeometry& g, int64_t count, std::byte* work) : width(width_of(g)), count(count) {
    states = reinterpret_cast<double*>(work);
    log_prob = reinterpret_cast<float*>(states + 2 * count * width);
    obstacle = log_prob + width;
    to_phi = obstacle + width;
    to_emit = to_phi + width;
  }

  double* phi(int64_t t) const { return states + t % count * 2 * width; }
  double* emit(int64_t t) const { return phi(t) + width; }
};

class Lattice {
 public:
  Lattice(const CtcGeometry& g, const Sample& s, const Rows& rows, const CtcLoops& loops)
      : g_(g), s_(s), rows_(rows), loops_(loops) {
    std::fill_n(rows.states, 2 * rows.count * rows.width, static_cast<double>(kNever));
    std::fill_n(rows.phi(0), rows.width, kCtcImpossible);
    std::fill_n(rows.emit(0) + 1, s.labels, kCtcImpossible);
    rows.phi(0)[0] = 0;
    std::fill_n(rows.log_prob, rows.width, kNever);
    std::fill_n(rows.obstacle, rows.width, 0.0f);
    for (int64_t n = 1; n < s.labels; ++n) {
      if (s.target[n] == s.target[n - 1]) rows.obstacle[n] = static_cast<float>(kCtcImpossible);
    }
  }

  float loss() const {
    for (int64_t t = 0; t < s_.steps; ++t) {
      loops_.forward(rows_.phi(t), rows_.emit(t), log_probs(t), rows_.obstacle, mask(t), labels(),
                     rows_.phi(t + 1), rows_.emit(t + 1));
    }
    return static_cast<float>(-end());
  }

  void gradient(float* out) const {
    loss();
    std::fill_n(rows_.to_phi, rows_.width, 0.0f);
    std::fill_n(rows_.to_emit, rows_.width, 0.0f);
    const auto share = [&](double part) { return static_cast<float>(std::exp(part - end())); };
    rows_.to_phi[s_.labels] = share(rows_.phi(s_.steps)[s_.labels]);
    if (s_.labels > 0) {
      rows_.to_emit[s_.labels - 1] = share(rows_.emit(s_.steps)[s_.labels]);
    }
    std::fill_n(out, g_.steps * g_.classes, 0.0f);
    for (int64_t t = s_.steps - 1; t >= 0; --t) {
      float* row = out + t * g_.classes;
      float total = 0;
      for (int64_t n = 0; n < s_.labels; ++n) {
        total += rows_.to_emit[n];
        row[s_.target[n]] -= rows_.to_emit[n];
      }
      const float rest = loops_.backward(rows_.phi(t), rows_.emit(t), log_probs(t), rows_.obstacle,
                                         mask(t), labels(), rows_.phi(t + 1), rows_.emit(t + 1),
                                         rows_.to_phi, rows_.to_emit);
      row[g_.mask] -= rest;
      // Their sum is 1; what rounding makes of it would grow from step to step.
      const float scale = 1 / (total + rest);
      for (int64_t c = 0; c < g_.classes; ++c) row[c] *= scale;
    }
  }

 private:
  size_t labels() const { return static_cast<size_t>(s_.labels); }
  float mask(int64_t t) const { return s_.log_probs[t * g_.classes + g_.mask]; }
  const float* log_probs(int64_t t) const {
    for (int64_t n = 0; n < s_.labels; ++n) {
      rows_.log_prob[n] = s_.log_probs[t * g_.classes + s_.target[n]];
    }
    return rows_.log_prob;
  }
  /// The logarithm of the target's probability.
  double end() const {
    const double p = rows_.phi(s_.steps)[s_.labels];
    return s_.labels == 0 ? p : ctc::log_add(p, rows_.emit(s_.steps)[s_.labels]);
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

std::unique_ptr<Kernel> prepare_loss(const KernelQuery& q) {
  const CtcGeometry g(q);
  const CtcLoops& loops = ctc_loops(q.isa);
  return by_sample(q, g, Rows::bytes(g, 2),
                   [g, &loops](const KernelArgs& args, int64_t i, std::byte* work) {
                     const Sample s = g.sample<float>(args, i);
                     const Rows rows(g, 2, work);
                     args.out<float>(0)[i] = Lattice(g, s, rows, loops).loss();
                   });
}

std::unique_ptr<Kernel> prepare_gradient(const KernelQuery& q) {
  const CtcGeometry g(q);
  const CtcLoops& loops = ctc_loops(q.isa);
  return by_sample(
      q, g, Rows::bytes(g, g.steps + 1),
      [g, &loops](const KernelArgs& args, int64_t i, std::byte* work) {
        const Sample s = g.sample<float>(args, i);
        const Rows rows(g, g.steps + 1, work);
        Lattice(g, s, rows, loops).gradient(args.out<float>(0) + i * g.steps * g.classes);
      });
}

std::string refusal(const KernelQuery& q) {
  return q.inputs[1].dtype == DType::float32 ? "" : "only float32 is computed here";
}

}  // namespace

KernelDef ctc_loss() { return {"simd", refusal, prepare_loss}; }
KernelDef ctc_loss_gradient() { return {"simd", refusal, prepare_gradient}; }

}  // namespace danlu::cpu::simd
