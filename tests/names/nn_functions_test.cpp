#include <gtest/gtest.h>

#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "tests/names/prove.h"

namespace danlu::names {
namespace {

CrossEntropyOptions loss_options(const Call& c) {
  return {c.flag("from_logits"), c.integer("axis", -1)};
}

Axes axes_of(const Call& c, std::string_view name, Axes otherwise) {
  return c.has(name) ? c.integers(name) : otherwise;
}

Result batch_norm(const Call& c) {
  return batch_normalization(c.array("x"), c.array("mean"), c.array("variance"),
                             c.integer("axis", -1),
                             {.offset = c.maybe_array("offset"),
                              .scale = c.maybe_array("scale"),
                              .epsilon = c.number("epsilon", 1e-3)});
}

Result layer_norm(const Call& c) {
  return layer_normalization(c.array("x"), {.gamma = c.maybe_array("gamma"),
                                            .beta = c.maybe_array("beta"),
                                            .axis = axes_of(c, "axis", {-1}),
                                            .epsilon = c.number("epsilon", 1e-7)});
}

Result rms_norm(const Call& c) {
  return rms_normalization(c.array("x"), {.scale = c.maybe_array("scale"),
                                          .axis = axes_of(c, "axis", {-1}),
                                          .epsilon = c.number("epsilon", 1e-7)});
}

const std::vector<Entry> kTable = {
    {"batch_normalization", batch_norm},
    {"binary_crossentropy",
     [](const Call& c) -> Result { return binary_crossentropy(c[0], c[1], loss_options(c)); }},
    {"categorical_crossentropy",
     [](const Call& c) -> Result { return categorical_crossentropy(c[0], c[1], loss_options(c)); }},
    {"celu", [](const Call& c) -> Result { return celu(c[0], c.number("alpha", 1)); }},
    {"depth_to_space",
     [](const Call& c) -> Result { return depth_to_space(c[0], c.integer("block_size", 1)); }},
    {"elu", [](const Call& c) -> Result { return elu(c[0], c.number("alpha", 1)); }},
    {"gelu", [](const Call& c) -> Result { return gelu(c[0], c.flag("approximate", true)); }},
    {"glu", [](const Call& c) -> Result { return glu(c[0], c.integer("axis", -1)); }},
    {"hard_shrink",
     [](const Call& c) -> Result { return hard_shrink(c[0], c.number("threshold", 0.5)); }},
    unary("hard_sigmoid", hard_sigmoid),
    unary("hard_silu", hard_silu),
    unary("hard_swish", hard_swish),
    unary("hard_tanh", hard_tanh),
    {"layer_normalization", layer_norm},
    {"leaky_relu",
     [](const Call& c) -> Result { return leaky_relu(c[0], c.number("negative_slope", 0.2)); }},
    unary("log_sigmoid", log_sigmoid),
    {"log_softmax",
     [](const Call& c) -> Result { return log_softmax(c[0], axes_of(c, "axis", {-1})); }},
    {"moments",
     [](const Call& c) -> Result { return moments(c[0], c.integers("axes"), c.flag("keepdims")); }},
    {"multi_hot",
     [](const Call& c) -> Result {
       return multi_hot(c[0], c.integer("num_classes", 0), c.integer("axis", -1),
                        c.dtype("dtype", DType::float32));
     }},
    {"normalize",
     [](const Call& c) -> Result {
       return normalize(c[0], axes_of(c, "axis", {-1}), c.integer("order", 2),
                        c.number("epsilon", 1e-7));
     }},
    {"one_hot",
     [](const Call& c) -> Result {
       return one_hot(c[0], c.integer("num_classes", 0), c.integer("axis", -1),
                      c.dtype("dtype", DType::float32));
     }},
    {"psnr", [](const Call& c) -> Result { return psnr(c[0], c[1], c.number("max_val", 1)); }},
    unary("relu", relu),
    unary("relu6", relu6),
    {"rms_normalization", rms_norm},
    unary("selu", selu),
    unary("sigmoid", sigmoid),
    unary("silu", silu),
    {"soft_shrink",
     [](const Call& c) -> Result { return soft_shrink(c[0], c.number("threshold", 0.5)); }},
    {"softmax",
     [](const Call& c) -> Result {
       if (c.integers("axis").size() > 1) return softmax(c[0], c.integers("axis"));
       return softmax(c[0], c.integer("axis", -1));
     }},
    unary("softplus", softplus),
    unary("softsign", softsign),
    {"space_to_depth",
     [](const Call& c) -> Result { return space_to_depth(c[0], c.integer("block_size", 1)); }},
    {"sparse_categorical_crossentropy",
     [](const Call& c) -> Result {
       return sparse_categorical_crossentropy(c[0], c[1], loss_options(c));
     }},
    unary("sparse_plus", sparse_plus),
    unary("sparse_sigmoid", sparse_sigmoid),
    {"squareplus", [](const Call& c) -> Result { return squareplus(c[0], c.number("b", 4)); }},
    unary("swish", swish),
    unary("tanh_shrink", tanh_shrink),
    {"threshold",
     [](const Call& c) -> Result {
       return threshold(c[0], c.number("threshold", 0), c.number("default_value", 0));
     }},
};

TEST(Names, NnFunctions) { prove("nn_functions", kTable); }

}  // namespace
}  // namespace danlu::names
