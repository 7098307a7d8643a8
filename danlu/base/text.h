#pragma once

#include <string>
#include <string_view>

namespace danlu {

/// A number as one would write it, with every digit that matters: "1.5", "-1e-09", "nan".
std::string number_text(double value);

/// "max_pooling2d" for "MaxPooling2D".
std::string to_snake_case(std::string_view class_name);
/// ASCII letters in lower case.
std::string to_lower(std::string_view text);

}  // namespace danlu
