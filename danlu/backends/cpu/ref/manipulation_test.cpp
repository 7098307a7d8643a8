#include "danlu/backends/cpu/ref/manipulation.h"

#include <gtest/gtest.h>

#include <functional>

#include "danlu/backends/cpu/ref/run_kernel.h"
#include "danlu/ops/manipulation/manipulation_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu {
namespace {

using Index = std::vector<int64_t>;
const DType kDtypes[] = {DType::uint8, DType::bfloat16, DType::float32, DType::int64};

HostTensor ramp(const Shape& shape, DType dtype, double from = 1) {
  std::vector<double> values(static_cast<size_t>(shape.num_elements()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = from + static_cast<double>(i % 250);
  return tensor_of(values, shape, dtype);
}

int64_t flat_index(const Shape& shape, const Index& at) {
  int64_t flat = 0;
  for (int i = 0; i < shape.rank(); ++i) flat = flat * shape[i] + at[static_cast<size_t>(i)];
  return flat;
}

/// Runs the kernel on one and three threads and compares every element with `expected(index)`.
void check(const KernelDef& kernel, const OpDef& op, const AttrsPtr& attrs,
           const std::vector<HostTensor>& inputs,
           const std::function<double(const Index&)>& expected) {
  for (const int threads : {1, 3}) {
    const HostTensor out = run_kernel(kernel, op, attrs, inputs, threads).outputs[0];
    const auto y = as_doubles(out);
    Index at(static_cast<size_t>(out.shape().rank()), 0);
    for (size_t flat = 0; flat < y.size(); ++flat) {
      ASSERT_EQ(y[flat], expected(at)) << op.name << " " << (attrs ? attrs->to_string() : "")
                                       << " of " << inputs[0].spec().to_string() << " at " << flat;
      for (int i = out.shape().rank() - 1; i >= 0; --i) {
        if (++at[static_cast<size_t>(i)] < out.shape()[i]) break;
        at[static_cast<size_t>(i)] = 0;
      }
    }
  }
}

TEST(RefManipulation, Transpose) {
  const std::pair<Shape, Index> cases[] = {{{37, 19}, {1, 0}},
                                           {{70, 67}, {1, 0}},
                                           {{3, 7, 5}, {0, 2, 1}},
                                           {{3, 40, 50}, {0, 2, 1}},
                                           {{3, 4, 5}, {2, 0, 1}},
                                           {{3, 4, 5}, {1, 0, 2}},
                                           {{2, 5, 6, 3}, {0, 3, 1, 2}},
                                           {{2, 3, 5, 6}, {0, 2, 3, 1}},
                                           {{2, 3, 4, 5}, {3, 2, 1, 0}},
                                           {{1, 5, 1}, {2, 1, 0}},
                                           {{0, 4}, {1, 0}},
                                           {{4}, {0}}};
  for (const auto& [shape, axes] : cases) {
    for (const DType dtype : kDtypes) {
      const HostTensor x = ramp(shape, dtype);
      const auto values = as_doubles(x);
      check(ref_transpose(), transpose_op(), make_attrs(TransposeAttrs{axes}), {x},
            [&, &shape = shape, &axes = axes](const Index& at) {
              Index from(at.size());
              for (size_t i = 0; i < at.size(); ++i) from[static_cast<size_t>(axes[i])] = at[i];
              return values[static_cast<size_t>(flat_index(shape, from))];
            });
    }
  }
}

TEST(RefManipulation, BroadcastTo) {
  const std::pair<Shape, Shape> cases[] = {{{}, {4, 7}},
                                           {{9}, {5, 9}},
                                           {{5, 1}, {5, 9}},
                                           {{2, 1, 3}, {2, 4, 3}},
                                           {{1, 4, 1}, {3, 2, 4, 5}},
                                           {{1, 4}, {0, 4}},
                                           {{6}, {6}}};
  for (const auto& [from, to] : cases) {
    for (const DType dtype : kDtypes) {
      const HostTensor x = ramp(from, dtype);
      const auto values = as_doubles(x);
      check(ref_broadcast_to(), broadcast_to_op(), make_attrs(ShapeAttrs{to}), {x},
            [&, &from = from](const Index& at) {
              Index source(at.end() - from.rank(), at.end());
              for (int i = 0; i < from.rank(); ++i) {
                if (from[i] == 1) source[static_cast<size_t>(i)] = 0;
              }
              return values[static_cast<size_t>(flat_index(from, source))];
            });
    }
  }
}

TEST(RefManipulation, Slice) {
  const std::pair<Shape, SliceAttrs> cases[] = {{{20}, {{3}, {11}, {1}}},
                                                {{9, 7}, {{2, 0}, {5, 7}, {1, 1}}},
                                                {{9, 7}, {{0, 2}, {9, 3}, {1, 1}}},
                                                {{10, 11}, {{1, 2}, {3, 4}, {3, 2}}},
                                                {{6, 5}, {{5, 0}, {6, 5}, {-1, 1}}},
                                                {{10, 4}, {{8, 3}, {3, 2}, {-3, -2}}},
                                                {{3, 4, 5}, {{1, 1, 1}, {2, 2, 3}, {1, 1, 1}}},
                                                {{5, 3}, {{0, 0}, {0, 3}, {1, 1}}}};
  for (const auto& [shape, slice] : cases) {
    for (const DType dtype : kDtypes) {
      const HostTensor x = ramp(shape, dtype);
      const auto values = as_doubles(x);
      check(ref_slice(), slice_op(), make_attrs(slice), {x},
            [&, &shape = shape, &slice = slice](const Index& at) {
              Index from(at.size());
              for (size_t i = 0; i < at.size(); ++i) {
                from[i] = slice.start[i] + at[i] * slice.step[i];
              }
              return values[static_cast<size_t>(flat_index(shape, from))];
            });
    }
  }
}

TEST(RefManipulation, PadWithInterior) {
  const std::pair<Shape, PadAttrs> cases[] = {
      {{7}, {{2}, {3}, {0}}},
      {{2, 5, 6, 3}, {{0, 1, 2, 0}, {0, 1, 1, 0}, {0, 0, 0, 0}}},
      {{3, 4}, {{1, 0}, {0, 2}, {0, 0}, 7}},
      {{4, 3}, {{1, 0}, {0, 2}, {2, 1}, 9}},
      {{3, 4}, {{0, 0}, {0, 0}, {0, 0}}},
      {{0, 3}, {{2, 0}, {1, 0}, {3, 0}, 5}}};
  for (const auto& [shape, pad] : cases) {
    for (const DType dtype : kDtypes) {
      const HostTensor x = ramp(shape, dtype);
      const auto values = as_doubles(x);
      check(ref_pad(), pad_op(), make_attrs(pad), {x},
            [&, &shape = shape, &pad = pad](const Index& at) {
              Index from(at.size());
              for (size_t i = 0; i < at.size(); ++i) {
                const int64_t offset = at[i] - pad.before[i];
                const int64_t stride = pad.interior[i] + 1;
                from[i] = offset / stride;
                if (offset < 0 || offset % stride != 0 || from[i] >= shape[static_cast<int>(i)]) {
                  return pad.value;
                }
              }
              return values[static_cast<size_t>(flat_index(shape, from))];
            });
    }
  }
}

TEST(RefManipulation, Concatenate) {
  const std::pair<std::vector<Shape>, int64_t> cases[] = {{{{3, 5}, {2, 5}}, 0},
                                                          {{{3, 5}, {3, 1}, {3, 4}}, 1},
                                                          {{{2, 3, 4}, {2, 1, 4}}, 1},
                                                          {{{2, 0}, {2, 3}}, 1},
                                                          {{{4}}, 0}};
  for (const auto& [shapes, axis] : cases) {
    for (const DType dtype : kDtypes) {
      std::vector<HostTensor> inputs;
      for (const Shape& shape : shapes) {
        inputs.push_back(ramp(shape, dtype, 1 + 60.0 * static_cast<double>(inputs.size())));
      }
      check(ref_concatenate(), concatenate_op(), make_attrs(ConcatenateAttrs{axis}), inputs,
            [&, axis = axis](Index at) {
              size_t part = 0;
              int64_t& along = at[static_cast<size_t>(axis)];
              while (along >= inputs[part].shape()[static_cast<int>(axis)]) {
                along -= inputs[part++].shape()[static_cast<int>(axis)];
              }
              return as_doubles(
                  inputs[part])[static_cast<size_t>(flat_index(inputs[part].shape(), at))];
            });
    }
  }
}

TEST(RefManipulation, TakeAndItsTranspose) {
  const HostTensor x = ramp({3, 5, 2}, DType::float32);
  const auto values = as_doubles(x);
  const std::vector<double> picks = {4, -1, 0, -5, 2, 2};
  const auto wrapped = [&](int64_t i) {
    const auto pick = static_cast<int64_t>(picks[static_cast<size_t>(i)]);
    return pick < 0 ? pick + 5 : pick;
  };
  for (const DType dtype : {DType::int32, DType::int64}) {
    const HostTensor indices = tensor_of(picks, {2, 3}, dtype);
    check(ref_take(), take_op(), make_attrs(TakeAttrs{1, 5}), {x, indices}, [&](const Index& at) {
      return values[static_cast<size_t>(
          flat_index({3, 5, 2}, {at[0], wrapped(at[1] * 3 + at[2]), at[3]}))];
    });
    for (const DType summed : {DType::float32, DType::bfloat16, DType::int32}) {
      const HostTensor updates = ramp({3, 2, 3, 2}, summed);
      const auto added = as_doubles(updates);
      check(ref_scatter_add(), scatter_add_op(), make_attrs(ScatterAddAttrs{{3, 5, 2}, 1}),
            {updates, indices}, [&](const Index& at) {
              double sum = 0;
              for (int64_t k = 0; k < 6; ++k) {
                if (wrapped(k) != at[1]) continue;
                sum += added[static_cast<size_t>(flat_index({3, 6, 2}, {at[0], k, at[2]}))];
              }
              return sum;
            });
    }
  }
}

TEST(RefManipulation, BadIndicesAreFaults) {
  const HostTensor x = ramp({5, 2}, DType::float32);
  for (const double bad : {5.0, -6.0, 1e9}) {
    const HostTensor indices = tensor_of({0, bad, 99}, {3}, DType::int32);
    EXPECT_EQ(run_kernel(ref_take(), take_op(), make_attrs(TakeAttrs{0, 5}), {x, indices}).fault,
              static_cast<int64_t>(bad));
    EXPECT_EQ(
        run_kernel(ref_scatter_add(), scatter_add_op(), make_attrs(ScatterAddAttrs{{5, 2}, 0}),
                   {ramp({3, 2}, DType::float32), indices})
            .fault,
        static_cast<int64_t>(bad));
    const auto strict = make_attrs(OneHotAttrs{5, DType::float32, true});
    EXPECT_EQ(run_kernel(ref_one_hot(), one_hot_op(), strict, {indices}).fault,
              static_cast<int64_t>(bad));
    EXPECT_EQ(run_kernel(ref_one_hot(), one_hot_op(), make_attrs(OneHotAttrs{5}), {indices}).fault,
              std::nullopt);
  }
  EXPECT_EQ(run_kernel(ref_take(), take_op(), make_attrs(TakeAttrs{0, 5}),
                       {x, tensor_of({4, -5}, {2}, DType::int64)})
                .fault,
            std::nullopt);
  // Nothing can be taken from nothing.
  EXPECT_EQ(run_kernel(ref_take(), take_op(), make_attrs(TakeAttrs{0, 0}),
                       {ramp({0, 2}, DType::float32), tensor_of({0}, {1}, DType::int64)})
                .fault,
            0);
}

TEST(RefManipulation, OneHotAndIota) {
  for (const DType dtype : {DType::float32, DType::bool_, DType::int64, DType::bfloat16}) {
    const HostTensor labels = tensor_of({2, 0, 3, 3}, {2, 2}, DType::int32);
    const std::vector<double> classes = {2, 0, 3, 3};
    check(ref_one_hot(), one_hot_op(), make_attrs(OneHotAttrs{4, dtype}), {labels},
          [&](const Index& at) {
            return classes[static_cast<size_t>(at[0] * 2 + at[1])] == double(at[2]) ? 1.0 : 0.0;
          });
  }
  for (const DType dtype : {DType::float32, DType::int64, DType::int32}) {
    EXPECT_EQ(
        as_doubles(run_kernel(ref_iota(), iota_op(), make_attrs(IotaAttrs{5, 4, -3, dtype}), {})
                       .outputs[0]),
        (std::vector<double>{5, 2, -1, -4}));
  }
}

}  // namespace
}  // namespace danlu::cpu
