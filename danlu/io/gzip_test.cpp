#include "danlu/io/gzip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/base/philox.h"

namespace danlu {
namespace {

using testing::HasSubstr;

class GzipTest : public testing::Test {
 protected:
  ~GzipTest() override { remove_file(path_); }

  std::string read_all(const std::string& contents, size_t step = 1000) {
    remove_file(path_);  // Some file systems flush a file that is truncated and written anew.
    std::ofstream(path_, std::ios::binary) << contents;
    GzipInput input(path_);
    std::string out, part(step, '\0');
    while (const size_t got = input.read(part.data(), part.size())) out.append(part, 0, got);
    EXPECT_LE(out.size(), input.max_bytes());
    return out;
  }
  std::string error_of(const std::string& contents) {
    try {
      read_all(contents);
    } catch (const IoError& e) {
      return e.what();
    }
    return "no IoError";
  }
  static std::string text() {
    PhiloxStream random(3);
    std::string s;
    for (int i = 0; i < 300000; ++i) s += "abcdefgh"[random.below(8)];
    return s;
  }

  std::string path_ = testing::TempDir() + "/danlu_gzip_test.gz";
};

TEST_F(GzipTest, ReadsPlainAndCompressedFiles) {
  for (const std::string& s :
       {text(), std::string(), std::string("x"), std::string(5000000, '0')}) {
    EXPECT_EQ(read_all(s), s);
    EXPECT_EQ(read_all(gzip_compress(s), 12345), s);
  }
  EXPECT_EQ(read_all(gzip_compress("ab") + gzip_compress("") + gzip_compress("cd")), "abcd");
  EXPECT_EQ(read_all(gzip_compress("abc"), 1), "abc");
}

TEST_F(GzipTest, DamageIsFound) {
  const std::string good = gzip_compress(text().substr(0, 300));
  for (size_t size = 2; size < good.size(); ++size) {
    EXPECT_EQ(error_of(good.substr(0, size)),
              "[" + path_ +
                  "] The compressed data ends too early. Hint: the file is truncated; get it "
                  "again.")
        << size;
  }
  int harmless = 0;
  for (size_t at = 10; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] ^= 0x10;
    // A few bits between the last block and the checksum mean nothing.
    const std::string error = error_of(bad);
    if (error == "no IoError") {
      EXPECT_EQ(read_all(bad), text().substr(0, 300)) << at;
      ++harmless;
    } else {
      EXPECT_THAT(error, HasSubstr("The compressed data")) << at;
    }
  }
  EXPECT_LE(harmless, 1);
  EXPECT_THAT(error_of(good + "junk"), HasSubstr("damaged (incorrect header check)"));
}

}  // namespace
}  // namespace danlu
