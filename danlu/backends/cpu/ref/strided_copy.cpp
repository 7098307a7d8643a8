#include "danlu/backends/cpu/ref/strided_copy.h"

#include <algorithm>
#include <cstring>

#include "danlu/base/thread.h"

namespace danlu::cpu {
namespace {

// Elements of any type are moved as words of their size.
using Word1 [[gnu::may_alias]] = uint8_t;
using Word2 [[gnu::may_alias]] = uint16_t;
using Word4 [[gnu::may_alias]] = uint32_t;
using Word8 [[gnu::may_alias]] = uint64_t;

// A tile of both sides stays in the first-level cache.
constexpr int64_t kTile = 32;

}  // namespace

std::vector<int64_t> row_major_strides(const Shape& shape) {
  std::vector<int64_t> strides(static_cast<size_t>(shape.rank()));
  int64_t next = 1;
  for (size_t i = strides.size(); i-- > 0;) {
    strides[i] = next;
    next *= shape[static_cast<int>(i)];
  }
  return strides;
}

StridedCopy::StridedCopy(const std::vector<Axis>& axes, int64_t from_offset, int64_t to_offset,
                         size_t element_size)
    : from_offset_(from_offset), to_offset_(to_offset), element_size_(element_size) {
  for (const Axis& axis : axes) {
    if (axis.length == 1) continue;
    if (!axes_.empty() && axes_.back().from == axis.from * axis.length &&
        axes_.back().to == axis.to * axis.length) {
      axes_.back() = {axes_.back().length * axis.length, axis.from, axis.to};
    } else {
      axes_.push_back(axis);
    }
  }
  if (axes_.empty()) axes_.push_back({1, 1, 1});
  if (std::any_of(axes_.begin(), axes_.end(), [](const Axis& a) { return a.length == 0; })) {
    axes_ = {{0, 1, 1}};
  }
  if (axes_.back().from == 1 || axes_.back().from == 0) return;
  const auto contiguous =
      std::find_if(axes_.begin(), axes_.end() - 1, [](const Axis& axis) { return axis.from == 1; });
  if (contiguous == axes_.end() - 1) return;
  std::rotate(contiguous, contiguous + 1, axes_.end() - 1);
  tiled_ = true;
}

void StridedCopy::run(const void* from, void* to, int chunk, int chunks) const {
  const Range range = chunk_range(axes_[0].length, chunks, chunk);
  if (range.begin >= range.end) return;
  const auto start = [&](auto word) {
    using Word = decltype(word);
    walk(0, static_cast<const Word*>(from) + from_offset_, static_cast<Word*>(to) + to_offset_,
         range.begin, range.end);
  };
  switch (element_size_) {
    case 1:
      return start(Word1{});
    case 2:
      return start(Word2{});
    case 4:
      return start(Word4{});
    default:
      return start(Word8{});
  }
}

template <class Element>
void StridedCopy::walk(size_t level, const Element* from, Element* to, int64_t begin,
                       int64_t end) const {
  const Axis& axis = axes_[level];
  if (tiled_ && level + 2 == axes_.size()) {
    copy_tiles(from, to, begin, end);
  } else if (level + 1 == axes_.size()) {
    copy_row(from + begin * axis.from, to + begin * axis.to, end - begin);
  } else {
    const int64_t below = axes_[level + 1].length;
    for (int64_t i = begin; i < end; ++i) {
      walk(level + 1, from + i * axis.from, to + i * axis.to, 0, below);
    }
  }
}

template <class Element>
void StridedCopy::copy_row(const Element* from, Element* to, int64_t n) const {
  const Axis& axis = axes_.back();
  if (axis.to == 1 && axis.from == 1) {
    std::memcpy(to, from, static_cast<size_t>(n) * sizeof(Element));
  } else if (axis.to == 1 && axis.from == 0) {
    std::fill_n(to, n, *from);
  } else {
    for (int64_t i = 0; i < n; ++i) to[i * axis.to] = from[i * axis.from];
  }
}

template <class Element>
void StridedCopy::copy_tiles(const Element* from, Element* to, int64_t begin, int64_t end) const {
  const Axis &rows = axes_[axes_.size() - 2], &columns = axes_.back();
  for (int64_t i0 = begin; i0 < end; i0 += kTile) {
    const int64_t i1 = std::min(i0 + kTile, end);
    for (int64_t j0 = 0; j0 < columns.length; j0 += kTile) {
      const int64_t j1 = std::min(j0 + kTile, columns.length);
      for (int64_t i = i0; i < i1; ++i) {
        for (int64_t j = j0; j < j1; ++j) {
          to[i * rows.to + j * columns.to] = from[i * rows.from + j * columns.from];
        }
      }
    }
  }
}

}  // namespace danlu::cpu
