#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "danlu/nn/layer.h"

namespace danlu {

/// What an operation takes in one of its places: a tensor of a functional graph, a list of them, or
/// a constant: a number, an Array, an index.
class Operand {
 public:
  Operand(KerasTensor x) : value_(std::move(x)) {}
  Operand(std::vector<KerasTensor> list) : value_(std::move(list)) {}
  template <class T>
  requires std::is_arithmetic_v<T> Operand(T number) : value_(Json(number)) {}
  /// Its values are computed now, and go into configs.
  Operand(const Array& constant);
  explicit Operand(Json constant) : value_(std::move(constant)) {}

  using Value = std::variant<KerasTensor, std::vector<KerasTensor>, Json>;
  const Value& value() const { return value_; }

 private:
  Value value_;
};

/// What an operation computes from: its settings, and arrays in the places of tensors.
class OperationArguments {
 public:
  /// `form` has an item for each place, in which {"input": i} stands for `inputs[i]`.
  OperationArguments(const Json& form, const Json& settings, const std::vector<Array>& inputs)
      : form_(form), settings_(settings), inputs_(inputs) {}

  /// Whether something other than null stands in a place.
  bool has(size_t place) const { return place < form_.size() && !form_[place].is_null(); }
  /// A tensor or a constant. Errors: IoError when the place is empty or holds something else.
  Array array(size_t place) const { return array_of(form_[place]); }
  std::vector<Array> arrays(size_t place) const;
  /// Everything from `first` on.
  std::vector<Array> arrays_from(size_t first) const;
  const Json& form(size_t place) const { return form_[place]; }
  Array array_of(const Json& item) const;

  /// Null where it was not given.
  const Json& setting(const char* name) const;
  int64_t integer(const char* name, int64_t otherwise) const;
  double number(const char* name, double otherwise) const;
  bool flag(const char* name, bool otherwise = false) const;
  std::string text(const char* name, const char* otherwise) const;
  /// One or several integers; none where there is nothing.
  std::vector<int64_t> integers(const char* name) const;
  std::optional<int64_t> maybe(const char* name) const;
  std::optional<DType> dtype(const char* name) const;

 private:
  const Json& form_;
  const Json& settings_;
  const std::vector<Array>& inputs_;
};

/// A function of keras.ops as functional graphs know it (Keras's Operation).
struct Operation {
  const char* class_name;  ///< "TrueDivide"
  const char* module;      ///< "numpy", of keras.src.ops
  std::vector<Array> (*compute)(const OperationArguments&);
  std::vector<const char*> settings = {};   ///< what its config has besides the name
  std::vector<const char*> arguments = {};  ///< what may stand in a call by name
};

/// Null when there is none.
const Operation* find_operation(const std::string& class_name);
/// All of them.
const std::vector<Operation>& operations();

/// Stands before the class of an operation where layers are named by their class, because several
/// operations share theirs with a layer: "ops.Add".
inline constexpr const char* kOperationPrefix = "ops.";

/// An operation with what it is called with: the node of a functional graph. It has no weights, and
/// is none of a model's `layers()`.
class OperationLayer final : public LayerImpl {
 public:
  /// Errors: ValueError for a setting that the operation does not have.
  OperationLayer(const Operation& operation, Json form, Json settings, std::vector<DType> inputs,
                 std::string name = "");

  const Operation& operation() const { return operation_; }
  const Json& form() const { return form_; }
  const Json& settings() const { return settings_; }
  /// Errors: those of the operation, which name the shapes of the inputs.
  std::vector<TensorSpec> output_specs(const std::vector<Shape>& inputs) const;
  /// {"name": …} and the settings.
  Json get_config() const override;

 private:
  std::vector<Shape> output_shapes(const std::vector<Shape>& inputs) const override;
  void build_inputs(const std::vector<Shape>&) override {}
  std::vector<Array> call_inputs(const std::vector<Array>& inputs,
                                 const CallContext& context) override;
  bool casts_input() const override { return false; }
  std::vector<Array> compute(const std::vector<Array>& inputs) const;

  const Operation& operation_;
  Json form_, settings_;
  std::vector<DType> inputs_;
};

/// The operation behind a layer; null for every other layer.
const OperationLayer* as_operation(const Layer& layer);

/// Notes a call of keras.ops' `class_name` in a functional graph. Errors: those of the operation.
std::vector<KerasTensor> call_operation(const char* class_name,
                                        const std::vector<Operand>& operands,
                                        Json settings = Json::object());
/// The same for operands in the form in which OperationArguments has them.
std::vector<KerasTensor> call_operation(const Operation& operation, Json form, Json settings,
                                        const std::vector<KerasTensor>& inputs,
                                        std::string name = "");

}  // namespace danlu
