#include "danlu/ops/elementwise.h"
#include "danlu/ops/random.h"

namespace danlu {

SeedGenerator::SeedGenerator(int64_t seed) : state_({seed, int64_t{0}}) {}

Array SeedGenerator::next() {
  const Array current = state_;
  const Array step({int64_t{0}, int64_t{1}});
  if (current.is_evaluated() && !current.node()->traced && !current.node()->placeholder) {
    const auto* words = static_cast<const int64_t*>(current.data());
    state_ = Array({words[0], words[1] + 1});
  } else {
    state_ = add(current, step);
  }
  return current;
}

}  // namespace danlu
