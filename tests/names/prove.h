#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "danlu/core/array.h"
#include "danlu/io/json.h"

/// Proof by name: every function of keras.ops and keras.random that Danlu has is called through its
/// public C++ function with the cases of tests/golden/names and compared with what Keras computed.
/// What was proved is written as a record, from which tools/ops_table.py makes docs/ops.md.
namespace danlu::names {

/// The arguments of one case, by the names of Keras's parameters or in their order.
class Call {
 public:
  Call(const Json& about, std::vector<Array> inputs);

  /// A tensor argument; a number is a weak scalar. Errors: ValueError when there is none.
  Array operator[](size_t position) const;
  Array array(std::string_view name) const;
  std::optional<Array> maybe_array(std::string_view name) const;
  /// A list of tensors. Errors: ValueError when there is none.
  std::vector<Array> arrays(std::string_view name) const;

  /// Whether the argument is given and not None.
  bool has(std::string_view name) const { return find(name) != nullptr; }
  int64_t integer(std::string_view name, int64_t otherwise) const;
  std::optional<int64_t> maybe_integer(std::string_view name) const;
  /// A list; one integer is a list of one, None an empty list.
  std::vector<int64_t> integers(std::string_view name) const;
  double number(std::string_view name, double otherwise) const;
  bool flag(std::string_view name, bool otherwise = false) const;
  std::string text(std::string_view name, const std::string& otherwise = "") const;
  DType dtype(std::string_view name, DType otherwise) const;
  /// The argument as JSON. Errors: ValueError when it is missing or None.
  const Json& json(std::string_view name) const;
  /// Which `call` of the case file this is.
  std::string variant() const;

 private:
  const Json* find(std::string_view name) const;
  Array array_of(const Json& value) const;

  const Json& about_;
  std::vector<Array> inputs_;
};

/// What a function returns: Arrays, or a shape, dtype or number as JSON.
struct Result {
  Result(Array array) : arrays{std::move(array)} {}
  Result(std::vector<Array> arrays) : arrays(std::move(arrays)) {}
  Result(std::pair<Array, Array> pair) : arrays{std::move(pair.first), std::move(pair.second)} {}
  Result(Json value) : value(std::move(value)) {}

  std::vector<Array> arrays;
  Json value;
};

struct Entry {
  std::string name;  ///< Keras's
  std::function<Result(const Call&)> call;
};

/// A name that has no numbers to compare with (random draws, calls back into Python): `check` tests
/// what must hold, with GoogleTest's EXPECT_….
struct Property {
  std::string name;
  std::function<void()> check;
};

inline Entry unary(std::string name, Array (*function)(const Array&)) {
  return {std::move(name), [function](const Call& c) -> Result { return function(c[0]); }};
}
inline Entry binary(std::string name, Array (*function)(const Array&, const Array&)) {
  return {std::move(name), [function](const Call& c) -> Result { return function(c[0], c[1]); }};
}

/// Runs every case of tests/golden/names/FAMILY.safetensors through `table`, and every property; a
/// test fails for each that does not hold, for each entry without a case and each name without an
/// entry. Writes FAMILY.json into the folder DANLU_PROOF.
void prove(const std::string& family, const std::vector<Entry>& table,
           const std::vector<Property>& properties = {});

/// "" when `call` gives what the case says in every run of it, else what is wrong.
class CaseFile;
std::string check_case(const CaseFile& file, const Json& about,
                       const std::function<Result(const Call&)>& call);

}  // namespace danlu::names
