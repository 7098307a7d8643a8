// A project outside the repository: C++20, the include path and every library come from the target
// danlu::danlu alone.
#include <danlu/danlu.h>

#include <cstdio>

int main() {
  const danlu::Array x({1.f, 2.f, 3.f});
  const float total = danlu::sum(x * x).item<float>();
  std::printf("%g\n", total);
  return total == 14.f ? 0 : 1;
}
