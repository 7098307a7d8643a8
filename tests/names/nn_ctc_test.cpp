#include <gtest/gtest.h>

#include "danlu/ops/nn.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

const std::vector<Entry> kTable = {
    {"ctc_loss",
     [](const Call& c) -> Result {
       return ctc_loss(c[0], c[1], c[2], c[3], c.integer("mask_index", 0));
     }},
    {"ctc_decode",
     [](const Call& c) -> Result {
       return ctc_decode(c[0], c[1],
                         {.strategy = c.text("strategy", "greedy"),
                          .beam_width = c.integer("beam_width", 100),
                          .top_paths = c.integer("top_paths", 1),
                          .merge_repeated = c.flag("merge_repeated", true),
                          .mask_index = c.integer("mask_index", 0)});
     }},
};

TEST(Names, NnCtc) { prove("nn_ctc", kTable); }

}  // namespace
}  // namespace danlu::names
