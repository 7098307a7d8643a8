#include "danlu/base/sha256.h"

#include <gtest/gtest.h>

#include <string>

#include "danlu/base/error.h"
#include "danlu/base/file.h"

namespace danlu {
namespace {

// FIPS 180-4 examples and the NIST long-message vector.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, AnySplitGivesTheSameDigest) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 37);
  const std::string whole = sha256_hex(text);
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256 hash;
    hash.update(std::string_view(text).substr(0, cut));
    (void)hash.hex();
    hash.update(std::string_view(text).substr(cut));
    EXPECT_EQ(hash.hex(), whole) << cut;
  }
}

TEST(Sha256, HashesFiles) {
  const std::string path = testing::TempDir() + "/danlu_sha256_test.bin";
  write_file(path, std::string(200000, 'x'));
  EXPECT_EQ(sha256_file(path), sha256_hex(std::string(200000, 'x')));
  remove_file(path);
  EXPECT_THROW(sha256_file(path), IoError);
}

}  // namespace
}  // namespace danlu
