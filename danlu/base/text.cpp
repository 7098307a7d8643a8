#include "danlu/base/text.h"

#include <array>
#include <charconv>

namespace danlu {

std::string number_text(double value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

}  // namespace danlu
