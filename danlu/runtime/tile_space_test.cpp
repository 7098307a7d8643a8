#include "danlu/runtime/tile_space.h"

#include <gtest/gtest.h>

#include "danlu/runtime/tile_opcode.h"

namespace danlu {
namespace {

using enum TileAccess;

std::optional<TileSpace> space_of(const Shape& out, const std::vector<Shape>& inputs,
                                  std::optional<int> split = {}) {
  return classify(out, inputs, split);
}

TileSpace space(int64_t outer, int64_t inner, std::vector<TileAccess> access) {
  return {outer, inner, std::move(access)};
}

TEST(TileSpace, EqualShapesAreOneLongRow) {
  EXPECT_EQ(space_of({4, 5, 6}, {{4, 5, 6}, {4, 5, 6}}), space(1, 120, {full, full}));
  EXPECT_EQ(space_of({4, 5}, {{4, 5}, {}}), space(1, 20, {full, scalar}));
  EXPECT_EQ(space_of({4, 5}, {{4, 5}, {1, 1}}), space(1, 20, {full, scalar}));
}

TEST(TileSpace, RowsAndColumns) {
  EXPECT_EQ(space_of({64, 28, 28, 32}, {{64, 28, 28, 32}, {32}}), space(64 * 784, 32, {full, row}));
  EXPECT_EQ(space_of({8, 10}, {{8, 10}, {8, 1}}), space(8, 10, {full, column}));
  EXPECT_EQ(space_of({8, 10}, {{8, 1}, {10}, {}}), space(8, 10, {column, row, scalar}));
  EXPECT_EQ(space_of({2, 3, 4}, {{2, 3, 4}, {3, 4}}), space(2, 12, {full, row}));
  EXPECT_EQ(space_of({2, 3, 4}, {{2, 1, 1}, {3, 4}}), space(2, 12, {column, row}));
}

TEST(TileSpace, DimensionsOfOneDoNotCount) {
  EXPECT_EQ(space_of({64, 1, 1, 32}, {{64, 1, 1, 32}, {1, 1, 32}}), space(64, 32, {full, row}));
  EXPECT_EQ(space_of({1, 32}, {{1, 32}, {32}}), space(1, 32, {full, full}));
  EXPECT_EQ(space_of({1, 1}, {{1, 1}, {}}), space(1, 1, {full, full}));
  EXPECT_EQ(space_of({}, {{}, {}}), space(1, 1, {full, full}));
}

TEST(TileSpace, TheSplitMustSuitEveryInput) {
  EXPECT_EQ(space_of({2, 3, 4}, {{3, 4}, {4}}), std::nullopt);
  EXPECT_EQ(space_of({2, 3, 4}, {{2, 1, 4}}), std::nullopt);
  EXPECT_EQ(space_of({2, 3, 4}, {{1, 3, 1}}), std::nullopt);
  EXPECT_EQ(space_of({2, 3}, {{2}}), std::nullopt);
  EXPECT_EQ(space_of({3}, {{2, 3}}), std::nullopt);
}

TEST(TileSpace, AnEpilogueMayAskForASplit) {
  EXPECT_EQ(space_of({64, 7, 7, 32}, {{64, 7, 7, 32}}, 3), space(64 * 49, 32, {full}));
  EXPECT_EQ(space_of({64, 1, 32}, {{64, 1, 32}, {32}}, 1), space(64, 32, {full, row}));
  EXPECT_EQ(space_of({64, 1, 32}, {{64, 1, 32}, {32}}, 2), space(64, 32, {full, row}));
  EXPECT_EQ(space_of({64, 2, 32}, {{64, 2, 32}, {32}}, 1), std::nullopt);
  EXPECT_EQ(space_of({5, 4}, {{5, 4}}, 2), space(20, 1, {full}));
  EXPECT_EQ(space_of({5, 4}, {{5, 4}}, 0), space(1, 20, {full}));
  EXPECT_EQ(space_of({1, 10}, {{1, 10}, {10}}, 1), space(1, 10, {full, full}));
}

TEST(TileSpace, EmptyOutputs) {
  EXPECT_EQ(space_of({0, 3}, {{0, 3}, {3}}), space(0, 3, {full, row}));
  EXPECT_EQ(space_of({0}, {{0}, {1}}), space(1, 0, {full, scalar}));
}

TEST(TileOpcode, FoundByName) {
  OpDef op;
  op.name = "subtract";
  EXPECT_EQ(tile_opcode(op), TileOp::sub);
  op.name = "cast";
  EXPECT_EQ(tile_opcode(op), TileOp::copy);
  op.name = "matmul";
  EXPECT_EQ(tile_opcode(op), std::nullopt);
}

}  // namespace
}  // namespace danlu
