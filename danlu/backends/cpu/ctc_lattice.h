#pragma once

#include <algorithm>
#include <cmath>

#include "danlu/backends/cpu/ctc_geometry.h"

/// Connectionist temporal classification of one sample in double.
///
/// The states after each step: `phi[n]`, the mask was last and n labels are written; `emit[n]`,
/// label n was last. Both hold logarithms of the probability of all ways there.
namespace danlu::cpu::ctc {

inline double log_add(double a, double b) {
  return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
}

/// The states of one sample after each step, or of the last two.
template <class T>
class Lattice {
 public:
  /// Doubles that it needs; with `rows` of states, one per step and one before the first.
  static int64_t size(const CtcGeometry& g, int64_t rows) { return rows * (2 * g.labels + 1); }

  Lattice(const CtcGeometry& g, const CtcGeometry::Sample<T>& s, double* work, int64_t rows)
      : g_(g), s_(s), work_(work), rows_(rows) {}

  double* phi(int64_t t) const { return work_ + t % rows_ * (2 * g_.labels + 1); }
  double* emit(int64_t t) const { return phi(t) + g_.labels + 1; }
  double log_prob(int64_t t, int64_t c) const {
    return static_cast<double>(s_.log_probs[t * g_.classes + c]);
  }
  /// What it costs to go on from label n − 1 to label n without the mask between them.
  double obstacle(int64_t n) const { return s_.target[n] == s_.target[n - 1] ? kCtcImpossible : 0; }

  /// −log of the probability of the target.
  double loss() const {
    std::fill_n(phi(0), s_.labels + 1, kCtcImpossible);
    std::fill_n(emit(0), s_.labels, kCtcImpossible);
    phi(0)[0] = 0;
    for (int64_t t = 0; t < s_.steps; ++t) step(t);
    const double* p = phi(s_.steps);
    return s_.labels == 0 ? -p[0] : -log_add(p[s_.labels], emit(s_.steps)[s_.labels - 1]);
  }

 private:
  void step(int64_t t) const {
    const double *p = phi(t), *e = emit(t);
    double *next_p = phi(t + 1), *next_e = emit(t + 1);
    const double mask = log_prob(t, g_.mask);
    next_p[0] = mask + p[0];
    for (int64_t n = 0; n < s_.labels; ++n) {
      next_p[n + 1] = mask + log_add(p[n + 1], e[n]);
      double from = log_add(p[n], e[n]);
      if (n > 0) from = log_add(from, e[n - 1] + obstacle(n));
      next_e[n] = log_prob(t, s_.target[n]) + from;
    }
  }

  const CtcGeometry& g_;
  const CtcGeometry::Sample<T>& s_;
  double* work_;
  int64_t rows_;
};

/// Doubles that `gradient` needs.
inline int64_t gradient_size(const CtcGeometry& g) {
  return (g.steps + 3) * (2 * g.labels + 1) + g.classes;
}

/// Derivatives of the loss: backwards through the lattice, with the probability of each state given
/// the target.
template <class T>
void gradient(const CtcGeometry& g, const CtcGeometry::Sample<T>& s, double* work, T* out) {
  const int64_t stride = 2 * g.labels + 1;
  const Lattice<T> lattice(g, s, work, g.steps + 1);
  double* phi = work + Lattice<T>::size(g, g.steps + 1);
  double *emit = phi + g.labels + 1, *before = phi + stride, *row = before + stride;
  const double total = -lattice.loss();
  std::fill_n(phi, stride, 0.0);
  phi[s.labels] = std::exp(lattice.phi(s.steps)[s.labels] - total);
  if (s.labels > 0) emit[s.labels - 1] = std::exp(lattice.emit(s.steps)[s.labels - 1] - total);
  std::fill_n(out, g.steps * g.classes, T{0});
  for (int64_t t = s.steps - 1; t >= 0; --t) {
    const double *p = lattice.phi(t), *e = lattice.emit(t);
    const double *next_p = lattice.phi(t + 1), *next_e = lattice.emit(t + 1);
    std::fill_n(before, stride, 0.0);
    std::fill_n(row, g.classes, 0.0);
    double *before_p = before, *before_e = before + g.labels + 1;
    const double mask = lattice.log_prob(t, g.mask);
    row[g.mask] -= phi[0];
    before_p[0] += phi[0];
    for (int64_t n = 0; n < s.labels; ++n) {
      row[g.mask] -= phi[n + 1];
      const double rest = next_p[n + 1] - mask;
      before_p[n + 1] += phi[n + 1] * std::exp(p[n + 1] - rest);
      before_e[n] += phi[n + 1] * std::exp(e[n] - rest);
      row[s.target[n]] -= emit[n];
      const double from = next_e[n] - lattice.log_prob(t, s.target[n]);
      before_p[n] += emit[n] * std::exp(p[n] - from);
      before_e[n] += emit[n] * std::exp(e[n] - from);
      if (n > 0) before_e[n - 1] += emit[n] * std::exp(e[n - 1] + lattice.obstacle(n) - from);
    }
    std::copy_n(before, stride, phi);
    for (int64_t c = 0; c < g.classes; ++c) out[t * g.classes + c] = static_cast<T>(row[c]);
  }
}

}  // namespace danlu::cpu::ctc
