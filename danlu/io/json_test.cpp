#include "danlu/io/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "danlu/base/error.h"
#include "danlu/base/philox.h"

namespace danlu {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string parse_error(std::string_view text, const Json::ParseOptions& options = {}) {
  try {
    Json::parse(text, options);
  } catch (const IoError& e) {
    return e.what();
  }
  return "no IoError";
}

TEST(Json, RoundTripsKeepingOrderAndTypes) {
  const std::string text =
      R"({"z":1,"a":[true,false,null,-7,1.5,"tab\t\"quote\" \\ 丹炉 \u0001"],"m":{"empty":{},"none":[]},"d":1.0})";
  const Json json = Json::parse(text);
  EXPECT_EQ(json.dump(), text);
  EXPECT_EQ(Json::parse(json.dump(2)), json);
  EXPECT_TRUE(json.at("z").is_int());
  EXPECT_FALSE(json.at("d").is_int());
  EXPECT_EQ(json.at("d").as_double(), 1.0);
  EXPECT_EQ(json.at("z").as_double(), 1.0);
  EXPECT_EQ(json.at("a")[5].as_string(), "tab\t\"quote\" \\ 丹炉 \x01");
  EXPECT_EQ(json.at("a").size(), 6u);
  EXPECT_EQ(json.find("none"), nullptr);
}

TEST(Json, IndentsOneElementALine) {
  const Json json = Json::object({{"a", Json::array({1, 2})}, {"b", Json::object()}});
  EXPECT_EQ(json.dump(2), "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
}

TEST(Json, Builds) {
  Json json;
  json.set("name", "dense");
  json.set("units", 10u);
  json.set("name", "dense_1");
  json.set("sizes", std::vector<int>{3, 3}).push_back(0.5f);
  EXPECT_EQ(json.dump(), R"({"name":"dense_1","units":10,"sizes":[3,3,0.5]})");
  EXPECT_EQ(json.size(), 3u);
  EXPECT_THROW(json.push_back(1), IoError);
  EXPECT_THROW(json.at("units").as_string(), IoError);
}

TEST(Json, NumbersSurvive) {
  for (double value : {0.1, -0.0, 1e300, 5e-324, 1.0 / 3, 123456789012345680.0, 2.5}) {
    const Json back = Json::parse(Json(value).dump());
    EXPECT_FALSE(back.is_int()) << value;
    EXPECT_EQ(back.as_double(), value);
    EXPECT_EQ(std::signbit(back.as_double()), std::signbit(value));
  }
  for (int64_t value : {INT64_MIN, int64_t{-1}, int64_t{0}, INT64_MAX}) {
    EXPECT_EQ(Json::parse(Json(value).dump()).as_int(), value);
  }
  EXPECT_FALSE(Json::parse("9223372036854775808").is_int());
  EXPECT_EQ(Json::parse("9223372036854775808").as_double(), 9223372036854775808.0);
  EXPECT_EQ(Json(std::nan("")).dump(), "null");
  EXPECT_EQ(Json(-std::numeric_limits<double>::infinity()).dump(), "null");
}

TEST(Json, WritesOnlyValidUtf8) {
  EXPECT_EQ(Json("a\xff\xc3(\xe4\xb8\xb9\xed\xa0\x80").dump(),
            "\"a\xef\xbf\xbd\xef\xbf\xbd(\xe4\xb8\xb9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
  EXPECT_THAT(parse_error("\"\xff\""), HasSubstr("invalid string"));
}

TEST(Json, SyntaxErrorsTellThePlace) {
  EXPECT_EQ(parse_error("{\"a\": 1,\n \"b\" 2}", {.where = "config.json"}),
            "[config.json] This is not valid JSON, line 2, column 6: syntax error while parsing "
            "object separator - unexpected number literal; expected ':'.");
  EXPECT_THAT(parse_error(""), HasSubstr("line 1, column 1"));
  EXPECT_THAT(parse_error("[1,2"), HasSubstr("line 1, column 5: syntax error while parsing "
                                             "array - unexpected end of input; expected ']'."));
  EXPECT_THAT(parse_error("1 2"), StartsWith("[JSON] This is not valid JSON, line 1, column 3"));
  EXPECT_THAT(parse_error("1e999"), HasSubstr("not valid JSON"));
  EXPECT_THAT(parse_error("NaN"), HasSubstr("not valid JSON"));
}

TEST(Json, LimitsDepthAndDuplicates) {
  const std::string deep = std::string(100000, '[');
  EXPECT_EQ(parse_error(deep),
            "[JSON] The JSON text is nested too deeply. Expected at most 128 arrays and objects "
            "inside each other. Received more.");
  EXPECT_EQ(Json::parse("[[1]]", {.max_depth = 2})[0][0].as_int(), 1);
  EXPECT_THAT(parse_error("[[1]]", {.max_depth = 1}), HasSubstr("at most 1 arrays"));
  EXPECT_EQ(parse_error(R"({"a":1,"b":{"a":2},"a":3})"),
            "[JSON] A key of a JSON object stands twice. Expected every key once. Received 'a' "
            "again.");
  const Json last = Json::parse(R"({"a":1,"b":2,"a":3})", {.reject_duplicate_keys = false});
  EXPECT_EQ(last.dump(), R"({"a":3,"b":2})");
}

TEST(Json, WrongTypesAndMissingMembersAreNamed) {
  const Json json = Json::parse(R"({"units":"ten","axes":[1]})");
  auto text = [](auto body) -> std::string {
    try {
      body();
    } catch (const IoError& e) {
      return e.what();
    }
    return "no IoError";
  };
  EXPECT_EQ(text([&] { (void)json.at("units").as_int(); }),
            "[JSON] A value has the wrong type. Expected integer. Received string \"ten\".");
  EXPECT_EQ(text([&] { (void)json.at("name"); }),
            "[JSON] A member is missing. Expected 'name'. Received 'units', 'axes'.");
  EXPECT_EQ(text([&] { (void)json.at("axes")[3]; }),
            "[JSON] An array is too short. Expected more than 3 elements. Received 1.");
  EXPECT_EQ(text([&] { (void)Json(1.5).items(); }),
            "[JSON] A value has the wrong type. Expected array. Received number 1.5.");
}

TEST(Json, MutatedTextNeverCrashes) {
  const std::string original = Json::parse(R"({"a":[1,2.5,"x\u00e9",{"b":null}],"c":true})").dump();
  PhiloxStream random(5);
  int parsed = 0;
  for (int round = 0; round < 10000; ++round) {
    std::string text = original;
    for (uint64_t i = 0, n = 1 + random.below(4); i < n; ++i) {
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    }
    try {
      const Json json = Json::parse(text);
      EXPECT_EQ(Json::parse(json.dump()), json);
      ++parsed;
    } catch (const IoError&) {
    }
  }
  EXPECT_GT(parsed, 0);
}

}  // namespace
}  // namespace danlu
