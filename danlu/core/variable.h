#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "danlu/core/array.h"

namespace danlu {

/// The only thing that mutates: a named, typed cell that holds an Array. Copies share the cell.
/// A compiled training step writes new values into the cell's own buffer; a buffer that somebody
/// else still holds is copied first, so an Array read earlier never changes.
class Variable {
 public:
  Variable() = default;
  /// Errors: StateError when `initial` is undefined.
  explicit Variable(Array initial, std::string name = "variable", bool trainable = true);

  bool defined() const { return cell_ != nullptr; }
  const std::string& name() const;
  void set_name(std::string name);
  /// Its name behind those of the layers that it was made in, "sequential/dense/kernel"; the name
  /// alone outside of layers.
  const std::string& path() const;
  void set_path(std::string path);
  bool trainable() const;
  void set_trainable(bool trainable);
  /// Whether an AutocastScope applies; true at first.
  bool autocast() const;
  void set_autocast(bool autocast);
  const TensorSpec& spec() const;
  const Shape& shape() const { return spec().shape; }
  DType dtype() const { return spec().dtype; }

  /// The current value, or what the innermost StateScope puts in its place; in an AutocastScope of
  /// its dtype.
  Array value() const;
  operator Array() const { return value(); }
  /// Errors: ShapeError or DTypeError, naming the variable, unless the specs agree.
  void assign(const Array& value);
  /// Rises with every assignment and every step that writes the cell.
  uint64_t version() const;

  /// Identity: equal for copies of one Variable.
  const void* id() const { return cell_.get(); }
  friend bool operator==(const Variable& a, const Variable& b) { return a.cell_ == b.cell_; }

  /// The cell's evaluated elements, seen by nobody else (they are copied first where needed), until
  /// the next assignment. Whoever writes to them calls `bump_version`.
  void* exclusive_data();
  void bump_version();

 private:
  struct Cell;
  std::shared_ptr<Cell> cell_;
};

/// While one lives, reads of the given variables on this thread yield the given Arrays, and
/// assignments are kept here instead of changing the variables: how a model becomes a pure
/// function.
class StateScope {
 public:
  StateScope() : StateScope({}, {}) {}
  StateScope(const std::vector<Variable>& variables, const std::vector<Array>& values);
  ~StateScope();
  StateScope(const StateScope&) = delete;
  StateScope& operator=(const StateScope&) = delete;

  /// The value `variable` has inside the scope now.
  Array value(const Variable& variable) const;
  bool contains(const Variable& variable) const;

 private:
  friend class Variable;
  std::unordered_map<const void*, Array> values_;
  StateScope* outer_ = nullptr;
};

/// While one lives, floating point Variables give their values in `dtype` on this thread: how a
/// layer computes in another dtype than its weights have; without a dtype they give them as they
/// are. What is assigned keeps the Variable's.
class AutocastScope {
 public:
  explicit AutocastScope(std::optional<DType> dtype);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

  /// The innermost scope's dtype; nothing outside of scopes.
  static std::optional<DType> current();

 private:
  std::optional<DType> outer_;
};

/// While one lives, every Variable that is read or assigned on this thread is noted.
class VariableWatch {
 public:
  VariableWatch();
  ~VariableWatch();
  VariableWatch(const VariableWatch&) = delete;
  VariableWatch& operator=(const VariableWatch&) = delete;

  /// Each once, in the order of first use.
  const std::vector<Variable>& seen() const { return seen_; }

 private:
  friend class Variable;
  void note(const Variable& variable);

  std::vector<Variable> seen_;
  std::unordered_set<const void*> ids_;
  VariableWatch* outer_;
};

}  // namespace danlu
