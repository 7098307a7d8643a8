#include "danlu/nn/functional.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <unordered_map>

#include "danlu/base/error.h"
#include "danlu/nn/config_json.h"
#include "danlu/nn/layers/input.h"
#include "danlu/nn/layers/registry.h"
#include "danlu/nn/operation.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

using CallRef = std::shared_ptr<const LayerCall>;

std::atomic<uint64_t> next_serial{0};

bool is_input(const LayerCall& call) { return call.layer->type() == "InputLayer"; }

bool contains(const std::vector<KerasTensor>& tensors, const KerasTensor& tensor) {
  return std::find(tensors.begin(), tensors.end(), tensor) != tensors.end();
}

std::vector<Shape> shapes_of(const std::vector<KerasTensor>& tensors) {
  std::vector<Shape> shapes;
  for (const KerasTensor& tensor : tensors) shapes.push_back(tensor.shape());
  return shapes;
}

std::vector<KerasTensor> outputs_of(const CallRef& call) {
  std::vector<KerasTensor> outputs;
  for (size_t i = 0; i < call->output_shapes.size(); ++i) outputs.emplace_back(call, i);
  return outputs;
}

CallRef make_call(const Layer& layer, const std::vector<KerasTensor>& inputs,
                  const SymbolicArguments& arguments) {
  const std::vector<Shape> shapes = shapes_of(inputs);
  LayerCall call{layer, inputs, arguments, {}, {}, 0};
  if (const OperationLayer* operation = as_operation(layer)) {
    const std::vector<TensorSpec> specs =
        with_error_context(layer->where(), [&] { return operation->output_specs(shapes); });
    for (const TensorSpec& spec : specs) {
      call.output_shapes.push_back(spec.shape);
      call.output_dtypes.push_back(spec.dtype);
    }
  } else {
    call.output_shapes = layer->compute_output_shapes(shapes, arguments.values);
    call.output_dtypes.assign(call.output_shapes.size(), layer->compute_dtype());
  }
  layer->ensure_built(shapes);
  call.serial = next_serial++;
  return std::make_shared<LayerCall>(std::move(call));
}

/// Every call that `outputs` need, each after those it depends on; calls that give one of `inputs`
/// end the search.
std::vector<CallRef> calls_between(const std::vector<KerasTensor>& inputs,
                                   const std::vector<KerasTensor>& outputs) {
  std::vector<CallRef> ordered;
  std::set<const LayerCall*> seen;
  struct Open {
    CallRef call;
    std::vector<KerasTensor> parents;
    size_t next = 0;
  };
  const auto open = [&](const KerasTensor& tensor, std::vector<Open>& stack) {
    if (!is_input(tensor.call()) && contains(inputs, tensor)) return;
    if (!seen.insert(&tensor.call()).second) return;
    stack.push_back({tensor.call_ref(), tensor.call().parents()});
  };
  for (const KerasTensor& output : outputs) {
    std::vector<Open> stack;
    open(output, stack);
    while (!stack.empty()) {
      Open& top = stack.back();
      if (top.next < top.parents.size()) {
        const KerasTensor parent = top.parents[top.next++];
        open(parent, stack);
      } else {
        ordered.push_back(top.call);
        stack.pop_back();
      }
    }
  }
  return ordered;
}

/// (batch, …, 1) where (batch, …) is wanted, and the other way round, as Keras does.
Array with_rank_of(const Array& x, const Shape& wanted) {
  if (x.rank() == wanted.rank() + 1 && x.shape()[-1] == 1) return squeeze(x, -1);
  if (x.rank() + 1 == wanted.rank() && wanted[-1] == 1) return expand_dims(x, -1);
  return x;
}

Shape with_rank_of(const Shape& x, const Shape& wanted) {
  if (x.rank() == wanted.rank() + 1 && x[-1] == 1) return x.without_axis(x.rank() - 1);
  if (x.rank() + 1 == wanted.rank() && wanted[-1] == 1) return x.with_axis_inserted(x.rank(), 1);
  return x;
}

/// Values of tensors while a graph runs.
template <class T>
class Values {
 public:
  void set(const LayerCall& call, std::vector<T> outputs) { values_[&call] = std::move(outputs); }
  T get(const KerasTensor& tensor) const {
    const auto found = values_.find(&tensor.call());
    return found != values_.end() && tensor.index() < found->second.size()
               ? found->second[tensor.index()]
               : T();
  }
  std::vector<T> get(const std::vector<KerasTensor>& tensors) const {
    std::vector<T> all;
    for (const KerasTensor& tensor : tensors) all.push_back(get(tensor));
    return all;
  }

 private:
  std::unordered_map<const LayerCall*, std::vector<T>> values_;
};

Json one_or_list(std::vector<Json> items) {
  return items.size() == 1 ? std::move(items[0]) : Json::array(std::move(items));
}

void require_count(const Network& network, size_t received) {
  const std::vector<std::string> names = network.input_names();
  if (names.size() == received) return;
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  throw ValueError({.where = network.where(),
                    .what = "The number of inputs does not match the network",
                    .expected = std::to_string(names.size()) + ": " + list,
                    .received = std::to_string(received)});
}

}  // namespace

const Shape& KerasTensor::shape() const { return call_->output_shapes.at(index_); }
DType KerasTensor::dtype() const { return call_->output_dtypes.at(index_); }

std::vector<KerasTensor> Layer::operator()(const std::vector<KerasTensor>& inputs,
                                           const SymbolicArguments& arguments) const {
  return outputs_of(make_call(*this, inputs, arguments));
}

KerasTensor Layer::operator()(const KerasTensor& x, const SymbolicArguments& arguments) const {
  const std::vector<KerasTensor> outputs = (*this)(std::vector<KerasTensor>{x}, arguments);
  if (outputs.size() == 1) return outputs[0];
  throw ValueError({.where = impl_->where(),
                    .what = "The layer gives several outputs",
                    .received = std::to_string(outputs.size()),
                    .hint = "call it with a list: layer(std::vector{x})"});
}

std::vector<KerasTensor> call_operation(const Operation& operation, Json form, Json settings,
                                        const std::vector<KerasTensor>& inputs, std::string name) {
  std::vector<DType> dtypes;
  for (const KerasTensor& input : inputs) dtypes.push_back(input.dtype());
  const Layer layer(std::make_shared<OperationLayer>(
      operation, std::move(form), std::move(settings), std::move(dtypes), std::move(name)));
  return layer(inputs);
}

std::vector<KerasTensor> LayerCall::parents() const {
  std::vector<KerasTensor> all = inputs;
  for (const auto& [name, tensor] : arguments.tensors) all.push_back(tensor);
  return all;
}

FunctionalNetwork::FunctionalNetwork(KerasTensors inputs, KerasTensors outputs, std::string name)
    : Network("Functional", {.name = std::move(name)}),
      inputs_(std::move(inputs)),
      outputs_(std::move(outputs)) {
  if (inputs_.empty() || outputs_.empty()) {
    throw ValueError({.where = where(), .what = "A model needs at least one input and one output"});
  }
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (std::count(inputs_.begin(), inputs_.end(), inputs_[i]) == 1) continue;
    throw ValueError({.where = where(),
                      .what = "An input is listed twice",
                      .received = "'" + inputs_[i].call().layer.name() + "'"});
  }
  calls_ = calls_between(inputs_, outputs_);
  give_own_inputs();
  for (const CallRef& call : calls_) {
    if (!is_input(*call) || contains(inputs_, KerasTensor(call, 0))) continue;
    throw ValueError({.where = where(),
                      .what = "The outputs depend on an input that the model does not list",
                      .received = "'" + call->layer.name() + "'",
                      .hint = "add it to the inputs of the model"});
  }
  order_layers();
  require_unique_names(operations_, where());
  ensure_built(shapes_of(inputs_));
}

void FunctionalNetwork::give_own_inputs() {
  const auto is_inner = [](const KerasTensor& tensor) { return !is_input(tensor.call()); };
  if (std::none_of(inputs_.begin(), inputs_.end(), is_inner)) return;
  std::vector<std::pair<KerasTensor, KerasTensor>> renewed;
  const auto renew = [&](const KerasTensor& tensor) {
    for (const auto& [before, after] : renewed) {
      if (before == tensor) return after;
    }
    return tensor;
  };
  for (KerasTensor& tensor : inputs_) {
    if (!is_inner(tensor)) continue;
    const KerasTensor own = Input({.shape = tensor.shape().without_axis(0),
                                   .dtype = std::string(danlu::name(tensor.dtype()))});
    renewed.emplace_back(tensor, own);
    tensor = own;
  }
  for (CallRef& call : calls_) {
    if (is_input(*call)) continue;
    auto copy = std::make_shared<LayerCall>(*call);
    for (KerasTensor& tensor : copy->inputs) tensor = renew(tensor);
    for (auto& [name, tensor] : copy->arguments.tensors) tensor = renew(tensor);
    for (size_t i = 0; i < copy->output_shapes.size(); ++i) {
      renewed.emplace_back(KerasTensor(call, i), KerasTensor(copy, i));
    }
    call = std::move(copy);
  }
  for (KerasTensor& tensor : outputs_) tensor = renew(tensor);
  calls_ = calls_between(inputs_, outputs_);
}

/// Keras's order: by the longest way to an output, the longest first; among equals by when a walk
/// back from the outputs meets the layer first.
void FunctionalNetwork::order_layers() {
  std::map<const LayerCall*, int64_t> depths;
  std::map<const LayerImpl*, int64_t> layer_depths;
  for (auto call = calls_.rbegin(); call != calls_.rend(); ++call) {
    const LayerImpl* layer = (*call)->layer.impl().get();
    const int64_t depth = std::max(depths[call->get()], layer_depths[layer]);
    depths[call->get()] = layer_depths[layer] = depth;
    for (const KerasTensor& parent : (*call)->parents()) {
      int64_t& of_parent = depths[&parent.call()];
      of_parent = std::max(of_parent, depth + 1);
    }
  }

  std::vector<CallRef> open;
  std::set<const LayerCall*> seen;
  const auto visit = [&](const KerasTensor& tensor) {
    if (seen.insert(&tensor.call()).second) open.push_back(tensor.call_ref());
  };
  for (const KerasTensor& output : outputs_) {
    visit(output);
    while (!open.empty()) {
      const CallRef call = open.back();
      open.pop_back();
      if (std::find(operations_.begin(), operations_.end(), call->layer) == operations_.end()) {
        operations_.push_back(call->layer);
      }
      const std::vector<KerasTensor> parents = call->parents();
      for (auto parent = parents.rbegin(); parent != parents.rend(); ++parent) visit(*parent);
    }
  }
  for (const KerasTensor& input : inputs_) {
    const Layer& layer = input.call().layer;
    if (layer_depths.count(layer.impl().get()) > 0) continue;
    operations_.insert(operations_.begin(), layer);
    calls_.insert(calls_.begin(), input.call_ref());
  }
  std::stable_sort(operations_.begin(), operations_.end(), [&](const Layer& a, const Layer& b) {
    return layer_depths[a.impl().get()] > layer_depths[b.impl().get()];
  });
  for (const Layer& layer : operations_) {
    if (as_operation(layer) == nullptr) layers_.push_back(layer);
  }
}

std::vector<CallRef> FunctionalNetwork::calls_of(const Layer& layer) const {
  std::vector<CallRef> found;
  for (const CallRef& call : calls_) {
    if (call->layer == layer) found.push_back(call);
  }
  std::sort(found.begin(), found.end(),
            [](const CallRef& a, const CallRef& b) { return a->serial < b->serial; });
  return found;
}

std::vector<Shape> FunctionalNetwork::layer_output_shapes(size_t index) const {
  return calls_of(operations_.at(index)).back()->output_shapes;
}

std::vector<std::string> FunctionalNetwork::input_names() const {
  std::vector<std::string> names;
  for (const KerasTensor& input : inputs_) names.push_back(input.call().layer.name());
  return names;
}

std::vector<std::string> FunctionalNetwork::output_names() const {
  std::vector<std::string> names;
  for (const KerasTensor& output : outputs_) names.push_back(output.call().layer.name());
  return names;
}

std::vector<std::string> FunctionalNetwork::connected_to(size_t index) const {
  std::vector<std::string> found;
  for (const CallRef& call : calls_of(operations_.at(index))) {
    for (const KerasTensor& parent : call->parents()) {
      const Json place = history(parent);
      found.push_back(place[0].as_string() + "[" + std::to_string(place[1].as_int()) + "][" +
                      std::to_string(place[2].as_int()) + "]");
    }
  }
  return found;
}

std::vector<Shape> FunctionalNetwork::output_shapes(const std::vector<Shape>& input_shapes) const {
  require_count(*this, input_shapes.size());
  Values<Shape> shapes;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const Shape adjusted = with_rank_of(input_shapes[i], inputs_[i].shape());
    shapes.set(inputs_[i].call(), {inputs_[i].call().layer->compute_output_shape(adjusted)});
  }
  for (const CallRef& call : calls_) {
    if (is_input(*call)) continue;
    shapes.set(*call, call->layer->compute_output_shapes(shapes.get(call->inputs),
                                                         call->arguments.values));
  }
  return shapes.get(outputs_);
}

void FunctionalNetwork::build_inputs(const std::vector<Shape>&) { evaluate_weights(); }

LayerOutputs FunctionalNetwork::call_with_masks(const std::vector<Array>& inputs,
                                                const CallContext& context) {
  Values<Array> values, masks;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const Array x = with_rank_of(inputs[i], inputs_[i].shape());
    const DType dtype = inputs_[i].dtype();
    values.set(inputs_[i].call(), {x.dtype() == dtype ? x : cast(x, dtype)});
    masks.set(inputs_[i].call(), {context.mask(i)});
  }
  for (const CallRef& call : calls_) {
    if (is_input(*call)) continue;
    CallContext own{.training = context.training,
                    .masks = masks.get(call->inputs),
                    .arguments = call->arguments.values};
    own.training = own.flag("training", context.training);
    for (const auto& [name, tensor] : call->arguments.tensors) {
      own.tensors[name] = values.get(tensor);
    }
    if (const Array mask = own.tensor("mask"); mask.defined()) own.masks = {mask};
    LayerOutputs outputs = call->layer->apply(values.get(call->inputs), own);
    values.set(*call, std::move(outputs.values));
    masks.set(*call, std::move(outputs.masks));
  }
  return {values.get(outputs_), masks.get(outputs_)};
}

Json FunctionalNetwork::history(const KerasTensor& tensor) const {
  const std::vector<CallRef> calls = calls_of(tensor.call().layer);
  const auto place = std::find(calls.begin(), calls.end(), tensor.call_ref());
  return Json::array({tensor.call().layer.name(), place - calls.begin(), tensor.index()});
}

Json FunctionalNetwork::call_config(const LayerCall& call) const {
  const auto tensor_json = [&](const KerasTensor& tensor) {
    return object_json("__keras_tensor__",
                       Json::object({{"shape", to_json(OptionalShape(tensor.shape()))},
                                     {"dtype", std::string(danlu::name(tensor.dtype()))},
                                     {"keras_history", history(tensor)}}));
  };
  Json args = Json::array();
  Json kwargs = Json::object();
  if (const OperationLayer* operation = as_operation(call.layer)) {
    const auto filled = [&](const auto& self, const Json& item) -> Json {
      if (const Json* input = item.find("input")) {
        return tensor_json(call.inputs.at(static_cast<size_t>(input->as_int())));
      }
      if (!item.is_array()) return item;
      Json all = Json::array();
      for (const Json& one : item.items()) all.push_back(self(self, one));
      return all;
    };
    return Json::object({{"args", filled(filled, operation->form())}, {"kwargs", kwargs}});
  }
  const std::vector<std::string> names = call.layer->input_arguments();
  size_t next = 0;
  for (size_t i = 0; i < names.size() && next < call.inputs.size(); ++i) {
    std::vector<Json> taken;
    const size_t end = i + 1 == names.size() ? call.inputs.size() : next + 1;
    while (next < end) taken.push_back(tensor_json(call.inputs[next++]));
    if (i == 0) {
      args.push_back(one_or_list(std::move(taken)));
    } else {
      kwargs.set(names[i], one_or_list(std::move(taken)));
    }
  }
  if (call.arguments.values.is_object()) {
    for (const auto& [name, value] : call.arguments.values.members()) kwargs.set(name, value);
  }
  for (const auto& [name, tensor] : call.arguments.tensors) kwargs.set(name, tensor_json(tensor));
  return Json::object({{"args", args}, {"kwargs", kwargs}});
}

Json FunctionalNetwork::get_config() const {
  Json layers = Json::array();
  for (const Layer& layer : operations_) {
    Json calls = Json::array();
    for (const CallRef& call : calls_of(layer)) {
      if (!is_input(*call)) calls.push_back(call_config(*call));
    }
    Json entry = serialize(layer);
    entry.set("name", layer.name());
    entry.set("inbound_nodes", std::move(calls));
    layers.push_back(std::move(entry));
  }
  const auto histories = [&](const std::vector<KerasTensor>& tensors) {
    std::vector<Json> all;
    for (const KerasTensor& tensor : tensors) all.push_back(history(tensor));
    return one_or_list(std::move(all));
  };
  return Json::object({{"name", name()},
                       {"trainable", trainable()},
                       {"layers", std::move(layers)},
                       {"input_layers", histories(inputs_)},
                       {"output_layers", histories(outputs_)}});
}

}  // namespace danlu
