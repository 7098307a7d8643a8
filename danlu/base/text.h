#pragma once

#include <string>

namespace danlu {

/// A number as one would write it, with every digit that matters: "1.5", "-1e-09", "nan".
std::string number_text(double value);

}  // namespace danlu
