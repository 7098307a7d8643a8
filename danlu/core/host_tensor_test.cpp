#include "danlu/core/host_tensor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "danlu/base/error.h"

namespace danlu {
namespace {

TEST(HostTensor, HoldsValuesOfEveryType) {
  const auto f = HostTensor::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3});
  EXPECT_EQ(f.dtype(), DType::float32);
  EXPECT_EQ(f.shape(), Shape({2, 3}));
  EXPECT_EQ(f.bytes(), 24u);
  EXPECT_EQ(f.to_vector<float>(), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  const auto b = HostTensor::from(std::vector<bool>{true, false, true});
  EXPECT_EQ(b.dtype(), DType::bool_);
  EXPECT_EQ(b.to_vector<bool>(), (std::vector<bool>{true, false, true}));
  const auto i = HostTensor::from(std::vector<int64_t>{-1, 7}, {2, 1});
  EXPECT_EQ(i.values<int64_t>()[1], 7);
  const auto z = HostTensor::zeros({3}, DType::float64);
  EXPECT_EQ(z.to_vector<double>(), (std::vector<double>{0, 0, 0}));
  EXPECT_FALSE(HostTensor().defined());
  EXPECT_EQ(HostTensor().bytes(), 0u);
  EXPECT_EQ(HostTensor::empty({0, 4}, DType::uint8).num_elements(), 0);
}

TEST(HostTensor, SlicesAndReshapesShareStorage) {
  auto t = HostTensor::from(std::vector<int32_t>{0, 1, 2, 3, 4, 5}, {3, 2});
  auto rows = t.slice(1, 3);
  EXPECT_EQ(rows.shape(), Shape({2, 2}));
  EXPECT_EQ(rows.to_vector<int32_t>(), (std::vector<int32_t>{2, 3, 4, 5}));
  rows.values<int32_t>()[0] = 20;
  EXPECT_EQ(t.values<int32_t>()[2], 20);
  EXPECT_EQ(t.reshape({6}).values<int32_t>()[2], 20);
  auto copy = t.clone();
  copy.values<int32_t>()[2] = 0;
  EXPECT_EQ(t.values<int32_t>()[2], 20);
  EXPECT_EQ(t.slice(3, 3).num_elements(), 0);
  t = HostTensor();
  EXPECT_EQ(rows.values<int32_t>()[1], 3) << "a slice keeps its parent's storage alive";
}

TEST(HostTensor, ErrorsNameWhatWasExpected) {
  const auto t = HostTensor::from(std::vector<float>{1, 2}, {2});
  auto text = [](auto body) -> std::string {
    try {
      body();
    } catch (const ShapeError& e) {
      return std::string("ShapeError ") + e.what();
    } catch (const DTypeError& e) {
      return std::string("DTypeError ") + e.what();
    }
    return "nothing";
  };
  EXPECT_EQ(text([&] { (void)t.values<double>(); }),
            "DTypeError [HostTensor] The elements are of another type. Expected float32. Received "
            "a request for float64.");
  EXPECT_EQ(text([&] { (void)t.reshape({3}); }),
            "ShapeError [HostTensor] The new shape has another number of elements. Expected a "
            "shape with 2 elements. Received (3,).");
  EXPECT_EQ(text([&] { (void)t.slice(1, 3); }),
            "ShapeError [HostTensor] The slice lies outside the first axis. Expected 0 <= begin "
            "<= end <= its size, for shape (2,). Received 1:3.");
  EXPECT_EQ(text([&] { (void)HostTensor::from(std::vector<float>{1}, {2}); }),
            "ShapeError [HostTensor] The values do not fill the shape. Expected as many values as "
            "(2,) has elements. Received 1 values.");
  EXPECT_EQ(text([&] { HostTensor(DType::float32, {2}, Buffer::allocate(7)); }),
            "ShapeError [HostTensor] The storage is too small for the shape. Expected 8 bytes for "
            "float32(2,). Received 7 bytes.");
  EXPECT_EQ(text([&] {
              (void)HostTensor::empty({-1, 2}, DType::float32);
            }),
            "ShapeError [HostTensor] A dimension is unknown. Expected a shape with every dimension "
            "known. Received (None, 2).");
}

}  // namespace
}  // namespace danlu
