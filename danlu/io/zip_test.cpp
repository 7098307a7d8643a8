#include "danlu/io/zip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>
#include <random>
#include <string>

#include "danlu/base/error.h"

namespace danlu {
namespace {

using testing::HasSubstr;

std::string error_of(const std::string& bytes, const std::string& read = "") {
  try {
    const ZipReader zip(bytes, "m.keras");
    if (!read.empty()) zip.read(read);
  } catch (const IoError& error) {
    return error.what();
  }
  return "";
}

template <class T>
void put_at(std::string& bytes, size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

size_t nth(const std::string& bytes, std::string_view mark, int n = 0) {
  size_t at = bytes.find(mark);
  while (n-- > 0) at = bytes.find(mark, at + 1);
  EXPECT_NE(at, bytes.npos);
  return at;
}

constexpr std::string_view kEntry("PK\x01\x02", 4), kLocal("PK\x03\x04", 4), kEnd("PK\x05\x06", 4);

/// An archive of one deflated entry.
std::string deflated(const std::string& name, const std::string& contents) {
  std::string packed(compressBound(contents.size()), '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(contents.data()));
  stream.avail_in = static_cast<uInt>(contents.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  std::string zip = to_zip({{name, packed}});
  const size_t at = nth(zip, kEntry), local = nth(zip, kLocal);
  const auto crc = static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(contents.data()),
                                               static_cast<uInt>(contents.size())));
  put_at<uint16_t>(zip, at + 10, 8), put_at<uint16_t>(zip, local + 8, 8);
  put_at<uint32_t>(zip, at + 16, crc);
  put_at<uint32_t>(zip, at + 24, static_cast<uint32_t>(contents.size()));
  return zip;
}

TEST(Zip, WhatIsWrittenIsRead) {
  const std::string big(100'000, 'x');
  const std::string zip = to_zip({{"a.json", "{}"}, {"folder/b", big}, {"empty", ""}});
  const ZipReader reader(zip);
  ASSERT_EQ(reader.entries().size(), 3u);
  EXPECT_EQ(reader.entries()[1].name, "folder/b");
  EXPECT_EQ(reader.read("a.json"), "{}");
  EXPECT_EQ(reader.read("folder/b"), big);
  EXPECT_EQ(reader.read("empty"), "");
  EXPECT_TRUE(reader.contains("empty"));
  EXPECT_FALSE(reader.contains("b"));
  EXPECT_EQ(to_zip({{"a.json", "{}"}, {"folder/b", big}, {"empty", ""}}), zip);
}

TEST(Zip, DeflatedEntriesAreRead) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i * i);
  const std::string zip = deflated("t", text);
  EXPECT_EQ(ZipReader(zip).read("t"), text);
}

TEST(Zip, AMissingEntryIsToldWithThoseThereAre) {
  EXPECT_THAT(error_of(to_zip({{"a", "1"}, {"b", "2"}}), "c"),
              testing::AllOf(HasSubstr("[m.keras]"), HasSubstr("no entry 'c'"), HasSubstr("a, b")));
}

TEST(Zip, NamesThatLeaveTheFolderAreRefused) {
  for (const std::string bad : {"../x", "/etc", "a/../..", "c:\\x", "a\\b", "./a", "a//b"}) {
    EXPECT_THROW(to_zip({{bad, "1"}}), ValueError) << bad;
    std::string zip = to_zip({{std::string(bad.size(), 'n'), "1"}});
    for (const std::string_view mark : {kEntry, kLocal}) {
      const size_t at = nth(zip, mark) + (mark == kEntry ? 46 : 30);
      std::memcpy(zip.data() + at, bad.data(), bad.size());
    }
    EXPECT_THAT(error_of(zip), HasSubstr("The name of an entry")) << bad;
  }
}

TEST(Zip, TwoEntriesOfOneNameAreRefused) {
  EXPECT_THROW(to_zip({{"a", "1"}, {"a", "2"}}), ValueError);
  std::string zip = to_zip({{"aa", "1"}, {"ab", "2"}});
  for (size_t at = 0; (at = zip.find("ab", at)) != zip.npos; ++at) zip[at + 1] = 'a';
  EXPECT_THAT(error_of(zip), HasSubstr("two entries called 'aa'"));
}

TEST(Zip, EntriesThatShareBytesAreRefused) {
  // The second entry's data begins inside the first one's.
  std::string inner = to_zip({{"b", "data"}});
  inner.resize(nth(inner, kEntry));
  std::string zip = to_zip({{"a", inner}, {"b", "data"}});
  const size_t second = nth(zip, kEntry, 1);
  put_at<uint32_t>(zip, second + 42, static_cast<uint32_t>(nth(zip, kLocal, 1)));
  EXPECT_THAT(error_of(zip), HasSubstr("shares bytes"));
  // Both entries are the same bytes.
  zip = to_zip({{"a", "data"}, {"b", "data"}});
  zip[nth(zip, kLocal, 1) + 30] = 'a';
  EXPECT_THAT(error_of(zip), HasSubstr("is called otherwise"));
}

TEST(Zip, BombsAreRefusedBeforeAnythingIsUnpacked) {
  EXPECT_THAT(error_of(deflated("zeros", std::string(64 << 20, '\0'))), HasSubstr("a zip bomb"));
  std::string zip = deflated("a", "hello");
  put_at<uint32_t>(zip, nth(zip, kEntry) + 24, 0xfffffff0u);
  EXPECT_THAT(error_of(zip), HasSubstr("a zip bomb"));
  zip = to_zip({{"a", "hello"}});
  put_at<uint32_t>(zip, nth(zip, kEntry) + 24, 0xfffffff0u);
  EXPECT_THAT(error_of(zip), HasSubstr("has two sizes"));
  put_at<uint32_t>(zip, nth(zip, kEntry) + 20, 0xfffffff0u);
  EXPECT_THAT(error_of(zip), HasSubstr("points outside itself"));
}

TEST(Zip, LinksEncryptionAndOtherMethodsAreRefused) {
  std::string zip = to_zip({{"a", "1"}});
  const size_t at = nth(zip, kEntry);
  std::string link = zip, secret = zip, other = zip;
  put_at<uint32_t>(link, at + 38, 0120777u << 16);
  put_at<uint16_t>(secret, at + 8, 1);
  put_at<uint16_t>(other, at + 10, 12);
  EXPECT_THAT(error_of(link), HasSubstr("symbolic link"));
  EXPECT_THAT(error_of(secret), HasSubstr("encrypted"));
  EXPECT_THAT(error_of(other), HasSubstr("method 12"));
}

TEST(Zip, DamageIsFound) {
  std::string zip = to_zip({{"a", "hello"}});
  zip[nth(zip, "hello")] = 'j';
  EXPECT_THAT(error_of(zip, "a"), HasSubstr("checksum"));
  zip = deflated("a", "hello hello hello");
  zip[nth(zip, kLocal) + 31] ^= 0x55;
  EXPECT_NE(error_of(zip, "a"), "");
  EXPECT_THAT(error_of("short"), HasSubstr("no zip archive"));
  EXPECT_THAT(error_of(std::string(1000, 'x')), HasSubstr("no zip archive"));
  for (size_t size = 0; size < zip.size(); ++size) {
    EXPECT_NE(error_of(zip.substr(0, size), "a"), "") << size;
  }
}

TEST(Zip, MutatedArchivesGiveContentsOrATypedError) {
  std::mt19937 dice(1);
  const std::string good[] = {
      to_zip({{"config.json", "{\"a\": 1}"}, {"x/y", std::string(300, 'z')}}),
      deflated("config.json", std::string(3000, 'q') + "end")};
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string zip = good[i % 2];
    for (int flips = 1 + static_cast<int>(dice() % 3); flips > 0; --flips) {
      zip[dice() % zip.size()] ^= static_cast<char>(1 << dice() % 8);
    }
    try {
      const ZipReader reader(zip);
      for (const auto& entry : reader.entries()) {
        ASSERT_LE(reader.read(entry.name).size(), size_t{20} << 20);
      }
    } catch (const IoError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 10'000);
}

}  // namespace
}  // namespace danlu
