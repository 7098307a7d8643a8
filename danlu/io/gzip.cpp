#include "danlu/io/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <new>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/base/file.h"

namespace danlu {
namespace {

constexpr size_t kChunkBytes = 1 << 16;
constexpr int kGzipWindow = 15 + 16;
constexpr uint64_t kMaxRatio = 1040;

}  // namespace

struct GzipInput::State {
  explicit State(const std::string& path) : file(path), chunk(kChunkBytes) { refill(); }
  ~State() {
    if (compressed) inflateEnd(&stream);
  }

  /// Loads the next part of the file once the last is used up; false at the end.
  bool refill() {
    if (stream.avail_in > 0) return true;
    stream.next_in = chunk.data();
    stream.avail_in = static_cast<uInt>(file.read_some(chunk.data(), chunk.size()));
    return stream.avail_in > 0;
  }

  size_t inflate_some(unsigned char* data, size_t bytes) {
    stream.next_out = data;
    stream.avail_out = static_cast<uInt>(std::min<size_t>(bytes, kChunkBytes));
    const size_t wanted = stream.avail_out;
    while (stream.avail_out == wanted) {
      if (!refill()) {
        if (between_members) return 0;
        fail("The compressed data ends too early", "the file is truncated; get it again");
      }
      between_members = false;
      const int result = inflate(&stream, Z_NO_FLUSH);
      if (result == Z_STREAM_END) {
        inflateReset(&stream);
        between_members = true;
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        if (result == Z_MEM_ERROR) throw std::bad_alloc();
        fail(std::string("The compressed data is damaged (") +
                 (stream.msg ? stream.msg : "preset dictionary") + ")",
             "get the file again");
      }
    }
    return wanted - stream.avail_out;
  }

  size_t copy_some(unsigned char* data, size_t bytes) {
    if (!refill()) return 0;
    const size_t take = std::min<size_t>(bytes, stream.avail_in);
    std::copy_n(stream.next_in, take, data);
    stream.next_in += take;
    stream.avail_in -= static_cast<uInt>(take);
    return take;
  }

  [[noreturn]] void fail(const std::string& what, const std::string& hint) const {
    throw IoError({.where = file.path(), .what = what, .hint = hint});
  }

  InputFile file;
  std::vector<unsigned char> chunk;
  z_stream stream{};
  bool compressed = false;
  bool between_members = true;
};

GzipInput::GzipInput(const std::string& path) : state_(std::make_unique<State>(path)) {
  State& s = *state_;
  if (s.stream.avail_in >= 2 && s.chunk[0] == 0x1f && s.chunk[1] == 0x8b) {
    if (inflateInit2(&s.stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
    s.compressed = true;
  }
}

GzipInput::~GzipInput() = default;

const std::string& GzipInput::path() const { return state_->file.path(); }
bool GzipInput::compressed() const { return state_->compressed; }

uint64_t GzipInput::max_bytes() const {
  const uint64_t size = state_->file.size();
  return state_->compressed ? size * kMaxRatio : size;
}

size_t GzipInput::read(void* data, size_t bytes) {
  auto* p = static_cast<unsigned char*>(data);
  size_t filled = 0;
  while (filled < bytes) {
    const size_t got = state_->compressed ? state_->inflate_some(p + filled, bytes - filled)
                                          : state_->copy_some(p + filled, bytes - filled);
    if (got == 0) break;
    filled += got;
  }
  return filled;
}

std::string gzip_compress(std::string_view data) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
  std::string out;
  std::vector<unsigned char> chunk(kChunkBytes);
  int result = Z_OK;
  while (result != Z_STREAM_END) {
    if (stream.avail_in == 0 && !data.empty()) {
      const size_t take = std::min(data.size(), kChunkBytes);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
      stream.avail_in = static_cast<uInt>(take);
      data.remove_prefix(take);
    }
    stream.next_out = chunk.data();
    stream.avail_out = static_cast<uInt>(chunk.size());
    result = deflate(&stream, data.empty() ? Z_FINISH : Z_NO_FLUSH);
    out.append(reinterpret_cast<char*>(chunk.data()), chunk.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  return out;
}

}  // namespace danlu
