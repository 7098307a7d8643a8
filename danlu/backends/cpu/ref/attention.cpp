#include "danlu/backends/cpu/ref/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "danlu/backends/cpu/attention_geometry.h"
#include "danlu/backends/cpu/simple_kernel.h"

namespace danlu::cpu::ref {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

template <class T>
double dot(const T* a, const T* b, int64_t n) {
  double total = 0;
  for (int64_t i = 0; i < n; ++i) total += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return total;
}

/// The logits of one query, −∞ where masked.
template <class T>
void fill_logits(const AttentionGeometry& g, const KernelArgs& args, int64_t b, int64_t n,
                 int64_t t, double* logits) {
  const auto place = [&](const std::array<int64_t, 4>& strides, int64_t s) {
    return b * strides[0] + n * strides[1] + t * strides[2] + s * strides[3];
  };
  const T* query = args.in<T>(0) + g.query_at(b, t, n);
  for (int64_t s = 0; s < g.sources; ++s) {
    logits[s] = g.scale * dot(query, args.in<T>(1) + g.key_at(b, s, n / g.group), g.width);
    if (g.bias >= 0) {
      logits[s] += static_cast<double>(args.in<T>(g.bias)[place(g.bias_strides, s)]);
    }
    const bool counts =
        (g.mask < 0 || args.in<bool>(g.mask)[place(g.mask_strides, s)]) && (!g.causal || s <= t);
    if (!counts) logits[s] = -kInf;
  }
}

/// exp(logits − log_sum); all alike where nothing counts.
void to_probabilities(double* logits, int64_t n, double log_sum) {
  for (int64_t s = 0; s < n; ++s) {
    logits[s] = log_sum == -kInf ? 1 / static_cast<double>(n) : std::exp(logits[s] - log_sum);
  }
}

double log_sum_exp(const double* x, int64_t n) {
  double top = -kInf, sum = 0;
  for (int64_t i = 0; i < n; ++i) top = std::max(top, x[i]);
  if (top == -kInf && std::none_of(x, x + n, [](double each) { return std::isnan(each); })) {
    return -kInf;
  }
  for (int64_t i = 0; i < n; ++i) sum += std::exp(x[i] - top);
  return top + std::log(sum);
}

template <class Body>
void for_each_query(const AttentionGeometry& g, Body&& body) {
  for (int64_t b = 0; b < g.batch; ++b) {
    for (int64_t n = 0; n < g.heads; ++n) {
      for (int64_t t = 0; t < g.targets; ++t) body(b, n, t);
    }
  }
}

template <class T, class Sum>
void run_forward(const AttentionGeometry& g, const KernelArgs& args) {
  auto* p = reinterpret_cast<double*>(args.scratch);
  double* result = p + g.sources;
  for_each_query(g, [&](int64_t b, int64_t n, int64_t t) {
    fill_logits<T>(g, args, b, n, t, p);
    const double log_sum = log_sum_exp(p, g.sources);
    to_probabilities(p, g.sources, log_sum);
    std::fill_n(result, g.width, 0.0);
    for (int64_t s = 0; s < g.sources; ++s) {
      const T* value = args.in<T>(2) + g.key_at(b, s, n / g.group);
      for (int64_t h = 0; h < g.width; ++h) result[h] += p[s] * static_cast<double>(value[h]);
    }
    T* out = args.out<T>(0) + g.query_at(b, t, n);
    for (int64_t h = 0; h < g.width; ++h) out[h] = static_cast<T>(result[h]);
    args.out<Sum>(1)[g.row_at(b, t, n)] = static_cast<Sum>(log_sum);
  });
}

template <class T, class Sum>
void run_backward(const AttentionGeometry& g, const KernelArgs& args) {
  const int64_t query_size = g.query_size(), key_size = g.batch * g.sources * g.key_stride();
  auto* p = reinterpret_cast<double*>(args.scratch);
  double *dq = p + g.sources, *dk = dq + query_size, *dv = dk + key_size;
  std::fill_n(dq, query_size + 2 * key_size, 0.0);
  for_each_query(g, [&](int64_t b, int64_t n, int64_t t) {
    const int64_t at = g.query_at(b, t, n), row = g.row_at(b, t, n);
    const T *query = args.in<T>(0) + at, *grad = args.in<T>(3) + at;
    const auto log_sum = static_cast<double>(args.in<Sum>(4)[row]);
    const auto delta = static_cast<double>(args.in<Sum>(5)[row]);
    fill_logits<T>(g, args, b, n, t, p);
    to_probabilities(p, g.sources, log_sum);
    for (int64_t s = 0; s < g.sources; ++s) {
      const int64_t key_at = g.key_at(b, s, n / g.group);
      const T *key = args.in<T>(1) + key_at, *value = args.in<T>(2) + key_at;
      const double ds = log_sum == -kInf ? 0 : p[s] * (dot(grad, value, g.width) - delta);
      for (int64_t h = 0; h < g.width; ++h) {
        dq[at + h] += ds * g.scale * static_cast<double>(key[h]);
        dk[key_at + h] += ds * g.scale * static_cast<double>(query[h]);
        dv[key_at + h] += p[s] * static_cast<double>(grad[h]);
      }
      if (g.bias_gradient) args.out<T>(3)[g.logit_at(b, n, t) + s] = static_cast<T>(ds);
    }
  });
  const auto store = [&](const double* from, int output, int64_t n) {
    for (int64_t i = 0; i < n; ++i) args.out<T>(output)[i] = static_cast<T>(from[i]);
  };
  store(dq, 0, query_size);
  store(dk, 1, key_size);
  store(dv, 2, key_size);
}

template <class T>
using SumOf = std::conditional_t<std::is_same_v<T, double>, double, float>;

}  // namespace

KernelDef attention() {
  return {"ref", takes_everything, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            const AttentionGeometry g(q, 3);
            return dispatch_float(q.inputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              return simple_kernel(
                  [g](const KernelArgs& args) { run_forward<T, SumOf<T>>(g, args); },
                  static_cast<size_t>(g.sources + g.width) * sizeof(double));
            });
          }};
}

KernelDef attention_backward() {
  return {"ref", takes_everything, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            const AttentionGeometry g(q, 6);
            const int64_t numbers =
                g.sources + g.query_size() + 2 * g.batch * g.sources * g.key_stride();
            return dispatch_float(q.inputs[0].dtype, [&](auto tag) -> std::unique_ptr<Kernel> {
              using T = decltype(tag);
              return simple_kernel(
                  [g](const KernelArgs& args) { run_backward<T, SumOf<T>>(g, args); },
                  static_cast<size_t>(numbers) * sizeof(double));
            });
          }};
}

}  // namespace danlu::cpu::ref
