#include "danlu/io/hdf5.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/core/buffer.h"

namespace danlu {
namespace {

using testing::HasSubstr;

/// Files of tests/interop/make_hostile.py.
std::string path_of(const std::string& name) { return "tests/interop/hostile/" + name + ".h5"; }

TensorMap sample() {
  TensorMap map;
  map.add("layers/dense/vars/0",
          HostTensor::from(std::vector<float>{1.5f, -0.f, 3e-40f, 4}, {2, 2}));
  map.add("layers/dense/vars/1", HostTensor::from(std::vector<double>{0.1}));
  map.add("optimizer/vars/0", HostTensor::from(std::vector<int64_t>{-5}, {}));
  map.add("flags", HostTensor::from(std::vector<bool>{true, false, true}));
  map.add("half", HostTensor::from(std::vector<float16>{float16(1.f), float16(-2.5f)}));
  map.add("brain", HostTensor::from(std::vector<bfloat16>{bfloat16(1.f), bfloat16(-2.f)}));
  map.add("empty", HostTensor::empty({0, 5}, DType::float32));
  return map;
}

TEST(Hdf5, WhatIsWrittenIsRead) {
  const TensorMap tensors = sample();
  const std::string bytes = to_hdf5(tensors, {{"layers/dense/vars", "name", "dense"},
                                              {"layers/flatten/vars", "name", "flatten 丹"}});
  const TensorMap read = parse_hdf5(bytes);
  ASSERT_EQ(read.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const HostTensor& other = read.at(name);
    ASSERT_EQ(other.spec(), tensor.spec()) << name;
    EXPECT_EQ(std::memcmp(other.data(), tensor.data(), tensor.bytes()), 0) << name;
  }
  EXPECT_EQ(to_hdf5(tensors), to_hdf5(tensors));
}

TEST(Hdf5, PathsThatDoNotFitAreRefused) {
  TensorMap both;
  both.add("a", HostTensor::from(std::vector<float>{1}));
  both.add("a/b", HostTensor::from(std::vector<float>{1}));
  EXPECT_THROW(to_hdf5(both), ValueError);
  TensorMap unnamed;
  unnamed.add("a//b", HostTensor::from(std::vector<float>{1}));
  EXPECT_THROW(to_hdf5(unnamed), ValueError);
}

TEST(Hdf5, FilesOfH5pyAreRead) {
  const TensorMap good = load_hdf5(path_of("good"));
  ASSERT_EQ(good.size(), 1u);
  EXPECT_EQ(good.at("layers/dense/vars/0").shape(), Shape({3, 4}));
  EXPECT_EQ(good.at("layers/dense/vars/0").values<float>()[5], 5);
  const TensorMap types = load_hdf5(path_of("types"));
  const DType expected[] = {DType::bool_,   DType::int8,    DType::int16,   DType::int32,
                            DType::int64,   DType::uint8,   DType::uint16,  DType::uint32,
                            DType::uint64,  DType::float16, DType::float32, DType::float64,
                            DType::float32, DType::int32};
  for (int i = 0; i < 14; ++i) {
    const std::string name =
        std::string("layers/dense/vars/t") + (i < 10 ? "0" : "") + std::to_string(i);
    EXPECT_EQ(types.at(name).dtype(), expected[i]) << i;
  }
  EXPECT_EQ(types.at("layers/dense/vars/t12").to_vector<float>(), (std::vector<float>{0, 1, 1}));
  EXPECT_EQ(types.at("layers/dense/vars/t13").to_vector<int32_t>(),
            (std::vector<int32_t>{0, 1, 1}));
  EXPECT_EQ(types.at("layers/dense/vars/scalar").values<double>()[0], 2.5);
  EXPECT_EQ(types.at("layers/dense/vars/empty").shape(), Shape({0, 5}));
  const TensorMap gzip = load_hdf5(path_of("gzip"));
  EXPECT_EQ(gzip.at("layers/dense/vars/1").values<float>()[999], 999 % 7);
  const TensorMap chunks = load_hdf5(path_of("chunks"));
  const auto& wide = chunks.at("layers/dense/vars/1");
  const auto& plain = chunks.at("layers/dense/vars/2");
  ASSERT_EQ(wide.shape(), Shape({7, 10, 3}));
  for (size_t i = 0; i < 7 * 10 * 3; ++i) {
    EXPECT_EQ(wide.values<double>()[i], static_cast<double>(i) / 8) << i;
    EXPECT_EQ(plain.values<float>()[i], static_cast<float>(i) / 8) << i;
  }
}

struct Hostile {
  const char* file;
  const char* text;
};

void PrintTo(const Hostile& x, std::ostream* out) { *out << x.file; }

class HostileHdf5 : public testing::TestWithParam<Hostile> {};

TEST_P(HostileHdf5, IsRefusedWithItsReasonAndWithoutTakingMemory) {
  const int64_t before = Buffer::live_bytes();
  try {
    load_hdf5(path_of(GetParam().file));
    FAIL() << "nothing was thrown";
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), HasSubstr(GetParam().text));
    EXPECT_THAT(error.what(), HasSubstr(path_of(GetParam().file)));
  }
  EXPECT_LT(Buffer::live_bytes() - before, 1 << 20);
}

INSTANTIATE_TEST_SUITE_P(
    , HostileHdf5,
    testing::Values(Hostile{"external_storage", "lies in another file, which is not opened"},
                    Hostile{"virtual", "is virtual"},
                    Hostile{"external_link", "a link into another file, which is not opened"},
                    Hostile{"soft_link", "a soft link"}, Hostile{"loop", "in a loop"},
                    Hostile{"hard_links", "claim more bytes than the file has"},
                    Hostile{"shape_bomb", "a shape bomb"}, Hostile{"unwritten", "a shape bomb"},
                    Hostile{"chunk_bomb", "a shape bomb"},
                    Hostile{"short_chunk", "a chunk has 40 bytes, not 400"},
                    Hostile{"long_chunk", "a compressed chunk is no chunk"},
                    Hostile{"bare_chunk", "bytes, not 400"},
                    Hostile{"missing_chunk", "was never written"},
                    Hostile{"checksum", "a chunk's checksum is wrong"},
                    Hostile{"filter_lzf", "a filter that is not loaded"},
                    Hostile{"filter_dynamic", "filter 32001"}, Hostile{"texts", "of a type"},
                    Hostile{"records", "of a type"},
                    Hostile{"named_type", "neither a group nor a dataset"},
                    Hostile{"deep", "too deep inside each other"}),
    [](const auto& info) { return std::string(info.param.file); });

TEST(Hdf5, OtherFilesAndTruncatedOnesAreRefused) {
  EXPECT_THROW(parse_hdf5(""), IoError);
  EXPECT_THROW(parse_hdf5("PK\x03\x04"), IoError);
  EXPECT_THROW(parse_hdf5("\x89HDF\r\n\x1a\n"), IoError);
  const std::string good = read_file(path_of("good"));
  for (size_t size = 0; size < good.size(); size += 97) {
    EXPECT_THROW(parse_hdf5(good.substr(0, size)), IoError) << size;
  }
}

}  // namespace
}  // namespace danlu
