#pragma once

#include "danlu/core/array.h"

namespace danlu {

/// x moved by one place along `axis`, up (`by` = 1) or down (−1), with `value` in the free place.
Array scan_shift(const Array& x, int64_t axis, int64_t by, double value);

}  // namespace danlu
