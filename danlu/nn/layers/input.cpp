#include "danlu/nn/layers/input.h"

#include <memory>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/config_json.h"
#include "danlu/nn/functional.h"
#include "danlu/nn/global_state.h"

namespace danlu {
namespace {

class InputImpl final : public LayerImpl {
 public:
  explicit InputImpl(const InputConfig& c)
      : LayerImpl("InputLayer",
                  {c.name, c.dtype.empty() ? std::string(danlu::name(floatx())) : c.dtype, true,
                   c.shape, true}) {
    if (!c.shape.defined()) {
      throw ValueError({.where = where(),
                        .what = "`shape` is missing",
                        .expected = "the shape of one sample",
                        .hint = "Input({28, 28, 1})"});
    }
    batch_shape_ = c.shape.value().with_axis_inserted(0, c.batch_size.value_or(kNone));
  }

  /// With the batch axis.
  const Shape& batch_shape() const { return batch_shape_; }

  Json get_config() const override {
    return Json::object({{"batch_shape", to_json(OptionalShape(batch_shape_))},
                         {"dtype", std::string(danlu::name(dtype()))},
                         {"sparse", false},
                         {"ragged", false},
                         {"name", name()},
                         {"optional", false}});
  }

  std::weak_ptr<const LayerCall> call_of_graph;

 private:
  Shape output_shape(const Shape& input) const override {
    const Shape& wanted = batch_shape_;
    bool fits = input.rank() == wanted.rank();
    for (int i = 0; fits && i < wanted.rank(); ++i) {
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

  Shape batch_shape_;
};

}  // namespace

Input::Input(InputConfig config) : Layer(std::make_shared<InputImpl>(config)) {}

Input::operator KerasTensor() const { return to_keras_tensor(*this); }

KerasTensor to_keras_tensor(const Layer& input) {
  auto& impl = dynamic_cast<InputImpl&>(*input.impl());
  std::shared_ptr<const LayerCall> call = impl.call_of_graph.lock();
  if (!call) {
    call = std::make_shared<LayerCall>(
        LayerCall{input, {}, {}, {impl.batch_shape()}, {impl.dtype()}, 0});
    impl.call_of_graph = call;
  }
  return KerasTensor(call, 0);
}

Layer input_from_config(const Json& config) {
  InputConfig own = config_from_json<InputConfig>(config);
  const Json* batch = config.find("batch_shape");
  if (batch == nullptr) batch = config.find("batch_input_shape");
  if (batch != nullptr && !batch->is_null()) {
    OptionalShape shape;
    from_json(*batch, shape);
    if (shape.value().rank() == 0) {
      throw IoError({.where = "InputLayer",
                     .what = "`batch_shape` has no batch axis",
                     .expected = "a list that begins with null",
                     .received = batch->dump()});
    }
    own.shape = shape.value().without_axis(0);
    if (shape.value()[0] != kNone) own.batch_size = shape.value()[0];
  }
  return Input(own);
}

}  // namespace danlu
