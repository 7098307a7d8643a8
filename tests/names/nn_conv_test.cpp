#include <gtest/gtest.h>

#include "danlu/ops/conv.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

std::vector<int64_t> integers(const Call& c, const char* name, std::vector<int64_t> otherwise) {
  return c.has(name) ? c.integers(name) : otherwise;
}

SpatialPadding padding(const Call& c) {
  if (!c.has("padding")) return "valid";
  if (c.json("padding").is_string()) return c.text("padding");
  std::vector<std::array<int64_t, 2>> widths;
  for (const Json& pair : c.json("padding").items()) {
    widths.push_back({pair[0].as_int(), pair[1].as_int()});
  }
  return widths;
}

ConvOptions conv_options(const Call& c) {
  return {.strides = integers(c, "strides", {1}),
          .padding = padding(c),
          .data_format = c.text("data_format", "channels_last"),
          .dilation_rate = integers(c, "dilation_rate", {1})};
}

PoolOptions pool_options(const Call& c) {
  return {.pool_size = c.integers("pool_size"),
          .strides = c.integers("strides"),
          .padding = padding(c),
          .data_format = c.text("data_format", "channels_last")};
}

const std::vector<Entry> kTable = {
    {"conv", [](const Call& c) -> Result { return conv(c[0], c[1], conv_options(c)); }},
    {"depthwise_conv",
     [](const Call& c) -> Result { return depthwise_conv(c[0], c[1], conv_options(c)); }},
    {"separable_conv",
     [](const Call& c) -> Result { return separable_conv(c[0], c[1], c[2], conv_options(c)); }},
    {"conv_transpose",
     [](const Call& c) -> Result {
       return conv_transpose(c[0], c[1],
                             {.strides = integers(c, "strides", {1}),
                              .padding = c.text("padding", "valid"),
                              .output_padding = c.integers("output_padding"),
                              .data_format = c.text("data_format", "channels_last"),
                              .dilation_rate = integers(c, "dilation_rate", {1})});
     }},
    {"max_pool", [](const Call& c) -> Result { return max_pool(c[0], pool_options(c)); }},
    {"average_pool", [](const Call& c) -> Result { return average_pool(c[0], pool_options(c)); }},
    {"adaptive_average_pool",
     [](const Call& c) -> Result {
       return adaptive_average_pool(c[0], c.integers("output_size"),
                                    c.text("data_format", "channels_last"));
     }},
    {"adaptive_max_pool",
     [](const Call& c) -> Result {
       return adaptive_max_pool(c[0], c.integers("output_size"),
                                c.text("data_format", "channels_last"));
     }},
};

TEST(Names, NnConv) { prove("nn_conv", kTable); }

}  // namespace
}  // namespace danlu::names
