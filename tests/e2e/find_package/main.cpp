// A project outside the repository: C++20, the include path and every library come from the target
// danlu::danlu alone.
#include <cstdio>

#include "danlu/base/error.h"
#include "danlu/core/shape.h"

int main() {
  const auto shape = danlu::broadcast_shapes({3, 1}, {4}, "outside");
  std::printf("%s\n", shape.to_string().c_str());
  try {
    danlu::Shape({-2});
  } catch (const danlu::ShapeError&) {
    return shape == danlu::Shape({3, 4}) ? 0 : 1;
  }
  return 1;
}
