#include "danlu/io/hdf5_check.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "danlu/base/error.h"

namespace danlu {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr uint64_t kNowhere = ~uint64_t{0};

/// The caller knows that it lies within `bytes`.
template <class T>
T number(std::string_view bytes, uint64_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

[[noreturn]] void fail(const std::string& where, const std::string& what,
                       const std::string& expected, const std::string& received) {
  throw IoError({.where = where, .what = what, .expected = expected, .received = received});
}

}  // namespace

void check_hdf5_superblock(std::string_view bytes, const std::string& where) {
  constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
  constexpr size_t kOldBytes = 96, kNewBytes = 48;
  if (!bytes.starts_with(kSignature)) {
    throw IoError({.where = where, .what = "This is no HDF5 file"});
  }
  const size_t version = bytes.size() > 8 ? static_cast<uint8_t>(bytes[8]) : 0;
  const bool old = version < 2;
  const size_t more = version == 1 ? 4 : 0;  // the size of B-trees' nodes
  if (version > 3 || bytes.size() < (old ? kOldBytes + more : kNewBytes)) {
    fail(where, "The HDF5 file's superblock is damaged", "one of version 0 to 3",
         "version " + std::to_string(version) + " in " + std::to_string(bytes.size()) + " bytes");
  }
  const int address = bytes[old ? 13 : 9], length = bytes[old ? 14 : 10];
  if (address != 8 || length != 8) {
    fail(where, "The HDF5 file counts in numbers of another size",
         "addresses and lengths of 8 bytes",
         std::to_string(address) + " and " + std::to_string(length));
  }
  const uint64_t base = number<uint64_t>(bytes, old ? 24 + more : 12);
  const uint64_t end = number<uint64_t>(bytes, old ? 40 + more : 28);
  const uint64_t extension = number<uint64_t>(bytes, old ? 48 + more : 20);
  if (base != 0 || end > bytes.size()) {
    fail(where, "The HDF5 file is truncated, or part of another one",
         "an end within " + std::to_string(bytes.size()) + " bytes, counted from 0",
         "byte " + std::to_string(end) + ", counted from " + std::to_string(base));
  }
  if (extension != kNowhere) {
    fail(where, "The HDF5 file needs a driver or an extension that is not read", "neither",
         "one at byte " + std::to_string(extension));
  }
}

void check_hdf5_global_heaps(std::string_view bytes, const std::string& where) {
  constexpr std::string_view kMark = "GCOL\x01";
  constexpr uint64_t kHeader = 16;  // of the heap, and of an object
  for (size_t at = bytes.find(kMark); at != bytes.npos; at = bytes.find(kMark, at + 1)) {
    const auto damaged = [&] {
      fail(where, "A global heap of the HDF5 file is damaged",
           "objects that fill it, one behind the other",
           "another size at byte " + std::to_string(at));
    };
    const uint64_t room = bytes.size() - at;
    if (room < kHeader) damaged();
    const uint64_t size = number<uint64_t>(bytes, at + 8);
    if (size < kHeader || size > room) damaged();
    for (uint64_t done = kHeader; size - done >= kHeader;) {
      const auto index = number<uint16_t>(bytes, at + done);
      const uint64_t left = size - done, stored = number<uint64_t>(bytes, at + done + 8);
      if (stored > left) damaged();
      // Free space, object 0, counts its own header.
      const uint64_t taken = index == 0 ? stored : kHeader + (stored + 7) / 8 * 8;
      if (taken < kHeader || taken > left) damaged();
      done += taken;
    }
  }
}

}  // namespace danlu
