#include "danlu/io/hdf5_check.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "danlu/base/error.h"
#include "danlu/io/hdf5.h"

namespace danlu {
namespace {

template <class F>
std::string error_of(F&& check) {
  try {
    check();
  } catch (const IoError& error) {
    return error.what();
  }
  return "";
}

std::string superblock_error(const std::string& bytes) {
  return error_of([&] { check_hdf5_superblock(bytes, "f.h5"); });
}
std::string heap_error(const std::string& bytes) {
  return error_of([&] { check_hdf5_global_heaps(bytes, "f.h5"); });
}

void put(std::string& bytes, size_t at, uint64_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

/// A file with a text of variable length, which lies in a global heap.
std::string file() {
  TensorMap map;
  map.add("x", HostTensor::from(std::vector<bfloat16>{bfloat16(1.f), bfloat16(2.f)}));
  return to_hdf5(map);
}

TEST(Hdf5Check, AcceptsWhatLibhdf5Writes) {
  EXPECT_EQ(superblock_error(file()), "");
  EXPECT_EQ(heap_error(file()), "");
}

TEST(Hdf5Check, SuperblocksAreOfTheOneKindThatIsRead) {
  const std::string good = file();
  EXPECT_EQ(superblock_error("nothing"), "[f.h5] This is no HDF5 file.");
  EXPECT_EQ(
      superblock_error(good.substr(0, 50)),
      "[f.h5] The HDF5 file's superblock is damaged. Expected one of version 0 to 3. Received "
      "version 0 in 50 bytes.");
  std::string other = good;
  other[8] = 9;
  EXPECT_EQ(
      superblock_error(other),
      "[f.h5] The HDF5 file's superblock is damaged. Expected one of version 0 to 3. Received "
      "version 9 in " +
          std::to_string(good.size()) + " bytes.");
  other = good;
  other[14] = 4;
  EXPECT_EQ(
      superblock_error(other),
      "[f.h5] The HDF5 file counts in numbers of another size. Expected addresses and lengths "
      "of 8 bytes. Received 8 and 4.");
  other = good;
  put(other, 40, good.size() + 1);
  EXPECT_EQ(superblock_error(other),
            "[f.h5] The HDF5 file is truncated, or part of another one. Expected an end within " +
                std::to_string(good.size()) + " bytes, counted from 0. Received byte " +
                std::to_string(good.size() + 1) + ", counted from 0.");
  other = good;
  put(other, 48, 96);
  EXPECT_EQ(superblock_error(other),
            "[f.h5] The HDF5 file needs a driver or an extension that is not read. Expected "
            "neither. Received one at byte 96.");
}

TEST(Hdf5Check, ObjectsFillAGlobalHeap) {
  const std::string good = file();
  const size_t heap = good.find("GCOL\x01");
  ASSERT_NE(heap, good.npos);
  const std::string text =
      "[f.h5] A global heap of the HDF5 file is damaged. Expected objects that fill it, one behind "
      "the other. Received another size at byte " +
      std::to_string(heap) + ".";
  for (const uint64_t size : {uint64_t{0}, uint64_t{15}, uint64_t{good.size()}, ~uint64_t{0}}) {
    std::string other = good;
    put(other, heap + 8, size);
    EXPECT_EQ(heap_error(other), text) << size;
  }
  for (const uint64_t size : {uint64_t{1} << 40, ~uint64_t{0}, ~uint64_t{6}}) {
    std::string other = good;
    put(other, heap + 16 + 8, size);  // of the first object
    EXPECT_EQ(heap_error(other), text) << size;
  }
  // Free space of no bytes, on which libhdf5 stands still.
  std::string endless = good;
  put(endless, heap + 16, 0);
  put(endless, heap + 16 + 8, 0);
  EXPECT_EQ(heap_error(endless), text);
  EXPECT_EQ(heap_error(good.substr(0, heap + 12)), text);
  const std::string whole = error_of([&] { parse_hdf5(endless, "f.h5"); });
  EXPECT_EQ(whole, text);
}

}  // namespace
}  // namespace danlu
