#include <cmath>

#include "danlu/autodiff/autodiff.h"
#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "tests/names/case_file.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

/// ‖a − b‖ / ‖b‖ over the finite elements (‖a‖ where b is 0); infinite where one has an infinity or
/// a NaN that the other has not.
double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) {
      if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
      return INFINITY;
    }
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
  }
  return std::sqrt(norm > 0 ? difference / norm : difference);
}

/// All elements; of complex ones the real parts and behind them the imaginary ones.
std::vector<double> numbers_of(const Array& x) {
  std::vector<double> numbers = x.to_vector<double>();
  if (is_complex(x.dtype())) {
    for (complex64 z : x.to_vector<complex64>()) numbers.push_back(static_cast<double>(z.imag()));
  }
  return numbers;
}

std::string values_text(const std::vector<double>& values) {
  std::string text;
  for (size_t i = 0; i < values.size() && i < 12; ++i) text += " " + std::to_string(values[i]);
  return values.size() > 12 ? text + " …" : text;
}

std::string compare(const std::string& what, const Array& actual, const Array& expected,
                    DType dtype, double tolerance) {
  const auto differs = [&](const char* of, const std::string& here, const std::string& there) {
    std::string text = what;
    return text.append(of).append(here).append(", Keras has ").append(there);
  };
  if (actual.shape() != expected.shape()) {
    return differs(": shape ", actual.shape().to_string(), expected.shape().to_string());
  }
  if (actual.dtype() != dtype) {
    return differs(": dtype ", std::string(name(actual.dtype())), std::string(name(dtype)));
  }
  const auto a = numbers_of(actual), b = numbers_of(expected);
  const double found = distance(a, b);
  if (found <= tolerance) return "";
  return what + ": distance " + std::to_string(found) + ", at most " + std::to_string(tolerance) +
         "\n  here " + values_text(a) + "\n  Keras" + values_text(b);
}

/// The same numbers as `weights` of tests/golden/names/generate.py.
Array weights(const TensorSpec& spec, size_t salt) {
  std::vector<double> values(static_cast<size_t>(spec.shape.num_elements()));
  for (size_t i = 0; i < values.size(); ++i) {
    const double value = 0.5 + static_cast<double>((i * 29 + salt * 13) % 31) / 31;
    values[i] = i % 3 == 0 ? -value : value;
  }
  return cast(Array(values, spec.shape), spec.dtype);
}

struct Run {
  bool wide = false;
  double tolerance = 0;
};

Run run_of(const Json& about, const std::string& name) {
  const bool wide = name == "f64";
  const Json* stated = about.find(wide ? "tol64" : "tol32");
  return {wide, stated != nullptr ? stated->as_double() : wide ? 1e-9 : 1e-5};
}

/// Floating results are float64 in the wide run, except those that are float32 whatever the input.
DType expected_dtype(const std::string& stated, const Array& stored, const Run& run) {
  const DType narrow = dtype_from_name(stated);
  return run.wide && narrow == DType::float32 ? stored.dtype() : narrow;
}

double tolerance_of(DType dtype, const Run& run) {
  if (!is_inexact(dtype)) return 0;
  if (size_of(dtype) == 2) return dtype == DType::bfloat16 ? 2e-2 : 2e-3;
  return run.tolerance;
}

/// Of Σ weights · output over the floating outputs.
std::vector<Array> weighted_gradients(const std::vector<Array>& results,
                                      const std::vector<Array>& sources) {
  if (sources.empty()) return {};
  std::vector<Array> outputs, seeds;
  for (size_t k = 0; k < results.size(); ++k) {
    if (!is_floating(results[k].dtype())) continue;
    outputs.push_back(results[k]);
    seeds.push_back(weights(results[k].spec(), k));
  }
  return vjp(outputs, seeds, sources);
}

std::string check_run(const CaseFile& file, const Json& about, const Run& run,
                      const std::function<Result(const Call&)>& call) {
  const std::string id = about.at("id").as_string();
  std::vector<Array> inputs;
  for (size_t i = 0; i < about.at("inputs").size(); ++i) {
    const Array stored = file.array(id + "/in/" + std::to_string(i));
    const bool widened = run.wide && stored.dtype() == DType::float32;
    inputs.push_back(widened ? Array(stored.to_vector<double>(), stored.shape()) : stored);
  }
  const internal::GradientScope scope;
  std::vector<Array> sources;
  const Json* differentiated = about.find("grads");
  if (differentiated != nullptr) {
    for (const Json& at : differentiated->items()) {
      Array& input = inputs[static_cast<size_t>(at.as_int())];
      input = internal::gradient_source(input);
      sources.push_back(input);
    }
  }
  const Result result = call(Call(about, inputs));
  if (const Json* value = about.find("value")) {
    if (result.arrays.empty() && result.value == *value) return "";
    return "value " + result.value.dump() + ", Keras has " + value->dump();
  }
  const Json& dtypes = about.at("dtypes");
  if (result.arrays.size() != dtypes.size()) {
    return std::to_string(result.arrays.size()) + " results, Keras has " +
           std::to_string(dtypes.size());
  }
  const std::vector<Array> gradients = weighted_gradients(result.arrays, sources);
  eval(result.arrays);
  std::string problems;
  const auto note = [&](const std::string& problem) {
    if (!problem.empty()) problems += (problems.empty() ? "" : "\n  ") + problem;
  };
  for (size_t k = 0; k < result.arrays.size(); ++k) {
    const Array expected = file.array(id + "/out/" + std::to_string(k));
    const DType dtype = expected_dtype(dtypes[k].as_string(), expected, run);
    note(compare("result " + std::to_string(k), result.arrays[k], expected, dtype,
                 tolerance_of(dtype, run)));
  }
  for (size_t i = 0; i < sources.size(); ++i) {
    const std::string at = std::to_string((*differentiated)[i].as_int());
    const Array expected = file.array(id + "/grad/" + at);
    note(compare("gradient of input " + at, gradients[i], expected, sources[i].dtype(),
                 run.tolerance));
  }
  return problems;
}

}  // namespace

std::string check_case(const CaseFile& file, const Json& about,
                       const std::function<Result(const Call&)>& call) {
  std::string problems;
  for (const Json& run : about.at("runs").items()) {
    const std::string& name = run.as_string();
    std::string found;
    try {
      found = check_run(file, about, run_of(about, name), call);
    } catch (const std::exception& error) {
      found = error.what();
    }
    if (!found.empty()) problems += (problems.empty() ? "" : "\n") + name + ": " + found;
  }
  return problems;
}

}  // namespace danlu::names
