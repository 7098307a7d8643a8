#include "danlu/core/variable.h"

#include <atomic>
#include <cstring>
#include <utility>

#include "danlu/base/error.h"

namespace danlu {
namespace {

thread_local StateScope* current_scope = nullptr;

}  // namespace

struct Variable::Cell {
  std::string name;
  bool trainable = true;
  TensorSpec spec;
  Array value;
  std::atomic<uint64_t> version{0};
};

Variable::Variable(Array initial, std::string name, bool trainable)
    : cell_(std::make_shared<Cell>()) {
  cell_->spec = initial.spec();
  cell_->value = std::move(initial);
  cell_->name = std::move(name);
  cell_->trainable = trainable;
}

const std::string& Variable::name() const { return cell_->name; }
void Variable::set_name(std::string name) { cell_->name = std::move(name); }
bool Variable::trainable() const { return cell_->trainable; }
void Variable::set_trainable(bool trainable) { cell_->trainable = trainable; }
uint64_t Variable::version() const { return cell_->version.load(std::memory_order_acquire); }
void Variable::bump_version() {
  // One writer at a time, as for the elements; a locked addition would cost more than a small step.
  cell_->version.store(cell_->version.load(std::memory_order_relaxed) + 1,
                       std::memory_order_release);
}

const TensorSpec& Variable::spec() const {
  if (!cell_) {
    throw StateError({.where = "Variable",
                      .what = "The Variable is undefined",
                      .hint = "build the layer that owns it first"});
  }
  return cell_->spec;
}

Array Variable::value() const {
  spec();
  for (StateScope* scope = current_scope; scope != nullptr; scope = scope->outer_) {
    const auto it = scope->values_.find(id());
    if (it != scope->values_.end()) return it->second;
  }
  return cell_->value;
}

void Variable::assign(const Array& value) {
  const std::string where = "Variable '" + cell_->name + "'";
  if (value.shape() != cell_->spec.shape) {
    throw ShapeError({.where = where,
                      .what = "The assigned value has another shape",
                      .expected = cell_->spec.shape.to_string(),
                      .received = value.shape().to_string()});
  }
  if (value.dtype() != cell_->spec.dtype) {
    throw DTypeError({.where = where,
                      .what = "The assigned value has another dtype",
                      .expected = std::string(danlu::name(cell_->spec.dtype)),
                      .received = std::string(danlu::name(value.dtype())),
                      .hint = "cast it first"});
  }
  if (current_scope != nullptr) {
    current_scope->values_.insert_or_assign(id(), value);
    return;
  }
  if (value.node()->traced) {
    throw StateError({.where = where,
                      .what = "A traced value cannot be stored in a Variable",
                      .hint = "return it from the traced function"});
  }
  cell_->value = value;
  bump_version();
}

void* Variable::exclusive_data() {
  cell_->value.eval();
  internal::Node* node = cell_->value.node();
  auto& slot = node->outputs[cell_->value.output_index()];
  // One reference by the cell's node, whose only holder is the cell itself.
  const bool alone = node->refs.load(std::memory_order_acquire) == 1 &&
                     slot.buffer.use_count() == 1 && slot.buffer->owns_memory() &&
                     node->outputs.size() == 1;
  if (alone) return slot.buffer->data();
  auto copy = Buffer::allocate(cell_->spec.bytes());
  void* const data = copy->data();
  std::memcpy(data, slot.buffer->data(), cell_->spec.bytes());
  cell_->value = Array::from_buffer(std::move(copy), cell_->spec);
  return data;
}

StateScope::StateScope(const std::vector<Variable>& variables, const std::vector<Array>& values)
    : outer_(std::exchange(current_scope, this)) {
  for (size_t i = 0; i < variables.size(); ++i) values_.emplace(variables[i].id(), values.at(i));
}

StateScope::~StateScope() { current_scope = outer_; }

Array StateScope::value(const Variable& variable) const {
  const auto it = values_.find(variable.id());
  return it != values_.end() ? it->second : variable.value();
}

bool StateScope::contains(const Variable& variable) const {
  return values_.contains(variable.id());
}

}  // namespace danlu
