#include "danlu/io/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/base/philox.h"
#include "danlu/base/sha256.h"

namespace danlu {
namespace {

using testing::HasSubstr;

TensorMap sample() {
  TensorMap map;
  map.metadata = {{"format", "danlu"}, {"note", "丹炉 \"quoted\""}};
  map.add("flags", HostTensor::from(std::vector<bool>{true, false, true}));
  map.add("dense/kernel", HostTensor::from(std::vector<float>{1.5f, -0.f, 3e-40f, 4}, {2, 2}));
  map.add("steps", HostTensor::from(std::vector<int64_t>{-5}, {}));
  map.add("bytes", HostTensor::from(std::vector<uint8_t>{0, 255, 7}, {3, 1, 1}));
  map.add("empty", HostTensor::empty({0, 5}, DType::float64));
  map.add("double", HostTensor::from(std::vector<double>{0.1}));
  map.add("half", HostTensor::from(std::vector<bfloat16>{bfloat16(1.f), bfloat16(-2.f)}));
  map.add("ids", HostTensor::from(std::vector<int32_t>{1, -2}, {1, 2}));
  return map;
}

void expect_equal(const TensorMap& a, const TensorMap& b) {
  EXPECT_EQ(a.metadata, b.metadata);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    const auto& [name, x] = a.entries()[i];
    const auto& [other, y] = b.entries()[i];
    EXPECT_EQ(name, other);
    EXPECT_EQ(x.spec(), y.spec()) << name;
    EXPECT_EQ(std::memcmp(x.data(), y.data(), x.bytes()), 0) << name;
  }
}

/// A file with this header and `data_bytes` bytes of data.
std::string file_with(const std::string& header, size_t data_bytes) {
  const uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), 8);
  return bytes + header + std::string(data_bytes, '\0');
}

std::string parse_error(const std::string& bytes) {
  try {
    parse_safetensors(bytes, "w.safetensors");
  } catch (const IoError& e) {
    return e.what();
  }
  return "no IoError";
}

TEST(Safetensors, RoundTripsThroughMemoryAndFile) {
  const TensorMap map = sample();
  const std::string bytes = to_safetensors(map);
  expect_equal(parse_safetensors(bytes), map);
  const std::string path = testing::TempDir() + "/danlu_test.safetensors";
  save_safetensors(path, map);
  EXPECT_EQ(read_file(path), bytes);
  EXPECT_EQ(sha256_file(path), safetensors_sha256(map));
  expect_equal(load_safetensors(path), map);
  remove_file(path);
  expect_equal(parse_safetensors(to_safetensors(TensorMap())), TensorMap());
}

TEST(Safetensors, AFullDiskLeavesTheOldWeights) {
  const std::string path = testing::TempDir() + "/danlu_full.safetensors";
  save_safetensors(path, sample());
  TensorMap large;
  large.add("kernel", HostTensor::zeros({500000}, DType::float32));
  // A limit on the size of files fails as a full disk does, and needs no privileges.
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old;
  getrlimit(RLIMIT_FSIZE, &old);
  rlimit limit = old;
  limit.rlim_cur = 100000;
  setrlimit(RLIMIT_FSIZE, &limit);
  std::string error;
  try {
    save_safetensors(path, large);
  } catch (const IoError& e) {
    error = e.what();
  }
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(error, HasSubstr("[" + path + "] The file cannot be written: File too large."));
  expect_equal(load_safetensors(path), sample());
  remove_file(path);
}

TEST(Safetensors, BytesAreExactlyThese) {
  TensorMap map;
  map.metadata = {{"a", "b"}};
  map.add("z", HostTensor::from(std::vector<uint8_t>{9}));
  map.add("x", HostTensor::from(std::vector<float>{1.f}, {1, 1}));
  const std::string header =
      R"({"__metadata__":{"a":"b"},"z":{"dtype":"U8","shape":[1],"data_offsets":[4,5]},)"
      R"("x":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}})";
  std::string padded = header;
  padded.resize((header.size() + 7) / 8 * 8, ' ');
  std::string expected = file_with(padded, 0);
  expected += std::string("\0\0\x80\x3f\x09", 5);
  EXPECT_EQ(to_safetensors(map), expected);
  EXPECT_EQ(to_safetensors(map), to_safetensors(parse_safetensors(expected)));
}

TEST(Safetensors, DataIsAligned) {
  const std::string bytes = to_safetensors(sample());
  uint64_t length;
  std::memcpy(&length, bytes.data(), 8);
  EXPECT_EQ(length % 8, 0u);
}

TEST(Safetensors, EveryTruncationIsAnError) {
  const std::string bytes = to_safetensors(sample());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(parse_safetensors(bytes.substr(0, size)), IoError) << size;
  }
  EXPECT_THAT(parse_error(bytes + "x"), HasSubstr("The file has bytes that belong to no tensor"));
  EXPECT_EQ(parse_error("1234567"),
            "[w.safetensors] This is no safetensors file. Expected at least 8 bytes. Received 7 "
            "bytes.");
  EXPECT_EQ(
      parse_error(bytes.substr(0, 20)),
      "[w.safetensors] The header does not fit into the file. Expected at most 12 bytes of "
      "header. Received " +
          std::to_string(static_cast<uint8_t>(bytes[0]) | static_cast<uint8_t>(bytes[1]) << 8) +
          ". Hint: the file is truncated, or no safetensors file.");
}

TEST(Safetensors, RandomDamageNeverCrashes) {
  const std::string original = to_safetensors(sample());
  const int64_t allocated = Buffer::live_bytes();
  PhiloxStream random(11);
  int errors = 0;
  for (int round = 0; round < 10000; ++round) {
    std::string bytes = original;
    for (uint64_t i = 0, n = 1 + random.below(5); i < n; ++i) {
      const size_t at = random.below(bytes.size());
      switch (random.below(4)) {
        case 0:
          bytes[at] = static_cast<char>(random.next_u32());
          break;
        case 1:
          bytes[at] = "0123456789,[]{}\":"[random.below(17)];
          break;
        case 2:
          bytes.erase(at, 1 + random.below(8));
          break;
        default:
          bytes.insert(at, 1, "9-.e{ "[random.below(6)]);
      }
    }
    try {
      const TensorMap map = parse_safetensors(bytes);
      EXPECT_LE(map.bytes(), bytes.size());
    } catch (const IoError&) {
      ++errors;
    }
  }
  EXPECT_GT(errors, 5000);
  EXPECT_EQ(Buffer::live_bytes(), allocated);
}

TEST(Safetensors, FaultsAreNamed) {
  EXPECT_THAT(parse_error(file_with("[]      ", 0)),
              HasSubstr("Expected a header that begins with '{'."));
  EXPECT_EQ(
      parse_error(file_with(R"({"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}})", 2)),
      "[w.safetensors] The tensor 'a' has a dtype that Danlu does not read. Expected F32, "
      "F64, BF16, F16, C64, an I or U of 8 to 64 bits, or BOOL. Received 'F4'. Hint: convert the "
      "tensor with the program that wrote the file.");
  EXPECT_EQ(parse_error(file_with(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8)),
            "[w.safetensors] The data of the tensor 'a' does not fit its shape. Expected 12 bytes "
            "for float32(3,). Received 8.");
  EXPECT_EQ(parse_error(file_with(R"({"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})", 8)),
            "[w.safetensors] The data of the tensor 'a' lies outside the file. Expected offsets "
            "within the 8 bytes of data. Received [0,9]. Hint: the file is truncated or damaged.");
  const std::string huge = R"({"a":{"dtype":"F64","shape":[4294967296,4294967296],)"
                           R"("data_offsets":[0,8]}})";
  EXPECT_EQ(parse_error(file_with(huge, 8)),
            "[w.safetensors] The shape of the tensor 'a' is impossible. Expected at most 2^59 "
            "elements. Received [4294967296,4294967296].");
  const std::string two = R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                          R"("b":{"dtype":"U8","shape":[4],"data_offsets":[%]}})";
  auto with = [&](const std::string& offsets, size_t bytes) {
    std::string header = two;
    header.replace(header.find('%'), 1, offsets);
    return parse_error(file_with(header, bytes));
  };
  EXPECT_EQ(with("2,6", 6),
            "[w.safetensors] The data of the tensor 'b' overlaps another tensor. Expected a start "
            "at byte 4 of the data. Received 2.");
  EXPECT_THAT(with("6,10", 10), HasSubstr("'b' leaves a hole before it"));
  EXPECT_THAT(with("4,8", 9), HasSubstr("The file has bytes that belong to no tensor"));
  EXPECT_THAT(with("8,4", 9), HasSubstr("lies outside the file"));
  EXPECT_EQ(with("4,8", 8), "no IoError");
  EXPECT_THAT(
      parse_error(file_with(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}})", 0)),
      HasSubstr("The tensor 'a' has a negative dimension"));
  EXPECT_THAT(
      parse_error(file_with(R"({"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}})", 1)),
      HasSubstr("[w.safetensors > JSON] A value has the wrong type. Expected integer."));
  EXPECT_THAT(parse_error(file_with(R"({"a":{"shape":[1],"data_offsets":[0,1]}})", 1)),
              HasSubstr("A member is missing. Expected 'dtype'."));
  EXPECT_THAT(parse_error(file_with(R"({"a":{},"a":{}})", 0)),
              HasSubstr("A key of a JSON object stands twice"));
  EXPECT_THAT(parse_error(file_with(R"({"a":1)", 0)), HasSubstr("This is not valid JSON"));
  std::string flags = file_with(R"({"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})", 1);
  flags.back() = 2;
  EXPECT_EQ(parse_error(flags),
            "[w.safetensors] The tensor 'a' holds a byte that is no bool. Expected 0 or 1. "
            "Received 2.");
  EXPECT_EQ(parse_error(std::string(16, '\xff')),
            "[w.safetensors] The header does not fit into the file. Expected at most 8 bytes of "
            "header. Received 18446744073709551615. Hint: the file is truncated, or no "
            "safetensors file.");
}

TEST(TensorMap, NamesAreUniqueAndMissingOnesListed) {
  TensorMap map = sample();
  EXPECT_THROW(map.add("half", HostTensor::zeros({1}, DType::uint8)), ValueError);
  EXPECT_THROW(map.add("new", HostTensor()), ValueError);
  EXPECT_EQ(map.at("ids").shape(), Shape({1, 2}));
  try {
    map.at("bias");
    FAIL();
  } catch (const IoError& e) {
    EXPECT_THAT(e.what(), HasSubstr("Expected 'bias'. Received 'flags', 'dense/kernel'"));
  }
}

}  // namespace
}  // namespace danlu
