#include "danlu/ops/fft.h"

#include <gtest/gtest.h>

#include "danlu/ops/nn.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

ComplexPair pair_of(const Call& c) {
  const auto parts = c.arrays("x");
  return {parts.at(0), parts.at(1)};
}

Entry of_pair(std::string name, ComplexPair (*function)(const ComplexPair&)) {
  return {std::move(name), [function](const Call& c) -> Result { return function(pair_of(c)); }};
}

/// The options that stft and istft share.
template <class Options>
Options options_of(const Call& c) {
  Options options{.center = c.flag("center", true)};
  if (c.has("window") && c.json("window").is_string()) options.window = c.text("window");
  if (c.has("window") && !c.json("window").is_string()) options.window_values = c.array("window");
  if (c.variant() == "no window") options.window = "";
  return options;
}

Result istft_of(const Call& c) {
  auto options = options_of<IstftOptions>(c);
  options.length = c.maybe_integer("length");
  return istft(pair_of(c), c.integer("sequence_length", 0), c.integer("sequence_stride", 0),
               c.integer("fft_length", 0), options);
}

const std::vector<Entry> kTable = {
    of_pair("fft", fft),
    of_pair("fft2", fft2),
    of_pair("ifft2", ifft2),
    {"rfft", [](const Call& c) -> Result { return rfft(c[0], c.maybe_integer("fft_length")); }},
    {"irfft",
     [](const Call& c) -> Result { return irfft(pair_of(c), c.maybe_integer("fft_length")); }},
    {"extract_sequences",
     [](const Call& c) -> Result {
       return extract_sequences(c[0], c.integer("sequence_length", 0),
                                c.integer("sequence_stride", 0));
     }},
    {"stft",
     [](const Call& c) -> Result {
       return stft(c[0], c.integer("sequence_length", 0), c.integer("sequence_stride", 0),
                   c.integer("fft_length", 0), options_of<StftOptions>(c));
     }},
    {"istft", istft_of},
};

TEST(Names, Fft) { prove("fft", kTable); }

}  // namespace
}  // namespace danlu::names
