#include "danlu/ops/elementwise.h"

namespace danlu {

Array clip(const Array& x, const Array& low, const Array& high) {
  return minimum(maximum(x, low), high);
}

}  // namespace danlu
