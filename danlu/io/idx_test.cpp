#include "danlu/io/idx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/base/philox.h"

namespace danlu {
namespace {

using testing::HasSubstr;

std::string header(uint8_t type, const std::vector<uint32_t>& dims) {
  std::string s = {0, 0, static_cast<char>(type), static_cast<char>(dims.size())};
  for (uint32_t dim : dims) {
    for (int shift = 24; shift >= 0; shift -= 8) s += static_cast<char>(dim >> shift);
  }
  return s;
}

class IdxTest : public testing::Test {
 protected:
  ~IdxTest() override { remove_file(path_); }

  IdxReader open(const std::string& contents) {
    remove_file(path_);  // Some file systems flush a file that is truncated and written anew.
    std::ofstream(path_, std::ios::binary) << contents;
    return IdxReader(path_);
  }
  HostTensor behind(const std::string& contents) {
    open(contents);
    return IdxReader::read_all_behind(std::make_shared<IdxReader>(path_));
  }
  static std::string text_of(const HostTensor& bytes) {
    const auto all = bytes.values<uint8_t>();
    return {all.begin(), all.end()};
  }
  std::string error_of(const std::string& contents) {
    try {
      open(contents).read_all();
    } catch (const IoError& e) {
      return e.what();
    }
    return "no IoError";
  }

  std::string path_ = testing::TempDir() + "/danlu_idx_test";
};

TEST_F(IdxTest, ReadsEveryElementType) {
  EXPECT_EQ(open(header(8, {3}) + "\x01\x7f\xff").read_all().to_vector<uint8_t>(),
            (std::vector<uint8_t>{1, 127, 255}));
  EXPECT_EQ(open(header(9, {3}) + "\x01\x7f\xff").read_all().to_vector<int32_t>(),
            (std::vector<int32_t>{1, 127, -1}));
  EXPECT_EQ(
      open(header(11, {3}) + std::string("\0\1\1\0\xff\xfe", 6)).read_all().to_vector<int32_t>(),
      (std::vector<int32_t>{1, 256, -2}));
  EXPECT_EQ(
      open(header(12, {1}) + std::string("\xff\xff\xff\0", 4)).read_all().to_vector<int32_t>(),
      (std::vector<int32_t>{-256}));
  EXPECT_EQ(open(header(13, {1}) + std::string("\x3f\xc0\0\0", 4)).read_all().to_vector<float>(),
            (std::vector<float>{1.5f}));
  EXPECT_EQ(
      open(header(14, {1}) + std::string("\xbf\xe0\0\0\0\0\0\0", 8)).read_all().to_vector<double>(),
      (std::vector<double>{-0.5}));
}

TEST_F(IdxTest, StreamsPlainAndGzipped) {
  std::string data;
  for (int i = 0; i < 7 * 6; ++i) data += static_cast<char>(i);
  for (const bool zipped : {false, true}) {
    const std::string file = header(8, {7, 2, 3}) + data;
    IdxReader reader = open(zipped ? gzip_compress(file) : file);
    EXPECT_EQ(reader.shape(), Shape({7, 2, 3}));
    EXPECT_EQ(reader.dtype(), DType::uint8);
    std::vector<uint8_t> all;
    std::vector<int64_t> sizes;
    while (reader.items_left() > 0) {
      const HostTensor part = reader.read(3);
      sizes.push_back(part.shape()[0]);
      for (uint8_t value : part.values<uint8_t>()) all.push_back(value);
    }
    EXPECT_EQ(sizes, (std::vector<int64_t>{3, 3, 1}));
    EXPECT_EQ(std::string(all.begin(), all.end()), data);
    EXPECT_EQ(reader.read(3).shape(), Shape({0, 2, 3}));
  }
  EXPECT_EQ(open(header(8, {0, 28})).read_all().num_elements(), 0);
}

TEST_F(IdxTest, ReadsBehindTheCaller) {
  std::string data;
  PhiloxStream random(5);
  for (int i = 0; i < 3000 * 600; ++i) data += static_cast<char>(random.below(256));
  const std::string file = header(8, {3000, 600}) + data;
  for (const std::string& contents : {file, gzip_compress(file)}) {
    const auto whole = HostTensor(behind(contents)).reshape({1500, 1200});
    const HostTensor middle = whole.slice(700, 702);
    EXPECT_EQ(text_of(middle), data.substr(700 * 1200, 2400));
    EXPECT_EQ(text_of(whole.clone()), data);
    const int64_t items[] = {1499};
    EXPECT_EQ(static_cast<const char*>(whole.data_of_items(items))[1800000 - 1], data.back());
  }
  behind(file);  // given up at once
  EXPECT_EQ(
      behind(header(11, {2, 2}) + std::string("\0\1\1\0\xff\xfe\0\2", 8)).to_vector<int32_t>(),
      (std::vector<int32_t>{1, 256, -2, 2}));
  EXPECT_EQ(behind(header(8, {0, 28})).shape(), Shape({0, 28}));
  EXPECT_EQ(behind(header(8, {3, 0})).num_elements(), 0);
}

TEST_F(IdxTest, FaultsAreNamedBehindTheCaller) {
  const auto error_behind = [&](const std::string& contents, bool last_item_only) {
    try {
      const HostTensor all = behind(contents);
      (last_item_only ? all.slice(all.shape()[0] - 1, all.shape()[0]) : all).values<uint8_t>();
    } catch (const IoError& e) {
      return std::string(e.what());
    }
    return std::string("no IoError");
  };
  std::string data(3000 * 600, '\7');
  for (size_t i = 0; i < data.size(); i += 5) data[i] = static_cast<char>(i / 5 % 251);
  const std::string file = header(8, {3000, 600}) + data, good = gzip_compress(file);
  std::string wrong_sum = good;
  wrong_sum[good.size() - 8] ^= 1;
  for (const bool last : {false, true}) {
    EXPECT_EQ(error_behind(good, last), "no IoError");
    EXPECT_THAT(error_behind(good.substr(0, good.size() / 2), last), HasSubstr("ends too early"));
    EXPECT_THAT(error_behind(good.substr(0, good.size() - 1), last), HasSubstr("ends too early"));
    EXPECT_THAT(error_behind(wrong_sum, last), HasSubstr("damaged (incorrect data check)"));
    EXPECT_THAT(error_behind(gzip_compress(file + "x"), last), HasSubstr("goes on after its data"));
    EXPECT_THAT(error_behind(gzip_compress(file.substr(0, file.size() - 1)), last),
                HasSubstr("The IDX file ends too early"));
    EXPECT_THAT(error_behind(file + "x", last), HasSubstr("goes on after its data"));
  }
}

TEST_F(IdxTest, FaultsAreNamed) {
  const std::string at = "[" + path_ + "] ";
  EXPECT_EQ(error_of(""), at +
                              "This is no IDX file. Expected 0 0, a type (8, 9, 11, 12, 13 or 14), "
                              "1 to 8 dimensions. Received an empty file.");
  EXPECT_THAT(error_of("P5 28 28"), HasSubstr("Received the bytes 80 53 32 50."));
  EXPECT_THAT(error_of(header(10, {1})), HasSubstr("This is no IDX file"));
  EXPECT_THAT(error_of(header(8, {})), HasSubstr("This is no IDX file"));
  EXPECT_THAT(error_of(header(8, {1, 1, 1, 1, 1, 1, 1, 1, 1}) + "x"),
              HasSubstr("This is no IDX file"));
  EXPECT_EQ(error_of(header(8, {3}) + "ab"),
            at +
                "The IDX file claims more data than it can hold. Expected at most 2 bytes of data. "
                "Received the dimensions (3). Hint: the file is truncated or damaged; get it "
                "again.");
  EXPECT_EQ(error_of(header(8, {2}) + "abc"),
            at + "The IDX file goes on after its data. Expected the end after the data of shape "
                 "(2,). Received more bytes. Hint: the file is damaged; get it again.");
  EXPECT_THAT(error_of(header(8, {0}) + "a"), HasSubstr("goes on after its data"));
  EXPECT_THAT(error_of(header(14, {0xffffffff, 0xffffffff, 0xffffffff}) + "a"),
              HasSubstr("Received the dimensions (4294967295, 4294967295, 4294967295)."));
  EXPECT_THAT(error_of(gzip_compress(header(8, {0xffffffff}) + "a")),
              HasSubstr("claims more data than it can hold"));
  EXPECT_EQ(error_of(gzip_compress(header(8, {3}) + "ab")),
            at + "The IDX file ends too early. Expected 3 more bytes. Received 2. Hint: the file "
                 "is truncated; get it again.");
  EXPECT_THAT(error_of(gzip_compress(header(8, {1}) + "ab")), HasSubstr("goes on after its data"));
}

TEST_F(IdxTest, EveryTruncationAndDamageIsSurvived) {
  const std::string plain = header(11, {2, 3}) + std::string(12, '\5');
  for (const std::string& good : {plain, gzip_compress(plain)}) {
    for (size_t size = 0; size < good.size(); ++size) {
      EXPECT_NE(error_of(good.substr(0, size)), "no IoError") << size;
    }
    PhiloxStream random(17);
    for (int round = 0; round < 500; ++round) {
      std::string bad = good;
      bad[random.below(bad.size())] = static_cast<char>(random.next_u32());
      error_of(bad);
    }
  }
}

}  // namespace
}  // namespace danlu
