#include "bench/worker_ops.h"

#include <chrono>
#include <map>
#include <string>
#include <type_traits>
#include <utility>

#include "danlu/ops/ops.h"

namespace danlu::bench {
namespace {

/// Integers that look random (the finalizer of MurmurHash3); the peers make the same ones.
uint32_t scrambled(uint32_t x) {
  x ^= x >> 16;
  x *= 0x85ebca6bu;
  x ^= x >> 13;
  x *= 0xc2b2ae35u;
  return x ^ x >> 16;
}

Array make_input(const std::string& kind, const Shape& shape, int64_t rows, uint32_t seed) {
  const int64_t n = shape.num_elements();
  const auto number = [&](int64_t i) { return scrambled(static_cast<uint32_t>(i) + seed); };
  if (kind == "rows") {
    std::vector<int32_t> values(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) {
      values[static_cast<size_t>(i)] = static_cast<int32_t>(number(i) % rows);
    }
    return Array(values, shape);
  }
  if (kind != "unit" && kind != "signed") {
    throw ValueError({.where = "bench",
                      .what = "There is no such kind of input",
                      .expected = "unit, signed or rows",
                      .received = kind});
  }
  std::vector<float> values(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) {
    const float unit = static_cast<float>(number(i) >> 8) * 0x1p-24f;
    values[static_cast<size_t>(i)] = kind == "unit" ? unit : 2 * unit - 1;
  }
  return Array(values, shape);
}

Shape shape_of(const Json& json) {
  std::vector<int64_t> dimensions;
  for (const Json& dimension : json.items()) dimensions.push_back(dimension.as_int());
  return Shape(dimensions);
}

struct Function {
  std::function<std::vector<Array>(const std::vector<Array>&)> call;
  std::function<void(const std::vector<Array>&, int64_t)> repeat;
};

/// `f` of `kArity` Arrays, compiled. The result of every call is dropped before the next.
template <size_t kArity, class F>
Function compiled(F f) {
  const auto fast = jit(std::move(f));
  const auto apply = [fast](const std::vector<Array>& in) {
    return [&]<size_t... i>(std::index_sequence<i...>) { return fast(in[i]...); }
    (std::make_index_sequence<kArity>());
  };
  return {[apply](const std::vector<Array>& in) { return arrays_of(apply(in)); },
          [apply](const std::vector<Array>& in, int64_t calls) {
            for (int64_t call = 0; call < calls; ++call) apply(in);
          }};
}

using Maker = Function (*)(const Json&);

image::Size size_of_image(const Json& op) {
  return {op.at("size").items()[0].as_int(), op.at("size").items()[1].as_int()};
}

template <Array (*kReduce)(const Array&, const Axes&, bool), int64_t kAxis>
Function reduction(const Json&) {
  return compiled<1>([](const Array& x) { return kReduce(x, {kAxis}, false); });
}

const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> all{
      {"chain",
       [](const Json&) {
         return compiled<2>(
             [](const Array& x, const Array& w) { return maximum(x * w + 0.5, 0) * x - 0.25 * w; });
       }},
      {"gelu", [](const Json&) { return compiled<1>([](const Array& x) { return gelu(x); }); }},
      {"sum-last", reduction<sum, -1>},
      {"sum-first", reduction<sum, 0>},
      {"sum-all", [](const Json&) { return compiled<1>([](const Array& x) { return sum(x); }); }},
      {"max", reduction<max, -1>},
      {"argmax",
       [](const Json&) { return compiled<1>([](const Array& x) { return argmax(x, -1); }); }},
      {"cumsum",
       [](const Json&) { return compiled<1>([](const Array& x) { return cumsum(x, -1); }); }},
      {"softmax",
       [](const Json&) { return compiled<1>([](const Array& x) { return softmax(x); }); }},
      {"layer-norm",
       [](const Json&) {
         return compiled<3>([](const Array& x, const Array& gamma, const Array& beta) {
           return layer_normalization(x, {.gamma = gamma, .beta = beta, .epsilon = 1e-5});
         });
       }},
      {"attention",
       [](const Json&) {
         return compiled<3>([](const Array& query, const Array& key, const Array& value) {
           return dot_product_attention(query, key, value);
         });
       }},
      {"sort", [](const Json&) { return compiled<1>([](const Array& x) { return sort(x); }); }},
      {"argsort",
       [](const Json&) { return compiled<1>([](const Array& x) { return argsort(x); }); }},
      {"top-k",
       [](const Json&) { return compiled<1>([](const Array& x) { return top_k(x, 8); }); }},
      {"gather",
       [](const Json&) {
         return compiled<2>(
             [](const Array& table, const Array& rows) { return take(table, rows, 0); });
       }},
      {"scatter-add",
       [](const Json& op) {
         const int64_t rows = op.at("rows").as_int();
         return compiled<2>([rows](const Array& indices, const Array& values) {
           return scatter(expand_dims(indices, 1), values, {rows, values.shape()[1]});
         });
       }},
      {"resize-up",
       [](const Json& op) {
         return compiled<1>(
             [size = size_of_image(op)](const Array& x) { return image::resize(x, size); });
       }},
      {"resize-down",
       [](const Json& op) {
         return compiled<1>([size = size_of_image(op)](const Array& x) {
           return image::resize(x, size, {.antialias = true});
         });
       }},
      {"rfft", [](const Json&) { return compiled<1>([](const Array& x) { return rfft(x); }); }},
      {"fft",
       [](const Json&) {
         return compiled<2>([](const Array& real, const Array& imaginary) {
           return fft({real, imaginary});
         });
       }},
  };
  return all;
}

}  // namespace

OpCase::OpCase(const Json& description) {
  const std::string& name = description.at("op").as_string();
  const auto maker = makers().find(name);
  if (maker == makers().end()) {
    throw ValueError({.where = "bench", .what = "There is no such op here", .received = name});
  }
  const Json* rows = description.find("rows");
  const auto& kinds = description.at("inputs").items();
  const auto& shapes = description.at("shapes").items();
  for (size_t i = 0; i < kinds.size(); ++i) {
    const int64_t below = rows != nullptr ? rows->as_int() : shapes[0].items()[0].as_int();
    inputs_.push_back(make_input(kinds[i].as_string(), shape_of(shapes[i]), below,
                                 static_cast<uint32_t>(i + 1) << 28));
  }
  Function function = maker->second(description);
  call_ = std::move(function.call);
  repeat_ = std::move(function.repeat);
}

TensorMap OpCase::results() const {
  TensorMap tensors;
  for (const Array& result : call_(inputs_)) {
    tensors.add(std::to_string(tensors.size()),
                HostTensor(result.dtype(), result.shape(), result.buffer()));
  }
  return tensors;
}

double OpCase::run(int64_t calls) const {
  const auto start = std::chrono::steady_clock::now();
  repeat_(inputs_, calls);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace danlu::bench
