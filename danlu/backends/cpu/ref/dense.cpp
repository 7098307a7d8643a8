#include "danlu/backends/cpu/ref/dense.h"

#include <algorithm>
#include <cmath>

namespace danlu::cpu::dense {
namespace {

constexpr int kMaxSweeps = 60;
constexpr double kTiny = 1e-300;

/// Columns i and j of x (rows, stride) turned by the angle of (c, s).
void rotate_columns(double* x, int64_t rows, int64_t stride, int64_t i, int64_t j, double c,
                    double s) {
  for (int64_t r = 0; r < rows; ++r) {
    const double a = x[r * stride + i], b = x[r * stride + j];
    x[r * stride + i] = c * a - s * b;
    x[r * stride + j] = s * a + c * b;
  }
}

/// Cosine and sine of the rotation that makes ((p, q), (q, r)) diagonal.
void jacobi_angle(double p, double q, double r, double& c, double& s) {
  const double zeta = (r - p) / (2 * q);
  const double t = (zeta >= 0 ? 1.0 : -1.0) / (std::abs(zeta) + std::hypot(1.0, zeta));
  c = 1 / std::sqrt(1 + t * t);
  s = c * t;
}

void swap_columns(double* x, int64_t rows, int64_t stride, int64_t i, int64_t j) {
  for (int64_t r = 0; r < rows; ++r) std::swap(x[r * stride + i], x[r * stride + j]);
}

double column_dot(const double* x, int64_t rows, int64_t stride, int64_t i, int64_t j) {
  double sum = 0;
  for (int64_t r = 0; r < rows; ++r) sum += x[r * stride + i] * x[r * stride + j];
  return sum;
}

/// Column j of u (m, n) becomes a unit vector at right angles to the columns before it.
void fill_orthonormal(double* u, int64_t m, int64_t n, int64_t j) {
  for (int64_t candidate = 0; candidate < m; ++candidate) {
    for (int64_t r = 0; r < m; ++r) u[r * n + j] = r == candidate ? 1 : 0;
    for (int pass = 0; pass < 2; ++pass) {
      for (int64_t i = 0; i < j; ++i) {
        const double along = column_dot(u, m, n, i, j);
        for (int64_t r = 0; r < m; ++r) u[r * n + j] -= along * u[r * n + i];
      }
    }
    const double norm = std::sqrt(column_dot(u, m, n, j, j));
    if (norm < 0.5 / std::sqrt(static_cast<double>(m))) continue;
    for (int64_t r = 0; r < m; ++r) u[r * n + j] /= norm;
    return;
  }
}

}  // namespace

int64_t cholesky(double* a, int64_t n) {
  for (int64_t j = 0; j < n; ++j) {
    for (int64_t i = j; i < n; ++i) {
      double sum = a[i * n + j];
      for (int64_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      if (i == j && !(sum > 0)) return j;
      a[i * n + j] = i == j ? std::sqrt(sum) : sum / a[j * n + j];
    }
    for (int64_t i = j + 1; i < n; ++i) a[j * n + i] = 0;
  }
  return -1;
}

void lu(double* a, int32_t* pivots, int64_t n) {
  for (int64_t j = 0; j < n; ++j) {
    int64_t pivot = j;
    for (int64_t i = j + 1; i < n; ++i) {
      if (std::abs(a[i * n + j]) > std::abs(a[pivot * n + j])) pivot = i;
    }
    pivots[j] = static_cast<int32_t>(pivot);
    if (pivot != j) std::swap_ranges(a + j * n, a + (j + 1) * n, a + pivot * n);
    if (a[j * n + j] == 0) continue;
    for (int64_t i = j + 1; i < n; ++i) {
      const double factor = a[i * n + j] /= a[j * n + j];
      for (int64_t k = j + 1; k < n; ++k) a[i * n + k] -= factor * a[j * n + k];
    }
  }
}

int64_t solve_triangular(const double* a, double* b, int64_t n, int64_t k, bool lower,
                         bool transpose, bool unit) {
  const auto at = [&](int64_t i, int64_t j) { return transpose ? a[j * n + i] : a[i * n + j]; };
  const bool forward = lower != transpose;
  for (int64_t step = 0; step < n; ++step) {
    const int64_t i = forward ? step : n - 1 - step;
    for (int64_t before = 0; before < step; ++before) {
      const int64_t j = forward ? before : n - 1 - before;
      for (int64_t s = 0; s < k; ++s) b[i * k + s] -= at(i, j) * b[j * k + s];
    }
    if (unit) continue;
    if (at(i, i) == 0) return i;
    for (int64_t s = 0; s < k; ++s) b[i * k + s] /= at(i, i);
  }
  return -1;
}

void qr(double* a, double* q, double* tau, int64_t m, int64_t n, int64_t columns) {
  // Reflections I − τ v vᵀ with v[j] = 1; the rest of v stands below the diagonal.
  for (int64_t j = 0; j < n; ++j) {
    double below = 0;
    for (int64_t i = j + 1; i < m; ++i) below += a[i * n + j] * a[i * n + j];
    const double alpha = a[j * n + j];
    tau[j] = 0;
    if (below == 0) continue;
    const double beta = -std::copysign(std::sqrt(alpha * alpha + below), alpha);
    tau[j] = (beta - alpha) / beta;
    for (int64_t i = j + 1; i < m; ++i) a[i * n + j] /= alpha - beta;
    a[j * n + j] = beta;
    for (int64_t s = j + 1; s < n; ++s) {
      double sum = a[j * n + s];
      for (int64_t i = j + 1; i < m; ++i) sum += a[i * n + j] * a[i * n + s];
      a[j * n + s] -= tau[j] * sum;
      for (int64_t i = j + 1; i < m; ++i) a[i * n + s] -= tau[j] * sum * a[i * n + j];
    }
  }
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t s = 0; s < columns; ++s) q[i * columns + s] = i == s ? 1 : 0;
  }
  for (int64_t j = n - 1; j >= 0; --j) {
    for (int64_t s = 0; s < columns; ++s) {
      double sum = q[j * columns + s];
      for (int64_t i = j + 1; i < m; ++i) sum += a[i * n + j] * q[i * columns + s];
      q[j * columns + s] -= tau[j] * sum;
      for (int64_t i = j + 1; i < m; ++i) q[i * columns + s] -= tau[j] * sum * a[i * n + j];
    }
  }
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t s = 0; s < std::min(i, n); ++s) a[i * n + s] = 0;
  }
}

void eigh(double* a, double* w, double* v, int64_t n) {
  for (int64_t i = 0; i < n * n; ++i) v[i] = i / n == i % n ? 1 : 0;
  double norm = 0;
  for (int64_t i = 0; i < n * n; ++i) norm += a[i] * a[i];
  for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
    double outside = 0;
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = i + 1; j < n; ++j) outside += a[i * n + j] * a[i * n + j];
    }
    if (!(outside > 1e-30 * norm)) break;
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = i + 1; j < n; ++j) {
        if (std::abs(a[i * n + j]) < kTiny) continue;
        double c = 1, s = 0;
        jacobi_angle(a[i * n + i], a[i * n + j], a[j * n + j], c, s);
        rotate_columns(a, n, n, i, j, c, s);
        for (int64_t k = 0; k < n; ++k) {
          const double p = a[i * n + k], q = a[j * n + k];
          a[i * n + k] = c * p - s * q;
          a[j * n + k] = s * p + c * q;
        }
        rotate_columns(v, n, n, i, j, c, s);
      }
    }
  }
  for (int64_t i = 0; i < n; ++i) w[i] = a[i * n + i];
  for (int64_t i = 0; i < n; ++i) {
    const auto least = std::min_element(w + i, w + n) - w;
    if (least == i) continue;
    std::swap(w[i], w[least]);
    swap_columns(v, n, n, i, least);
  }
}

void svd(double* a, double* s, double* v, int64_t m, int64_t n) {
  for (int64_t i = 0; i < n * n; ++i) v[i] = i / n == i % n ? 1 : 0;
  for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
    bool turned = false;
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = i + 1; j < n; ++j) {
        const double p = column_dot(a, m, n, i, i), q = column_dot(a, m, n, i, j),
                     r = column_dot(a, m, n, j, j);
        if (!(std::abs(q) > 1e-15 * std::sqrt(p * r)) || std::abs(q) < kTiny) continue;
        turned = true;
        double c = 1, sine = 0;
        jacobi_angle(p, q, r, c, sine);
        rotate_columns(a, m, n, i, j, c, sine);
        rotate_columns(v, n, n, i, j, c, sine);
      }
    }
    if (!turned) break;
  }
  for (int64_t j = 0; j < n; ++j) s[j] = std::sqrt(column_dot(a, m, n, j, j));
  for (int64_t i = 0; i < n; ++i) {
    const auto most = std::max_element(s + i, s + n) - s;
    if (most == i) continue;
    std::swap(s[i], s[most]);
    swap_columns(a, m, n, i, most);
    swap_columns(v, n, n, i, most);
  }
  for (int64_t j = 0; j < n; ++j) {
    if (s[j] > kTiny) {
      for (int64_t r = 0; r < m; ++r) a[r * n + j] /= s[j];
    } else {
      fill_orthonormal(a, m, n, j);
    }
  }
}

}  // namespace danlu::cpu::dense
