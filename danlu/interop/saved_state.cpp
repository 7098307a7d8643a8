#include "danlu/interop/saved_state.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

#include "danlu/base/error.h"
#include "danlu/base/text.h"
#include "danlu/ops/elementwise.h"
#include "danlu/train/model.h"

namespace danlu {
namespace {

/// Attributes of Keras's layers that hold the layers inside them, in the order of `sublayers()`.
struct Attributes {
  std::string_view type;
  std::vector<std::string_view> names;
};

const std::vector<Attributes>& attributes() {
  static const std::vector<Attributes> all = {
      {"Bidirectional", {"forward_layer", "backward_layer"}},
      {"TimeDistributed", {"layer"}},
      {"SpectralNormalization", {"layer"}},
      {"RNN", {"cell"}},
      {"LSTM", {"cell"}},
      {"GRU", {"cell"}},
      {"SimpleRNN", {"cell"}},
      {"ConvLSTM1D", {"cell"}},
      {"ConvLSTM2D", {"cell"}},
      {"ConvLSTM3D", {"cell"}},
      {"MultiHeadAttention", {"query_dense", "key_dense", "value_dense", "output_dense"}},
      {"GroupedQueryAttention", {"_query_dense", "_key_dense", "_value_dense", "_output_dense"}},
  };
  return all;
}

std::string joined(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "/" + name;
}

/// `name`, "name_1", … for each time it comes.
std::string counted(std::string name, std::map<std::string, int>& counts) {
  const int before = counts[name]++;
  return before == 0 ? name : name + "_" + std::to_string(before);
}

class Collector {
 public:
  void visit(const LayerImpl& layer, const std::string& path) {
    if (!seen_.insert(&layer).second) return;
    SavedGroup group{path, layer.name(), {}};
    for (const bool trainable : {true, false}) {
      for (const Variable& weight : layer.own_weights()) {
        if (weight.trainable() == trainable) group.variables.push_back(weight);
      }
    }
    groups.push_back(std::move(group));
    const std::vector<Layer> inner = layer.sublayers();
    if (inner.empty()) return;
    if (dynamic_cast<const Network*>(&layer) != nullptr)
      return visit_all(inner, joined(path, "layers"));
    if (layer.type() == "StackedRNNCells") return visit_all(inner, joined(path, "cells"));
    for (const Attributes& known : attributes()) {
      if (known.type != layer.type() || known.names.size() < inner.size()) continue;
      for (size_t i = 0; i < inner.size(); ++i) {
        visit(*inner[i].impl(), joined(path, std::string(known.names[i])));
      }
      return;
    }
    throw UnsupportedError({.where = layer.where(),
                            .what = "It is not known how Keras keeps the layers inside this one",
                            .hint = "save the weights as safetensors"});
  }

  std::vector<SavedGroup> groups;

 private:
  void visit_all(const std::vector<Layer>& layers, const std::string& path) {
    std::map<std::string, int> counts;
    for (const Layer& layer : layers) {
      visit(*layer.impl(), path + "/" + counted(to_snake_case(layer->type()), counts));
    }
  }

  std::set<const LayerImpl*> seen_;
};

std::string path_of(const std::string& group, size_t index) {
  return joined(group, "vars/" + std::to_string(index));
}

/// Whether a value of this dtype may become one of that by rounding alone. Integers become floating
/// because Keras keeps the placeholders of some optimizers, which are never read, as integers.
bool converts(DType from, DType to) {
  return from == to || (is_floating(to) && !is_complex(from)) ||
         (is_integer(from) && is_integer(to));
}

/// What each variable is to become; checked before anything changes.
class Loading {
 public:
  Loading(const TensorMap& tensors, const std::string& where) : tensors_(tensors), where_(where) {}

  void want(Variable variable, const std::string& path, const std::string& owner) {
    const std::string what = "'" + variable.name() + "' of " + owner + " (" + path + ")";
    const HostTensor* tensor = tensors_.find(path);
    if (tensor == nullptr) {
      throw IoError({.where = where_,
                     .what = "The file has no value for " + what,
                     .expected = variable.spec().to_string(),
                     .hint = "the file belongs to another network"});
    }
    if (tensor->shape() != variable.shape() || !converts(tensor->dtype(), variable.dtype())) {
      throw IoError({.where = where_,
                     .what = "The value for " + what + " does not fit",
                     .expected = variable.spec().to_string(),
                     .received = tensor->spec().to_string(),
                     .hint = "the file belongs to another network"});
    }
    taken_.insert(path);
    values_.emplace_back(std::move(variable), tensor);
  }

  /// Errors: IoError for a tensor that nobody took, except those that `skip` accepts.
  template <class Skip>
  void require_all_taken(Skip skip) const {
    for (const auto& [path, tensor] : tensors_) {
      if (taken_.contains(path) || skip(path)) continue;
      throw IoError({.where = where_,
                     .what = "The network has no weight for '" + path + "' of the file",
                     .received = tensor.spec().to_string(),
                     .hint = "the file belongs to another network"});
    }
  }

  void assign() {
    std::vector<Array> values;
    for (auto& [variable, tensor] : values_) {
      const Array stored = Array::from_buffer(tensor->buffer(), tensor->spec());
      values.push_back(stored.dtype() == variable.dtype() ? stored
                                                          : cast(stored, variable.dtype()));
    }
    eval(std::span<const Array>(values));
    for (size_t i = 0; i < values.size(); ++i) values_[i].first.assign(values[i]);
  }

 private:
  const TensorMap& tensors_;
  const std::string& where_;
  std::set<std::string> taken_;
  std::vector<std::pair<Variable, const HostTensor*>> values_;
};

/// Errors: IoError when the file has fewer values for a layer than it has weights.
void require_all_values(const SavedGroup& group, const TensorMap& tensors,
                        const std::string& where) {
  size_t found = 0;
  std::string names;
  for (size_t i = 0; i < group.variables.size(); ++i) {
    found += tensors.contains(path_of(group.path, i)) ? 1 : 0;
    names += (i == 0 ? "" : ", ") + group.variables[i].name();
  }
  if (found == group.variables.size()) return;
  throw IoError({.where = where,
                 .what = "The file lacks values of layer '" + group.name + "' (" +
                         joined(group.path, "vars") + ")",
                 .expected = std::to_string(group.variables.size()) + " values: " + names,
                 .received = std::to_string(found),
                 .hint = "the file belongs to another network"});
}

constexpr const char* kOptimizer = "optimizer";
constexpr const char* kInnerOptimizer = "optimizer/inner_optimizer";  // of a LossScaleOptimizer
const std::string kInnerOptimizers = "optimizer/optimizers/";         // of a MultiOptimizer

}  // namespace

std::vector<SavedGroup> saved_groups(const Network& network) {
  Collector collector;
  collector.visit(network, "");
  return std::move(collector.groups);
}

SavedState saved_state(const Network& network, const OptimizerImpl* optimizer) {
  SavedState state;
  const auto add = [&](const SavedGroup& group) {
    state.attributes.push_back({joined(group.path, "vars"), "name", group.name});
    for (size_t i = 0; i < group.variables.size(); ++i) {
      state.tensors.add(path_of(group.path, i), to_host(group.variables[i].value()));
    }
  };
  for (const SavedGroup& group : saved_groups(network)) add(group);
  if (optimizer == nullptr || !optimizer->built()) return state;
  add({kOptimizer, optimizer->name(), optimizer->variables()});
  const bool one = optimizer->type() == "LossScaleOptimizer";
  std::map<std::string, int> counts;
  for (const Optimizer& inner : optimizer->inner_optimizers()) {
    const std::string path =
        one ? kInnerOptimizer : kInnerOptimizers + counted(to_snake_case(inner->type()), counts);
    add({path, inner->name(), inner->variables()});
  }
  return state;
}

void load_saved_weights(const Network& network, const TensorMap& tensors,
                        const std::string& where) {
  Loading loading(tensors, where);
  for (const SavedGroup& group : saved_groups(network)) {
    require_all_values(group, tensors, where);
    for (size_t i = 0; i < group.variables.size(); ++i) {
      loading.want(group.variables[i], path_of(group.path, i), "layer '" + group.name + "'");
    }
  }
  // Earlier versions of Keras keep the states of random numbers too.
  loading.require_all_taken([](const std::string& path) {
    return path.starts_with("optimizer/") || path.find("seed_generator/") != path.npos;
  });
  loading.assign();
}

void load_saved_optimizer(const OptimizerImpl& optimizer, const TensorMap& tensors,
                          const std::string& where) {
  const std::string prefix = std::string(kOptimizer) + "/vars/";
  size_t count = 0;
  for (const auto& [path, tensor] : tensors) count += path.starts_with(prefix) ? 1 : 0;
  const auto& variables = optimizer.variables();
  // Before the first step there are only the number of steps and the rate.
  if (count <= 2 && count < variables.size()) return;
  if (count != variables.size()) {
    throw IoError(
        {.where = where,
         .what = "The state of the optimizer in the file does not fit",
         .expected = std::to_string(variables.size()) + " variables for " + optimizer.type(),
         .received = std::to_string(count)});
  }
  Loading loading(tensors, where);
  for (size_t i = 0; i < count; ++i) {
    loading.want(variables[i], path_of(kOptimizer, i), "optimizer '" + optimizer.name() + "'");
  }
  loading.assign();
}

}  // namespace danlu
