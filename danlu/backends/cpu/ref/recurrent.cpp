#include "danlu/backends/cpu/ref/recurrent.h"

#include <algorithm>
#include <cmath>

#include "danlu/backends/cpu/recurrent_geometry.h"
#include "danlu/backends/cpu/simple_kernel.h"

namespace danlu::cpu::ref {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

template <class T>
void load(const T* from, int64_t n, double* to) {
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<double>(from[i]);
}
template <class T>
void store(const double* from, int64_t n, T* to) {
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<T>(from[i]);
}

/// sums += state · kernel, of n columns.
template <class T>
void add_product(const double* state, const T* kernel, int64_t units, int64_t n, double* sums) {
  for (int64_t p = 0; p < units; ++p, kernel += n) {
    for (int64_t j = 0; j < n; ++j) sums[j] += state[p] * static_cast<double>(kernel[j]);
  }
}

/// state += grad · kernelᵀ.
template <class T>
void add_transposed(const double* grad, const T* kernel, int64_t units, int64_t n, double* state) {
  for (int64_t p = 0; p < units; ++p, kernel += n) {
    for (int64_t j = 0; j < n; ++j) state[p] += grad[j] * static_cast<double>(kernel[j]);
  }
}

template <class T>
void run_lstm(const RecurrentGeometry& g, const KernelArgs& args) {
  const int64_t n = g.units;
  auto* h = reinterpret_cast<double*>(args.scratch);
  double *c = h + n, *z = c + n;
  for (int64_t b = 0; b < g.batch; ++b) {
    load(args.in<T>(1) + b * n, n, h);
    load(args.in<T>(2) + b * n, n, c);
    for (int64_t t = 0; t < g.time; ++t) {
      const int64_t row = g.row(b, t);
      load(args.in<T>(0) + row * 4 * n, 4 * n, z);
      add_product(h, args.in<T>(3), n, 4 * n, z);
      for (int64_t u = 0; u < n; ++u) {
        double &i = z[u], &f = z[n + u], &cell = z[2 * n + u], &o = z[3 * n + u];
        i = sigmoid(i), f = sigmoid(f), cell = std::tanh(cell), o = sigmoid(o);
        if (!g.counts(args, b, t)) continue;
        c[u] = f * c[u] + i * cell;
        h[u] = o * std::tanh(c[u]);
      }
      store(h, n, args.out<T>(0) + row * n);
      store(c, n, args.out<T>(1) + row * n);
      store(z, 4 * n, args.out<T>(2) + row * 4 * n);
    }
  }
}

template <class T>
void run_lstm_backward(const RecurrentGeometry& g, const KernelArgs& args) {
  const int64_t n = g.units;
  auto* dh = reinterpret_cast<double*>(args.scratch);
  double *dc = dh + n, *dz = dc + n;
  for (int64_t b = 0; b < g.batch; ++b) {
    std::fill_n(dh, 2 * n, 0.0);
    for (int64_t t = g.time - 1; t >= 0; --t) {
      const int64_t row = g.row(b, t);
      const T *gates = args.in<T>(0) + row * 4 * n, *cells = args.in<T>(1) + row * n;
      const T* before = t > 0 ? cells - n : args.in<T>(2) + b * n;
      const bool counts = g.counts(args, b, t);
      for (int64_t u = 0; u < n; ++u) {
        const auto i = static_cast<double>(gates[u]), f = static_cast<double>(gates[n + u]);
        const auto cell = static_cast<double>(gates[2 * n + u]);
        const auto o = static_cast<double>(gates[3 * n + u]);
        dh[u] += static_cast<double>(args.in<T>(4)[row * n + u]);
        if (g.carry_gradient >= 0) {
          dc[u] += static_cast<double>(args.in<T>(g.carry_gradient)[row * n + u]);
        }
        if (!counts) continue;
        const double tanh_c = std::tanh(static_cast<double>(cells[u]));
        dc[u] += dh[u] * o * (1 - tanh_c * tanh_c);
        dz[u] = dc[u] * cell * i * (1 - i);
        dz[n + u] = dc[u] * static_cast<double>(before[u]) * f * (1 - f);
        dz[2 * n + u] = dc[u] * i * (1 - cell * cell);
        dz[3 * n + u] = dh[u] * tanh_c * o * (1 - o);
        dc[u] *= f;
        dh[u] = 0;
      }
      if (!counts) std::fill_n(dz, 4 * n, 0.0);
      store(dz, 4 * n, args.out<T>(0) + row * 4 * n);
      add_transposed(dz, args.in<T>(3), n, 4 * n, dh);
    }
    store(dh, n, args.out<T>(1) + b * n);
    store(dc, n, args.out<T>(2) + b * n);
  }
}

template <class T>
void run_gru(const RecurrentGeometry& g, const KernelArgs& args) {
  const int64_t n = g.units;
  auto* h = reinterpret_cast<double*>(args.scratch);
  double* gates = h + n;  // z, r, n, the recurrent product
  double* product = gates + 4 * n;
  for (int64_t b = 0; b < g.batch; ++b) {
    load(args.in<T>(1) + b * n, n, h);
    for (int64_t t = 0; t < g.time; ++t) {
      const int64_t row = g.row(b, t);
      const T* x = args.in<T>(0) + row * 3 * n;
      load(args.in<T>(3), 3 * n, product);
      add_product(h, args.in<T>(2), n, 3 * n, product);
      for (int64_t u = 0; u < n; ++u) {
        double &z = gates[u], &r = gates[n + u], &next = gates[2 * n + u];
        z = sigmoid(static_cast<double>(x[u]) + product[u]);
        r = sigmoid(static_cast<double>(x[n + u]) + product[n + u]);
        next = std::tanh(static_cast<double>(x[2 * n + u]) + r * product[2 * n + u]);
        gates[3 * n + u] = product[2 * n + u];
        if (g.counts(args, b, t)) h[u] = z * h[u] + (1 - z) * next;
      }
      store(h, n, args.out<T>(0) + row * n);
      store(gates, 4 * n, args.out<T>(1) + row * 4 * n);
    }
  }
}

template <class T>
void run_gru_backward(const RecurrentGeometry& g, const KernelArgs& args) {
  const int64_t n = g.units;
  auto* dh = reinterpret_cast<double*>(args.scratch);
  double *grad = dh + n, *recurrent = grad + 3 * n;
  for (int64_t b = 0; b < g.batch; ++b) {
    std::fill_n(dh, n, 0.0);
    for (int64_t t = g.time - 1; t >= 0; --t) {
      const int64_t row = g.row(b, t);
      const T *gates = args.in<T>(0) + row * 4 * n, *states = args.in<T>(1) + row * n;
      const T* before = t > 0 ? states - n : args.in<T>(2) + b * n;
      const bool counts = g.counts(args, b, t);
      if (!counts) std::fill_n(grad, 6 * n, 0.0);
      for (int64_t u = 0; u < n; ++u) {
        const auto z = static_cast<double>(gates[u]), r = static_cast<double>(gates[n + u]);
        const auto next = static_cast<double>(gates[2 * n + u]);
        dh[u] += static_cast<double>(args.in<T>(4)[row * n + u]);
        if (!counts) continue;
        const double d_next = dh[u] * (1 - z) * (1 - next * next);
        grad[u] = dh[u] * (static_cast<double>(before[u]) - next) * z * (1 - z);
        grad[n + u] = d_next * static_cast<double>(gates[3 * n + u]) * r * (1 - r);
        grad[2 * n + u] = d_next;
        recurrent[u] = grad[u];
        recurrent[n + u] = grad[n + u];
        recurrent[2 * n + u] = d_next * r;
        dh[u] *= z;
      }
      store(grad, 3 * n, args.out<T>(0) + row * 3 * n);
      store(recurrent, 3 * n, args.out<T>(1) + row * 3 * n);
      add_transposed(recurrent, args.in<T>(3), n, 3 * n, dh);
    }
    store(dh, n, args.out<T>(2) + b * n);
  }
}

/// `gates` of the first input, where the optional inputs begin, and rows of scratch.
template <class Run>
std::unique_ptr<Kernel> prepare(const KernelQuery& q, int gates, int optional, int64_t rows,
                                Run run) {
  const RecurrentGeometry g(q, gates, optional);
  return dispatch_float(q.inputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
    return simple_kernel([g, run, tag](const KernelArgs& args) { run(tag, g, args); },
                         static_cast<size_t>(rows * g.units) * sizeof(double));
  });
}

}  // namespace

KernelDef lstm() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            return prepare(q, 4, 4, 6, [](auto tag, const auto& g, const KernelArgs& args) {
              run_lstm<decltype(tag)>(g, args);
            });
          }};
}
KernelDef lstm_backward() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            return prepare(q, 4, 5, 6, [](auto tag, const auto& g, const KernelArgs& args) {
              run_lstm_backward<decltype(tag)>(g, args);
            });
          }};
}
KernelDef gru() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            return prepare(q, 3, 4, 8, [](auto tag, const auto& g, const KernelArgs& args) {
              run_gru<decltype(tag)>(g, args);
            });
          }};
}
KernelDef gru_backward() {
  return {"ref", takes_everything, [](const KernelQuery& q) {
            return prepare(q, 4, 5, 7, [](auto tag, const auto& g, const KernelArgs& args) {
              run_gru_backward<decltype(tag)>(g, args);
            });
          }};
}

}  // namespace danlu::cpu::ref
