#include "danlu/runtime/tile_program.h"

#include <gtest/gtest.h>

#include <set>

namespace danlu {
namespace {

TileProgram bias_relu() {
  return {
      .inputs = {{}, {DType::bfloat16, TileAccess::row}},
      .code = {{TileOp::add, 0, 1}, {TileOp::relu, 2}},
      .outputs = {{DType::float32, TileStore::full, 3}, {DType::float32, TileStore::sum_outer, 3}}};
}

TEST(TileProgram, OpsHaveDistinctNames) {
  std::set<std::string_view> names;
  for (int i = 0; i < kNumTileOps; ++i) names.insert(name(static_cast<TileOp>(i)));
  EXPECT_EQ(static_cast<int>(names.size()), kNumTileOps);
  EXPECT_EQ(names.count(""), 0u);
}

TEST(TileProgram, Arity) {
  EXPECT_EQ(arity(TileOp::neg), 1);
  EXPECT_EQ(arity(TileOp::reciprocal), 1);
  EXPECT_EQ(arity(TileOp::add), 2);
  EXPECT_EQ(arity(TileOp::logical_or), 2);
  EXPECT_EQ(arity(TileOp::select), 3);
  EXPECT_EQ(arity(TileOp::fma), 3);
  EXPECT_EQ(arity(TileOp::copy), 1);
}

TEST(TileProgram, Text) {
  EXPECT_EQ(bias_relu().to_string(),
            "(r0: float32 full, r1: bfloat16 row); r2 = add r0, r1; r3 = relu r2; full float32 r3; "
            "sum_outer float32 r3");
}

TEST(TileProgram, HashFollowsEveryField) {
  std::set<size_t> hashes = {bias_relu().hash()};
  EXPECT_EQ(hashes.count(bias_relu().hash()), 1u);
  const auto changed = [&](auto change) {
    TileProgram program = bias_relu();
    change(program);
    EXPECT_FALSE(program == bias_relu());
    EXPECT_TRUE(hashes.insert(program.hash()).second);
  };
  changed([](TileProgram& p) { p.inputs[0].dtype = DType::uint8; });
  changed([](TileProgram& p) { p.inputs[0].access = TileAccess::column; });
  changed([](TileProgram& p) { p.code[0].op = TileOp::sub; });
  changed([](TileProgram& p) { p.code[0].b = 0; });
  changed([](TileProgram& p) { p.code.pop_back(); });
  changed([](TileProgram& p) { p.outputs[1].store = TileStore::sum_all; });
  changed([](TileProgram& p) { p.outputs[0].reg = 2; });
  changed([](TileProgram& p) { p.outputs[0].dtype = DType::bfloat16; });
}

}  // namespace
}  // namespace danlu
