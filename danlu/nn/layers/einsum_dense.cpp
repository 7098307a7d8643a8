#include "danlu/nn/layers/einsum_dense.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/products.h"

namespace danlu {
namespace {

/// An equation taken apart. "..." may stand before or behind the letters of input and output.
struct Equation {
  enum class Dots : uint8_t { none, left, right };
  std::string input, kernel, output;
  Dots dots = Dots::none;
};

bool is_letters(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isalpha(c) != 0; });
}

Equation parse(const std::string& text, const std::string& where) {
  const size_t comma = text.find(','), arrow = text.find("->");
  Equation e;
  bool fine = comma != std::string::npos && arrow != std::string::npos && comma < arrow;
  if (fine) {
    e = {text.substr(0, comma), text.substr(comma + 1, arrow - comma - 1), text.substr(arrow + 2)};
    if (e.input.starts_with("...") && e.output.starts_with("...")) {
      e.dots = Equation::Dots::left;
      e.input.erase(0, 3), e.output.erase(0, 3);
    } else if (e.input.ends_with("...") && e.output.ends_with("...")) {
      e.dots = Equation::Dots::right;
      e.input.resize(e.input.size() - 3), e.output.resize(e.output.size() - 3);
    }
    fine = is_letters(e.input) && is_letters(e.kernel) && is_letters(e.output) &&
           (e.dots != Equation::Dots::right || e.input.size() >= 2);
  }
  if (fine) return e;
  throw ValueError({.where = where,
                    .what = "`equation` has no form that the layer knows",
                    .expected = "\"ab,bc->ac\", \"...b,bc->...c\" or \"ab...,bc->ac...\"",
                    .received = "\"" + text + "\""});
}

/// Shapes that follow from the equation and the shape of an input.
struct Plan {
  Shape kernel, output;
  OptionalShape bias;
  std::vector<int64_t> input_axes, output_axes;  ///< of the kernel
};

class EinsumDenseImpl final : public ConfiguredLayer<EinsumDenseConfig> {
 public:
  explicit EinsumDenseImpl(EinsumDenseConfig c)
      : ConfiguredLayer("EinsumDense", std::move(c)), equation_(parse(config().equation, where())) {
    if (!config().output_shape.defined()) {
      throw ValueError({.where = where(),
                        .what = "`output_shape` is missing",
                        .expected = "the lengths of the output without the batch axis"});
    }
    for (const char c : equation_.output + config().bias_axes.value_or("")) {
      require_letter(c, equation_.input + equation_.kernel, "input or kernel");
    }
    for (const char c : equation_.kernel) {
      require_letter(c, equation_.input + equation_.output, "input or output");
    }
    for (const char c : config().bias_axes.value_or("")) {
      require_letter(c, equation_.output, "output");
    }
  }

 private:
  void require_letter(char letter, const std::string& among, const char* what) const {
    if (among.find(letter) != std::string::npos) return;
    throw ValueError({.where = where(),
                      .what = std::string("A letter stands for no axis of the ") + what,
                      .expected = "one of \"" + among + "\"",
                      .received = "'" + std::string(1, letter) + "' in equation=\"" +
                                  config().equation + "\", bias_axes=\"" +
                                  config().bias_axes.value_or("") + "\""});
  }

  [[noreturn]] void refuse(const Shape& input) const {
    const Shape& partial = config().output_shape.value();
    throw ShapeError({.what = "The input does not fit the equation and the output's shape",
                      .expected = "axes as in \"" + config().equation +
                                  "\" with output_shape=" + partial.to_string(),
                      .received = input.to_string()});
  }

  Plan plan(const Shape& input) const {
    using Dots = Equation::Dots;
    const int letters = static_cast<int>(equation_.input.size());
    const int elided = input.rank() - letters;
    if (elided < 0 || (elided > 0 && equation_.dots == Dots::none)) refuse(input);
    const int front = equation_.dots == Dots::left ? elided : 0;

    std::vector<int64_t> output = config().output_shape.value().to_vector();
    output.insert(output.begin(), input[0]);
    for (int i = 1; i < front; ++i) output.insert(output.begin() + i, input[i]);
    for (int i = letters; equation_.dots == Dots::right && i < input.rank(); ++i) {
      output.push_back(input[i]);
    }
    // With "..." in front Keras counts the batch axis among the elided ones.
    const size_t named = equation_.output.size() + static_cast<size_t>(elided);
    if (output.size() != named) refuse(input);
    Plan p;
    p.output = Shape(output);

    const auto input_length = [&](char c) {
      return input[front + static_cast<int>(equation_.input.find(c))];
    };
    const auto output_length = [&](char c) {
      return p.output[front + static_cast<int>(equation_.output.find(c))];
    };
    const auto in = [](const std::string& spec, char c) {
      return spec.find(c) != std::string::npos;
    };
    for (const char c : equation_.input) {
      if (!in(equation_.output, c)) continue;
      const int64_t wanted = output_length(c), given = input_length(c);
      if (wanted == kNone) {
        p.output = p.output.with_dim(front + static_cast<int>(equation_.output.find(c)), given);
      } else if (given != kNone && wanted != given) {
        refuse(input);
      }
    }
    std::vector<int64_t> kernel;
    for (const char c : equation_.kernel) {
      const bool kept = in(equation_.output, c);
      (kept ? p.output_axes : p.input_axes).push_back(static_cast<int64_t>(kernel.size()));
      kernel.push_back(kept ? output_length(c) : input_length(c));
    }
    p.kernel = Shape(kernel);
    if (config().bias_axes) p.bias = bias_shape(p.output, front, elided);
    return p;
  }

  /// From the first letter of the bias on: the output's lengths for its letters, else 1.
  Shape bias_shape(const Shape& output, int front, int elided) const {
    const std::string& axes = *config().bias_axes;
    size_t first = equation_.output.size();
    for (const char c : axes) first = std::min(first, equation_.output.find(c));
    std::vector<int64_t> bias;
    for (size_t i = first; i < equation_.output.size(); ++i) {
      const bool own = axes.find(equation_.output[i]) != std::string::npos;
      bias.push_back(own ? output[front + static_cast<int>(i)] : 1);
    }
    if (equation_.dots == Equation::Dots::right)
      bias.resize(bias.size() + static_cast<size_t>(elided), 1);
    return Shape(bias);
  }

  Shape output_shape(const Shape& input) const override {
    check_rank_at_least(input, 1);
    const Plan p = plan(input);
    if (!p.kernel.is_known() || (p.bias.defined() && !p.bias.value().is_known())) {
      throw ShapeError(
          {.what = "The weights depend on a dimension that is unknown",
           .expected = "known lengths of the kernel's axes in \"" + config().equation + "\"",
           .received = input.to_string()});
    }
    if (kernel_.defined() && p.kernel != kernel_.shape()) {
      throw ShapeError({.what = "The input does not fit the weights",
                        .expected = "a kernel of shape " + kernel_.shape().to_string() +
                                    ", as when the layer was built",
                        .received = input.to_string()});
    }
    return p.output;
  }

  void build(const Shape& input) override {
    const EinsumDenseConfig& c = config();
    const Plan p = plan(input);
    Initializer::Spec spec = c.kernel_initializer.spec();
    const bool scaled = spec.kind == Initializer::Kind::scaled;
    if (scaled && (!spec.input_axes || !spec.output_axes)) {
      spec.input_axes = p.input_axes, spec.output_axes = p.output_axes;
    }
    kernel_ = add_weight("kernel", p.kernel, scaled ? Initializer(spec) : c.kernel_initializer,
                         c.kernel_regularizer, c.kernel_constraint);
    if (!p.bias.defined()) return;
    bias_ = add_weight("bias", p.bias.value(), c.bias_initializer, c.bias_regularizer,
                       c.bias_constraint);
  }

  Array call(const Array& x, const CallContext&) override {
    Array y = einsum(config().equation, {x, cast(kernel_, x.dtype())});
    if (bias_.defined()) y = y + cast(bias_, x.dtype());
    return config().activation(y);
  }

  Equation equation_;
  Variable kernel_, bias_;
};

}  // namespace

EinsumDense::EinsumDense(EinsumDenseConfig config)
    : Layer(std::make_shared<EinsumDenseImpl>(std::move(config))) {}

}  // namespace danlu
