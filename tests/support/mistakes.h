#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "danlu/base/error.h"

namespace danlu::testing {

/// Something one gets wrong, and what Danlu answers: the exact type and the whole text. A text that
/// ends in `*` may go on: what follows is a list that grows, or another library's words.
struct Mistake {
  std::string label;
  std::function<void()> make;
  const std::type_info* type;
  std::string text;
};

template <class E>
Mistake mistake(std::string label, std::function<void()> make, std::string text) {
  return {std::move(label), std::move(make), &typeid(E), std::move(text)};
}

inline void expect_each(const std::vector<Mistake>& mistakes) {
  std::set<std::string> texts;
  for (const Mistake& m : mistakes) {
    SCOPED_TRACE(m.label);
    try {
      m.make();
      ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
      std::string text = error.what(), expected = m.text;
      if (expected.ends_with('*')) {
        expected.pop_back();
        text.resize(std::min(text.size(), expected.size()));
      }
      EXPECT_EQ(text, expected) << error.what();
      EXPECT_STREQ(typeid(error).name(), m.type->name());
    }
    EXPECT_TRUE(texts.insert(m.text).second) << "the same error twice: " << m.text;
  }
}

}  // namespace danlu::testing
