#include "danlu/compile/reshape_axes.h"

#include <gtest/gtest.h>

#include "danlu/autodiff/autodiff.h"
#include "danlu/autodiff/vmap.h"
#include "danlu/compile/passes.h"
#include "danlu/ops/ops.h"
#include "danlu/ops/registry.h"

namespace danlu::compile {
namespace {

std::optional<Shape> operand(const Shape& x, const Shape& from, const Shape& to) {
  return reshaped_operand(x, from, to);
}

TEST(ReshapeAxes, OperandsFollowAReshape) {
  EXPECT_EQ(operand({16}, {8, 1, 5, 16}, {8, 5, 16}), (Shape{16}));
  EXPECT_EQ(operand({8, 1, 1, 1}, {8, 1, 5, 16}, {8, 5, 16}), (Shape{8, 1, 1}));
  EXPECT_EQ(operand({5, 1}, {8, 5, 16}, {8, 1, 5, 16}), (Shape{5, 1}));
  EXPECT_EQ(operand({}, {8, 5}, {40}), (Shape{}));
  EXPECT_EQ(operand({8, 5}, {8, 5}, {40}), (Shape{40}));
  EXPECT_EQ(operand({5}, {8, 5}, {40}), std::nullopt);
  EXPECT_EQ(operand({3}, {4, 2, 3}, {8, 3}), (Shape{3}));
  EXPECT_EQ(operand({4, 2, 1}, {4, 2, 3}, {8, 3}), (Shape{8, 1}));
  EXPECT_EQ(operand({2, 1}, {4, 2, 3}, {8, 3}), std::nullopt);
  EXPECT_EQ(operand({6, 1}, {6, 6}, {4, 9}), std::nullopt);
  EXPECT_EQ(operand({3}, {0, 3}, {0}), std::nullopt);
  EXPECT_EQ(operand({1, 1}, {1, 1}, {1}), (Shape{}));
}

TEST(ReshapeAxes, ReducedAxesFollowAReshape) {
  using Axes = std::vector<int64_t>;
  EXPECT_EQ(reshaped_axes({1, 2, 3}, {8, 1, 5, 6, 4}, {8, 5, 6, 4}), (Axes{1, 2}));
  EXPECT_EQ(reshaped_axes({0}, {8, 5}, {2, 4, 5}), (Axes{0, 1}));
  EXPECT_EQ(reshaped_axes({0}, {2, 4, 5}, {8, 5}), std::nullopt);
  EXPECT_EQ(reshaped_axes({0, 1}, {2, 4, 5}, {8, 5}), (Axes{0}));
  EXPECT_EQ(reshaped_axes({1}, {8, 1}, {8}), (Axes{}));
  EXPECT_EQ(reshaped_axes({0}, {0, 1}, {0}), std::nullopt);
}

int count(const Graph& graph, const OpDef& op) {
  int found = 0;
  for (const GraphNode& node : graph.nodes) found += node.op == &op;
  return found;
}

/// Of the last product.
Shape product_shape(const Graph& graph) {
  Shape shape;
  for (const GraphNode& node : graph.nodes) {
    if (node.op == &matmul_op()) shape = node.outputs[0].shape;
  }
  return shape;
}

Graph simplified(const std::vector<Array>& inputs, const std::vector<Array>& outputs) {
  return simplify(trace_graph(inputs, outputs).graph);
}

Array input(const Shape& shape) { return make_placeholder({shape, DType::float32}); }

TEST(SimplifyProducts, OneMatrixForAllIsOneProduct) {
  const Array x = input({6, 7, 3}), w = input({3, 5}), bias = input({5});
  const Graph graph = simplified({x, w, bias}, {relu(matmul(x, w) + bias)});
  EXPECT_EQ(product_shape(graph), (Shape{42, 5}));
  const Graph fused = fuse_patterns(graph);
  EXPECT_EQ(count(fused, fused_matmul_op()), 1);
  EXPECT_EQ(count(fused, relu_op()), 0);
}

TEST(SimplifyProducts, VectorsOfABatchAreRows) {
  const Array w = input({4, 3}), x = input({6, 3, 1});
  const Graph graph = simplified({w, x}, {matmul(w, x)});
  EXPECT_EQ(count(graph, matmul_op()), 1);
  EXPECT_EQ(product_shape(graph), (Shape{6, 4}));
}

TEST(SimplifyProducts, AnInnerDimensionOfOneIsNoProduct) {
  const Array a = input({6, 1, 1}), b = input({6, 1, 4});
  const Graph graph = simplified({a, b}, {matmul(a, b)});
  EXPECT_EQ(count(graph, matmul_op()), 0);
  EXPECT_EQ(count(graph, multiply_op()), 1);
}

TEST(SimplifyProducts, ConvolutionsOfABatchOfSingleImagesAreFused) {
  const Array x = input({5, 8, 8, 1}), kernel = input({3, 3, 1, 2}), bias = input({2});
  const auto f = [&](const Array& image) {
    return max_pool2d(relu(conv2d(expand_dims(image, 0), kernel) + bias));
  };
  const Graph graph = fuse_patterns(simplified({x, kernel, bias}, {vmap(f)(x)}));
  EXPECT_EQ(count(graph, conv2d_pool_op()), 1);
}

TEST(SimplifyProducts, KernelGradientsOfSingleImagesComeFromThePooledGradients) {
  const Array x = input({5, 10, 10, 1}), first = input({3, 3, 1, 4}), second = input({3, 3, 4, 2});
  const auto loss = [](const std::vector<Array>& p, const Array& image) {
    const Array hidden = max_pool2d(relu(conv2d(expand_dims(image, 0), p[0])));
    return sum(square(max_pool2d(relu(conv2d(hidden, p[1])))));
  };
  const std::vector<Array> kernels = {first, second};
  const auto gradients = vmap(grad(loss), {.in_axes = {std::nullopt, 0}})(kernels, x);
  const Graph graph = fuse_patterns(simplified({x, first, second}, gradients));
  EXPECT_EQ(count(graph, conv2d_pool_backward_kernel_op()), 2);
  EXPECT_EQ(count(graph, conv2d_pool_backward_input_op()), 1);
  EXPECT_EQ(count(graph, max_pool2d_backward_op()), 0);
}

}  // namespace
}  // namespace danlu::compile
