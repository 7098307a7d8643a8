#pragma once

#include <string>

#include "danlu/core/attrs.h"

namespace danlu {

struct TapAttrs {
  std::string name;

  template <class V>
  void fields(V&& v) const {
    v("name", name);
  }
  friend bool operator==(const TapAttrs&, const TapAttrs&) = default;
};

}  // namespace danlu
