#include "danlu/io/zip.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <new>
#include <set>

#include "danlu/base/error.h"

namespace danlu {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr uint32_t kEntryMark = 0x02014b50, kLocalMark = 0x04034b50, kEndMark = 0x06054b50;
constexpr uint32_t kEnd64Mark = 0x06064b50, kLocator64Mark = 0x07064b50;
constexpr size_t kEntryBytes = 46, kLocalBytes = 30, kEndBytes = 22;
constexpr size_t kEnd64Bytes = 56, kLocator64Bytes = 20;
constexpr size_t kMaxComment = 65'535;
constexpr uint32_t kSee64 = 0xffffffff;
constexpr uint16_t kStored = 0, kDeflated = 8;
/// An entry of more bytes may not unpack to more than kMaxRatio times what is stored.
constexpr uint64_t kBombFloor = 16 << 20, kMaxRatio = 100;

/// Little-endian numbers of a byte string, with every offset checked by the caller's `need`.
template <class T>
T number(std::string_view bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// "" for a name that stays inside a folder, else what is wrong with it.
std::string fault_of(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.find('\0') != name.npos) return "holds a null byte";
  if (name.find('\\') != name.npos) return "holds a backslash";
  if (name.front() == '/' || name.find(':') != name.npos) return "is an absolute path";
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part == "..") return "leaves its folder";
    if (part == "." || (part.empty() && end != name.size())) return "is no plain path";
    begin = end + 1;
  }
  return "";
}

}  // namespace

void ZipReader::fail(const std::string& what, const std::string& expected,
                     const std::string& received) const {
  throw IoError({.where = where_, .what = what, .expected = expected, .received = received});
}

ZipReader::ZipReader(std::string_view bytes, std::string where)
    : bytes_(bytes), where_(std::move(where)) {
  read_directory();
}

void ZipReader::read_directory() {
  const auto need = [&](uint64_t offset, uint64_t count) {
    if (offset > bytes_.size() || count > bytes_.size() - offset) {
      fail("The zip archive points outside itself", "", "byte " + std::to_string(offset));
    }
  };
  if (bytes_.size() < kEndBytes) fail("This is no zip archive");
  size_t end = bytes_.size() - kEndBytes;
  const size_t last = end > kMaxComment ? end - kMaxComment : 0;
  const auto ends_here = [&](size_t at) {
    return number<uint32_t>(bytes_, at) == kEndMark &&
           number<uint16_t>(bytes_, at + 20) == bytes_.size() - at - kEndBytes;
  };
  while (!ends_here(end)) {
    if (end == last) fail("This is no zip archive, or its end is missing");
    --end;
  }
  uint64_t disks = number<uint16_t>(bytes_, end + 4) | number<uint16_t>(bytes_, end + 6);
  uint64_t count = number<uint16_t>(bytes_, end + 10);
  uint64_t offset = number<uint32_t>(bytes_, end + 16);
  uint64_t directory_end = end;
  if (end >= kLocator64Bytes && number<uint32_t>(bytes_, end - kLocator64Bytes) == kLocator64Mark) {
    const uint64_t at = number<uint64_t>(bytes_, end - kLocator64Bytes + 8);
    need(at, kEnd64Bytes);
    if (number<uint32_t>(bytes_, at) != kEnd64Mark) fail("The zip archive's end is damaged");
    disks = number<uint32_t>(bytes_, at + 16) | number<uint32_t>(bytes_, at + 20);
    count = number<uint64_t>(bytes_, at + 32);
    offset = number<uint64_t>(bytes_, at + 48);
    directory_end = at;
  }
  if (disks != 0) fail("The zip archive is one part of several");
  const uint64_t directory = offset;
  std::set<std::string_view> names;
  for (uint64_t i = 0; i < count; ++i) {
    need(offset, kEntryBytes);
    const size_t at = offset;
    if (number<uint32_t>(bytes_, at) != kEntryMark) fail("The zip archive's directory is damaged");
    const uint16_t flags = number<uint16_t>(bytes_, at + 8);
    const uint16_t method = number<uint16_t>(bytes_, at + 10);
    const uint16_t name_bytes = number<uint16_t>(bytes_, at + 28);
    const uint16_t extra_bytes = number<uint16_t>(bytes_, at + 30);
    const uint16_t comment_bytes = number<uint16_t>(bytes_, at + 32);
    const uint32_t mode = number<uint32_t>(bytes_, at + 38) >> 16;
    uint64_t local = number<uint32_t>(bytes_, at + 42);
    need(offset, kEntryBytes + name_bytes + extra_bytes + comment_bytes);
    const std::string_view name = bytes_.substr(at + kEntryBytes, name_bytes);
    Entry entry{.name = std::string(name),
                .size = number<uint32_t>(bytes_, at + 24),
                .compressed = number<uint32_t>(bytes_, at + 20),
                .deflated = method == kDeflated,
                .crc = number<uint32_t>(bytes_, at + 16)};
    // The 64-bit extension holds, in this order, those fields that do not fit into 32 bits.
    for (std::string_view extra = bytes_.substr(at + kEntryBytes + name_bytes, extra_bytes);
         extra.size() >= 4;) {
      const uint16_t id = number<uint16_t>(extra, 0), length = number<uint16_t>(extra, 2);
      if (length > extra.size() - 4) break;
      std::string_view field = extra.substr(4, length);
      for (uint64_t* value : {&entry.size, &entry.compressed, &local}) {
        if (id != 1 || *value != kSee64 || field.size() < 8) continue;
        *value = number<uint64_t>(field, 0);
        field.remove_prefix(8);
      }
      extra.remove_prefix(4 + size_t{length});
    }
    offset += kEntryBytes + name_bytes + extra_bytes + comment_bytes;
    const std::string shown = "'" + entry.name + "'";
    if (const std::string fault = fault_of(name); !fault.empty()) {
      fail("The name of an entry of the zip archive " + fault,
           "a path below the archive, as \"model.weights.h5\"", shown);
    }
    if (!names.insert(name).second) fail("The zip archive has two entries called " + shown);
    if ((flags & 1) != 0) fail("The entry " + shown + " is encrypted");
    if (method != kStored && method != kDeflated) {
      fail("The entry " + shown + " is compressed in a way that Danlu does not read",
           "stored or deflated", "method " + std::to_string(method));
    }
    if ((mode & 0170000) == 0120000) fail("The entry " + shown + " is a symbolic link");
    if (!entry.deflated && entry.size != entry.compressed) {
      fail("The stored entry " + shown + " has two sizes", std::to_string(entry.compressed),
           std::to_string(entry.size));
    }
    need(local, kLocalBytes);
    const uint16_t local_name = number<uint16_t>(bytes_, local + 26);
    const uint16_t local_extra = number<uint16_t>(bytes_, local + 28);
    entry.data_offset = local + kLocalBytes + local_name + local_extra;
    need(entry.data_offset, entry.compressed);
    if (number<uint32_t>(bytes_, local) != kLocalMark ||
        bytes_.substr(local + kLocalBytes, local_name) != name) {
      fail("The entry " + shown + " is called otherwise where its data stands");
    }
    if (entry.size > kBombFloor && entry.size / kMaxRatio > entry.compressed) {
      fail("The entry " + shown + " would unpack to far more than is stored: a zip bomb",
           "at most " + std::to_string(kMaxRatio) + " times as many bytes",
           std::to_string(entry.size) + " bytes from " + std::to_string(entry.compressed));
    }
    entries_.push_back(std::move(entry));
  }
  if (offset > directory_end) fail("The zip archive's directory is damaged");
  check_overlap(directory);
}

void ZipReader::check_overlap(uint64_t directory_offset) const {
  std::vector<const Entry*> sorted;
  for (const Entry& entry : entries_) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(),
            [](const Entry* a, const Entry* b) { return a->data_offset < b->data_offset; });
  uint64_t taken = 0;
  for (const Entry* entry : sorted) {
    const uint64_t begin = entry->data_offset - kLocalBytes - entry->name.size();
    const uint64_t end = entry->data_offset + entry->compressed;
    if (begin < taken || end > directory_offset) {
      fail("The entry '" + entry->name + "' shares bytes with another part of the zip archive");
    }
    taken = end;
  }
}

const ZipReader::Entry* ZipReader::find(std::string_view name) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

std::string ZipReader::read(std::string_view name) const {
  const Entry* entry = find(name);
  if (entry == nullptr) {
    std::string names;
    for (const Entry& each : entries_) names += (names.empty() ? "" : ", ") + each.name;
    fail("The zip archive has no entry '" + std::string(name) + "'", "",
         names.empty() ? "none" : names);
  }
  const std::string_view packed = bytes_.substr(entry->data_offset, entry->compressed);
  std::string contents;
  if (!entry->deflated) {
    contents = packed;
  } else {
    contents.resize(entry->size);
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
    size_t in = 0, out = 0;
    int result = Z_OK;
    constexpr size_t kMost = std::numeric_limits<uInt>::max();
    do {
      const size_t given = std::min(packed.size() - in, kMost);
      const size_t room = std::min(contents.size() - out, kMost);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + in));
      stream.avail_in = static_cast<uInt>(given);
      stream.next_out = reinterpret_cast<Bytef*>(contents.data() + out);
      stream.avail_out = static_cast<uInt>(room);
      result = inflate(&stream, Z_NO_FLUSH);
      in += given - stream.avail_in;
      out += room - stream.avail_out;
    } while (result == Z_OK);
    inflateEnd(&stream);
    if (result != Z_STREAM_END || out != contents.size() || in != packed.size()) {
      fail("The entry '" + entry->name + "' is damaged");
    }
  }
  const auto crc = static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(contents.data()), contents.size()));
  if (crc != entry->crc) fail("The checksum of the entry '" + entry->name + "' is wrong");
  return contents;
}

std::string to_zip(const std::vector<std::pair<std::string, std::string_view>>& entries) {
  constexpr uint16_t kVersion = 20, kUtf8 = 1 << 11, kFirstOf1980 = 0x21;
  constexpr uint32_t kReadable = 0600u << 16;
  std::string out, directory;
  std::set<std::string_view> names;
  uint64_t total = 0;
  for (const auto& [name, contents] : entries) {
    const std::string fault = names.insert(name).second ? fault_of(name) : "stands twice";
    if (!fault.empty()) {
      throw ValueError({.where = "to_zip",
                        .what = "The name of an entry " + fault,
                        .received = "'" + name + "'"});
    }
    total += contents.size() + 2 * name.size() + kEntryBytes + kLocalBytes;
  }
  if (total > kSee64 - kEndBytes || entries.size() > 0xfffe) {
    throw UnsupportedError({.where = "to_zip",
                            .what = "An archive of this size is not written",
                            .expected = "less than 4 GiB",
                            .received = std::to_string(total) + " bytes"});
  }
  out.reserve(total + kEndBytes);
  for (const auto& [name, contents] : entries) {
    const auto offset = static_cast<uint32_t>(out.size());
    const auto size = static_cast<uint32_t>(contents.size());
    const auto crc = static_cast<uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(contents.data()), contents.size()));
    const bool ascii = std::all_of(name.begin(), name.end(), [](char c) { return c > 0; });
    const auto common = [&](std::string& to) {
      put<uint16_t>(to, kVersion), put<uint16_t>(to, ascii ? 0 : kUtf8);
      put<uint16_t>(to, kStored), put<uint16_t>(to, 0), put<uint16_t>(to, kFirstOf1980);
      put<uint32_t>(to, crc), put<uint32_t>(to, size), put<uint32_t>(to, size);
      put<uint16_t>(to, static_cast<uint16_t>(name.size())), put<uint16_t>(to, 0);
    };
    put<uint32_t>(out, kLocalMark);
    common(out);
    out += name;
    out += contents;
    put<uint32_t>(directory, kEntryMark), put<uint16_t>(directory, kVersion | 3 << 8);
    common(directory);
    put<uint16_t>(directory, 0), put<uint16_t>(directory, 0), put<uint16_t>(directory, 0);
    put<uint32_t>(directory, kReadable), put<uint32_t>(directory, offset);
    directory += name;
  }
  const auto count = static_cast<uint16_t>(entries.size());
  const auto offset = static_cast<uint32_t>(out.size());
  out += directory;
  put<uint32_t>(out, kEndMark), put<uint32_t>(out, 0), put<uint16_t>(out, count);
  put<uint16_t>(out, count), put<uint32_t>(out, static_cast<uint32_t>(directory.size()));
  put<uint32_t>(out, offset), put<uint16_t>(out, 0);
  return out;
}

}  // namespace danlu
