#include "danlu/io/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/io/zip.h"

namespace danlu {
namespace {

using testing::HasSubstr;

/// A file of version 1 with this header.
std::string file_with(const std::string& header, const std::string& data) {
  const auto length = static_cast<uint16_t>(header.size());
  std::string out("\x93NUMPY\x01\x00", 8);
  out.append(reinterpret_cast<const char*>(&length), 2);
  return out + header + data;
}

std::string error_of(const std::string& bytes) {
  try {
    parse_npy(bytes, "x.npy");
  } catch (const IoError& error) {
    return error.what();
  }
  return "";
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

TEST(Npy, WhatIsWrittenIsRead) {
  const std::vector<HostTensor> tensors = {
      HostTensor::from(std::vector<float>{1.5f, -0.f, 3e-40f, 4}, {2, 2}),
      HostTensor::from(std::vector<double>{0.1}, {}),
      HostTensor::from(std::vector<int64_t>{-5, 7, 9}),
      HostTensor::from(std::vector<bool>{true, false}),
      HostTensor::from(std::vector<uint8_t>{0, 255}, {2, 1, 1}),
      HostTensor::empty({0, 5}, DType::int32),
      HostTensor::from(std::vector<float16>{float16(1.f), float16(-2.f)})};
  for (const HostTensor& x : tensors) {
    const std::string bytes = to_npy(x);
    EXPECT_EQ((bytes.size() - x.bytes()) % 64, 0u);
    const HostTensor y = parse_npy(bytes);
    EXPECT_EQ(x.spec(), y.spec());
    EXPECT_EQ(std::memcmp(x.data(), y.data(), x.bytes()), 0);
  }
  // What numpy.save writes of numpy.array([1, 2], numpy.int32).
  EXPECT_THAT(to_npy(HostTensor::from(std::vector<int32_t>{1, 2})),
              HasSubstr("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }"));
}

TEST(Npy, BothOrdersOfBytesAndOfMemoryAreRead) {
  const std::string header = "{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }\n";
  EXPECT_EQ(parse_npy(file_with(header, std::string("\x00\x01\x02\x00", 4))).to_vector<int16_t>(),
            (std::vector<int16_t>{1, 512}));
  const std::string columns = "{'shape': (2, 3), 'fortran_order': True, 'descr': '<f4'}";
  const HostTensor x = parse_npy(file_with(columns, bytes_of<float>({1, 4, 2, 5, 3, 6})));
  EXPECT_EQ(x.shape(), Shape({2, 3}));
  EXPECT_EQ(x.to_vector<float>(), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  std::string second = file_with(columns, bytes_of<float>({1, 4, 2, 5, 3, 6}));
  second[6] = 2;
  second.insert(10, std::string(2, '\0'));
  EXPECT_EQ(parse_npy(second).to_vector<float>(), x.to_vector<float>());
}

TEST(Npy, ObjectsAreRefusedForRunningCode) {
  EXPECT_THAT(
      error_of(file_with("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "cos\n")),
      testing::AllOf(HasSubstr("[x.npy]"), HasSubstr("pickled Python objects"),
                     HasSubstr("run code")));
}

TEST(Npy, WhatDoesNotFitIsRefusedBeforeMemoryIsTaken) {
  const auto f4 = [](const std::string& shape) {
    return "{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + "), }";
  };
  EXPECT_THAT(error_of(file_with(f4("1000000000, 1000000"), "data")), HasSubstr("does not fit"));
  EXPECT_NE(error_of(file_with(f4("4611686018427387904, 16"), "data")), "");
  EXPECT_NE(error_of(file_with(f4("99999999999999999999"), "data")), "");
  EXPECT_THAT(error_of(file_with(f4("-1"), "data")), HasSubstr("damaged"));
  EXPECT_NE(error_of(file_with(f4("1, 1, 1, 1, 1, 1, 1, 1, 1"), "data")), "");
  EXPECT_THAT(error_of(file_with("{'descr': [('a', '<f4')], 'shape': (1,)}", "data")),
              HasSubstr("records"));
  EXPECT_THAT(error_of(file_with("{'descr': '<U5', 'fortran_order': False, 'shape': ()}", "data")),
              HasSubstr("'<U5'"));
  EXPECT_THAT(error_of("PK"), HasSubstr("no NumPy file"));
  EXPECT_THAT(error_of(file_with("{'descr': '|b1', 'fortran_order': False, 'shape': (1,)}", "\2")),
              HasSubstr("no bool"));
}

TEST(Npy, MutatedFilesGiveATensorOrATypedError) {
  std::mt19937 dice(2);
  const std::string good = to_npy(HostTensor::from(std::vector<float>(24), {2, 3, 4}));
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = good;
    for (int flips = 1 + static_cast<int>(dice() % 3); flips > 0; --flips) {
      bytes[dice() % 90] ^= static_cast<char>(1 << dice() % 8);
    }
    try {
      ASSERT_LE(parse_npy(bytes).bytes(), good.size());
    } catch (const IoError&) {
    }
  }
}

TEST(Npz, ArraysByName) {
  TensorMap map;
  map.add("x", HostTensor::from(std::vector<float>{1, 2}));
  map.add("folder/y", HostTensor::from(std::vector<int32_t>{3}));
  const TensorMap read = parse_npz(to_npz(map));
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read.at("x").to_vector<float>(), (std::vector<float>{1, 2}));
  EXPECT_EQ(read.at("folder/y").to_vector<int32_t>(), std::vector<int32_t>{3});
  EXPECT_THROW(parse_npz(to_zip({{"a.npy", "no array"}})), IoError);
}

}  // namespace
}  // namespace danlu
