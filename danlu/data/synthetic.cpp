#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/base/philox.h"
#include "danlu/data/datasets.h"

namespace danlu::datasets {
namespace {

// Sequences of one seed, kept apart by what they are for; a part adds its number.
constexpr uint64_t kMoons = uint64_t{1} << 32;
constexpr uint64_t kSpirals = uint64_t{2} << 32;
constexpr uint64_t kBlobs = uint64_t{3} << 32;
constexpr uint64_t kBlobCentres = uint64_t{4} << 32;
constexpr uint64_t kLinear = uint64_t{5} << 32;

void check(const char* where, int64_t n, int64_t classes = 1) {
  if (n < 0) {
    throw ValueError({.where = where,
                      .what = "The number of samples is negative",
                      .expected = "n of 0 or more",
                      .received = "n=" + std::to_string(n)});
  }
  if (classes < 1) {
    throw ValueError({.where = where,
                      .what = "The samples need a class to belong to",
                      .expected = "at least one class",
                      .received = "classes=" + std::to_string(classes)});
  }
}

struct Point {
  double x, y;
};

/// n points, each class in turn, so that any run of samples holds all classes; then noise.
template <class Place>
DataSplit planar(int64_t n, int64_t classes, double noise, PhiloxStream random, Place&& place) {
  DataSplit split{HostTensor::empty({n, 2}, DType::float32), HostTensor::empty({n}, DType::int32)};
  auto x = split.x.values<float>();
  auto y = split.y.values<int32_t>();
  for (int64_t i = 0; i < n; ++i) {
    const int64_t label = i % classes;
    const Point point = place(label, random);
    x[2 * i] = static_cast<float>(point.x + noise * random.normal());
    x[2 * i + 1] = static_cast<float>(point.y + noise * random.normal());
    y[i] = static_cast<int32_t>(label);
  }
  return split;
}

}  // namespace

DataSplit xor_gate() {
  return {HostTensor::from(std::vector<float>{0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}),
          HostTensor::from(std::vector<float>{0, 1, 1, 0}, {4, 1})};
}

DataSplit moons(int64_t n, double noise, uint64_t seed, uint64_t part) {
  check("moons", n);
  return planar(n, 2, noise, PhiloxStream(seed, kMoons + part),
                [](int64_t label, PhiloxStream& random) -> Point {
                  const double angle = std::numbers::pi * random.uniform();
                  if (label == 0) return {std::cos(angle), std::sin(angle)};
                  return {1 - std::cos(angle), 0.5 - std::sin(angle)};
                });
}

DataSplit spirals(int64_t n, double noise, uint64_t seed, uint64_t part, int64_t classes) {
  check("spirals", n, classes);
  return planar(n, classes, noise, PhiloxStream(seed, kSpirals + part),
                [&](int64_t label, PhiloxStream& random) -> Point {
                  const double along = random.uniform();
                  const double start = static_cast<double>(label) / static_cast<double>(classes);
                  const double angle = 2 * std::numbers::pi * (1.5 * along + start);
                  return {along * std::cos(angle), along * std::sin(angle)};
                });
}

DataSplit blobs(int64_t n, double noise, uint64_t seed, uint64_t part, int64_t classes) {
  check("blobs", n, classes);
  PhiloxStream random(seed, kBlobCentres);
  std::vector<Point> centres(static_cast<size_t>(classes));
  for (Point& centre : centres) {
    centre.x = 20 * random.uniform() - 10;
    centre.y = 20 * random.uniform() - 10;
  }
  return planar(n, classes, noise, PhiloxStream(seed, kBlobs + part),
                [&](int64_t label, PhiloxStream&) { return centres[static_cast<size_t>(label)]; });
}

DataSplit linear(int64_t n, double slope, double intercept, double noise, uint64_t seed,
                 uint64_t part) {
  check("linear", n);
  PhiloxStream random(seed, kLinear + part);
  DataSplit split{HostTensor::empty({n, 1}, DType::float32),
                  HostTensor::empty({n, 1}, DType::float32)};
  auto x = split.x.values<float>();
  auto y = split.y.values<float>();
  for (int64_t i = 0; i < n; ++i) {
    const double at = random.uniform();
    x[i] = static_cast<float>(at);
    y[i] = static_cast<float>(slope * at + intercept + noise * random.uniform());
  }
  return split;
}

}  // namespace danlu::datasets
