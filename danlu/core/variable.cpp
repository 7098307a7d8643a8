#include "danlu/core/variable.h"

#include <atomic>
#include <cstring>
#include <utility>

#include "danlu/base/error.h"

namespace danlu {

Array cast(const Array& x, DType dtype);  // of danlu/ops

namespace {

thread_local std::optional<DType> current_autocast;
thread_local StateScope* current_scope = nullptr;
thread_local VariableWatch* current_watch = nullptr;

}  // namespace

struct Variable::Cell {
  std::string name, path;
  bool trainable = true;
  bool autocast = true;
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
const std::string& Variable::path() const {
  return cell_->path.empty() ? cell_->name : cell_->path;
}
void Variable::set_path(std::string path) { cell_->path = std::move(path); }
bool Variable::trainable() const { return cell_->trainable; }
void Variable::set_trainable(bool trainable) { cell_->trainable = trainable; }
bool Variable::autocast() const { return cell_->autocast; }
void Variable::set_autocast(bool autocast) { cell_->autocast = autocast; }
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
  if (current_watch != nullptr) current_watch->note(*this);
  Array value = cell_->value;
  for (StateScope* scope = current_scope; scope != nullptr; scope = scope->outer_) {
    const auto it = scope->values_.find(id());
    if (it == scope->values_.end()) continue;
    value = it->second;
    break;
  }
  const bool as_it_is = !current_autocast || *current_autocast == value.dtype() ||
                        !cell_->autocast || !is_floating(value.dtype());
  return as_it_is ? value : cast(value, *current_autocast);
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
  if (current_watch != nullptr) current_watch->note(*this);
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

AutocastScope::AutocastScope(std::optional<DType> dtype)
    : outer_(std::exchange(current_autocast, dtype)) {}
AutocastScope::~AutocastScope() { current_autocast = outer_; }
std::optional<DType> AutocastScope::current() { return current_autocast; }

VariableWatch::VariableWatch() : outer_(std::exchange(current_watch, this)) {}
VariableWatch::~VariableWatch() { current_watch = outer_; }

void VariableWatch::note(const Variable& variable) {
  if (ids_.insert(variable.id()).second) seen_.push_back(variable);
  if (outer_ != nullptr) outer_->note(variable);
}

}  // namespace danlu
