#pragma once

#include <concepts>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace danlu {

namespace internal {
/// The value for each of `outputs`: the place in `names` (one for each value, "" where it has none)
/// of the value that belongs to it, or nothing.
/// Errors: ValueError, which names `argument`, for names that are no outputs or come twice, for
/// values with and without a name, and for another number of values without one than of outputs.
std::vector<std::optional<size_t>> places_for_outputs(const std::vector<std::string>& names,
                                                      const std::vector<std::string>& outputs,
                                                      const std::string& argument);
}  // namespace internal

/// An argument of `compile` that may differ from output to output, as Keras takes a value, a list
/// or a dictionary: `"mse"`; `{"mse", "mae"}`, one for each output in order; or by the outputs'
/// names `{{"score", "mse"}, {"label", "sparse_categorical_crossentropy"}}`. `std::nullopt` stands
/// for None.
template <class T>
class PerOutput {
 public:
  struct Entry {
    template <class U>
    requires std::convertible_to<U&&, T> Entry(U&& value)  // NOLINT
        : value(T(std::forward<U>(value))) {}
    Entry(std::nullopt_t) {}
    Entry(std::string output, T value) : output(std::move(output)), value(std::move(value)) {}
    Entry(std::string output, std::nullopt_t) : output(std::move(output)) {}

    std::string output;  ///< "" where the place in the list says it
    std::optional<T> value;
  };

  /// Nothing.
  PerOutput() = default;
  PerOutput(std::nullopt_t) {}
  /// The same for every output.
  template <class U>
  requires std::convertible_to<U&&, T> PerOutput(U&& value)  // NOLINT
      : entries_{Entry(std::forward<U>(value))}, is_list_(false) {}
  PerOutput(std::initializer_list<Entry> entries) : entries_(entries) {}
  PerOutput(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  bool empty() const { return entries_.empty(); }
  /// False for one value that was given bare.
  bool is_list() const { return is_list_; }
  const std::vector<Entry>& entries() const { return entries_; }

  /// The value of each of `outputs`. Errors: as `places_for_outputs`.
  std::vector<std::optional<T>> for_outputs(const std::vector<std::string>& outputs,
                                            const std::string& argument) const {
    if (empty()) return std::vector<std::optional<T>>(outputs.size());
    if (!is_list_) return std::vector<std::optional<T>>(outputs.size(), entries_[0].value);
    std::vector<std::string> names;
    for (const Entry& entry : entries_) names.push_back(entry.output);
    std::vector<std::optional<T>> values;
    for (const auto& place : internal::places_for_outputs(names, outputs, argument)) {
      values.push_back(place ? entries_[*place].value : std::nullopt);
    }
    return values;
  }

 private:
  std::vector<Entry> entries_;
  bool is_list_ = true;
};

}  // namespace danlu
