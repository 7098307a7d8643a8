#pragma once

#include <functional>
#include <vector>

#include "danlu/danlu.h"

/// Single ops of the peers' benchmark, from the JSON that `bench/peers/ops.json` holds.
namespace danlu::bench {

/// One op at one size: a function made by `jit`, and its arguments.
class OpCase {
 public:
  OpCase() = default;
  /// `description`: "op", "inputs", "shapes", and what the op asks for, of one size.
  /// Errors: ValueError for an op or a kind of input that is not known.
  explicit OpCase(const Json& description);

  /// The results of one call, named "0", "1", ….
  TensorMap results() const;
  /// Seconds that `calls` calls take, one after the other.
  double run(int64_t calls) const;

 private:
  std::vector<Array> inputs_;
  std::function<std::vector<Array>(const std::vector<Array>&)> call_;
  std::function<void(const std::vector<Array>&, int64_t)> repeat_;
};

}  // namespace danlu::bench
