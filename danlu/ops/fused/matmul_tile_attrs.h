#pragma once

#include "danlu/ops/linalg/matmul_attrs.h"
#include "danlu/runtime/tile_program.h"

namespace danlu {

/// matmul_tile: a tile program that reads a product, which nothing else wants. Inputs are a, b and
/// those of the program but number `product`, which matmul(a, b) takes. The program has one space
/// and is flat.
struct MatmulTileAttrs {
  MatmulAttrs matmul;
  TileAttrs tile;
  int64_t product = 0;

  template <class V>
  void fields(V&& v) const {
    matmul.fields(v), tile.fields(v), v("product", product);
  }
  friend bool operator==(const MatmulTileAttrs&, const MatmulTileAttrs&) = default;
};

/// Whether any part of the program's elements can be computed by itself: each input is an element
/// or all of them, and there are no sums.
bool is_flat(const TileProgram& program);

/// `inputs` of a matmul_tile as its tile program has them, with `product` in its place.
template <class T>
std::vector<T> with_product(const MatmulTileAttrs& attrs, std::span<const T> inputs, T product) {
  std::vector<T> result(inputs.begin() + 2, inputs.end());
  result.insert(result.begin() + attrs.product, std::move(product));
  return result;
}

}  // namespace danlu
