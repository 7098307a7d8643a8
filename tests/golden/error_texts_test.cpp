#include "tests/golden/error_texts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/io/json.h"

/// Whether Danlu's answer to each mistake of error_cases.py says what Keras's does:
/// error_texts.json, made by gen_error_texts.py, has Keras's texts and the facts in them.
namespace danlu::golden {
namespace {

const Json& told() {
  static const Json json = Json::parse(read_file("tests/golden/error_texts.json"));
  return json.at("cases");
}

Mistakes all_mistakes() {
  Mistakes all = mistakes_with_layers();
  Mistakes more = mistakes_with_models();
  all.merge(more);
  return all;
}

/// The numbers that stand by themselves in a text.
std::set<double> numbers_in(const std::string& text) {
  std::set<double> found;
  for (size_t i = 0; i < text.size();) {
    const bool inside_word =
        i > 0 && (std::isalnum(static_cast<unsigned char>(text[i - 1])) != 0 || text[i - 1] == '_');
    double value = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + text.size(), value);
    const bool starts = std::isdigit(static_cast<unsigned char>(text[i])) != 0 || text[i] == '-';
    if (inside_word || !starts || error != std::errc()) {
      ++i;
      continue;
    }
    found.insert(value);
    i = static_cast<size_t>(end - text.data());
  }
  return found;
}

/// The numbers of entries of the lists in parentheses: "(batch, height, width, channels)" has 4.
std::set<size_t> ranks_in(const std::string& text) {
  std::set<size_t> found;
  for (size_t open = text.find('('); open != text.npos; open = text.find('(', open + 1)) {
    const size_t close = text.find_first_of("()", open + 1);
    if (close == text.npos || text[close] != ')') continue;
    const std::string inside = text.substr(open + 1, close - open - 1);
    const auto commas = static_cast<size_t>(std::count(inside.begin(), inside.end(), ','));
    found.insert(commas + (inside.ends_with(',') || inside.empty() ? 0 : 1));
  }
  return found;
}

/// "(4)" and "[4]" are "(4,)"; "[None, 3]" is "(None, 3)".
std::string as_shape(std::string text) {
  std::replace(text.begin(), text.end(), '[', '(');
  std::replace(text.begin(), text.end(), ']', ')');
  return text;
}

bool is_number(const std::string& fact) {
  double value = 0;
  const auto [end, error] = std::from_chars(fact.data(), fact.data() + fact.size(), value);
  return error == std::errc() && end == fact.data() + fact.size();
}

bool says(const std::string& text, const std::string& fact) {
  if (fact.starts_with("ndim=")) {
    const std::string rank = fact.substr(5);
    return ranks_in(text).contains(std::stoul(rank)) || numbers_in(text).contains(std::stod(rank));
  }
  if (is_number(fact)) return numbers_in(text).contains(std::stod(fact));
  return as_shape(text).find(as_shape(fact)) != std::string::npos;
}

TEST(ErrorTexts, EveryMistakeThatKerasWasAskedAboutIsMade) {
  std::set<std::string> asked, made;
  for (const auto& [name, entry] : told().members()) asked.insert(name);
  for (const auto& [name, make] : all_mistakes()) made.insert(name);
  EXPECT_EQ(made, asked);
  EXPECT_GE(asked.size(), 80u);
}

TEST(ErrorTexts, SayEveryFactThatKerasSays) {
  for (const auto& [name, make] : all_mistakes()) {
    const Json* entry = told().find(name);
    if (entry == nullptr) continue;
    std::string text;
    try {
      make();
      ADD_FAILURE() << name << ": nothing was thrown";
      continue;
    } catch (const Error& error) {
      text = error.what();
    }
    for (const Json& fact : entry->at("facts").items()) {
      EXPECT_TRUE(says(text, fact.as_string()))
          << name << ": \"" << fact.as_string() << "\" is missing\n  Danlu: " << text
          << "\n  Keras: " << entry->at("text").as_string();
    }
  }
}

TEST(ErrorTexts, FactsAreFoundWhereTheyStand) {
  EXPECT_TRUE(says("Received (None, 3).", "[None, 3]"));
  EXPECT_TRUE(says("rate=-1.", "-1.0"));
  EXPECT_TRUE(says("Expected (batch, steps, features).", "ndim=3"));
  EXPECT_FALSE(says("Expected (batch, steps, features).", "ndim=4"));
  EXPECT_FALSE(says("Received float32, 12.", "32"));
  EXPECT_FALSE(says("Received 12.", "2"));
}

}  // namespace
}  // namespace danlu::golden
