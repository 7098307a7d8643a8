#include "danlu/nn/layers/input.h"

#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/config_json.h"

namespace danlu {
namespace {

Shape with_batch_axis(const Shape& sample) { return sample.with_axis_inserted(0, kNone); }

class InputImpl final : public LayerImpl {
 public:
  explicit InputImpl(const InputConfig& c)
      : LayerImpl("InputLayer", {c.name, c.dtype, true, c.shape}) {
    if (!c.shape.defined()) {
      throw ValueError({.where = where(),
                        .what = "`shape` is missing",
                        .expected = "the shape of one sample",
                        .hint = "Input({28, 28, 1})"});
    }
  }

  Json get_config() const override {
    return config_to_json(InputConfig{.shape = declared_input_shape(),
                                      .name = name(),
                                      .dtype = std::string(danlu::name(dtype()))});
  }

 private:
  Shape output_shape(const Shape& input) const override {
    const Shape wanted = with_batch_axis(declared_input_shape().value());
    bool fits = input.rank() == wanted.rank();
    for (int i = 1; fits && i < wanted.rank(); ++i) {
      fits = input[i] == wanted[i] || wanted[i] == kNone || input[i] == kNone;
    }
    if (!fits) {
      throw ShapeError({.what = "The input does not have the declared shape",
                        .expected = wanted.to_string(),
                        .received = input.to_string()});
    }
    return input;
  }

  Array call(const Array& x, const CallContext&) override { return x; }
};

}  // namespace

Input::Input(InputConfig config) : Layer(std::make_shared<InputImpl>(config)) {}

}  // namespace danlu
