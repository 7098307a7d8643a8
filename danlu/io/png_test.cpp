#include "danlu/io/png.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/base/philox.h"

namespace danlu {
namespace {

using testing::HasSubstr;

class PngTest : public testing::Test {
 protected:
  ~PngTest() override { remove_file(path_); }

  static HostTensor noise(const Shape& shape) {
    HostTensor image = HostTensor::empty(shape, DType::uint8);
    PhiloxStream random(1);
    for (uint8_t& value : image.values<uint8_t>()) value = static_cast<uint8_t>(random.next_u32());
    return image;
  }
  std::string read_error(const std::string& contents) {
    remove_file(path_);  // Some file systems flush a file that is truncated and written anew.
    std::ofstream(path_, std::ios::binary) << contents;
    try {
      read_png(path_);
    } catch (const IoError& e) {
      return e.what();
    }
    return "no IoError";
  }

  std::string path_ = testing::TempDir() + "/danlu_test.png";
};

TEST_F(PngTest, GrayAndColorRoundTrip) {
  for (const Shape& shape : {Shape{28, 30}, Shape{1, 1, 1}, Shape{7, 300, 3}}) {
    const HostTensor image = noise(shape);
    write_png(path_, image);
    const HostTensor back = read_png(path_);
    EXPECT_EQ(back.shape(), shape.rank() == 2 ? shape.with_axis_inserted(2, 1) : shape);
    EXPECT_EQ(back.to_vector<uint8_t>(), image.to_vector<uint8_t>());
  }
}

TEST_F(PngTest, TransparencyIsLaidOverWhite) {
  // A 2 x 1 RGBA image: opaque (10, 20, 30), then fully transparent black.
  const unsigned char bytes[] = {
      0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44,
      0x52, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0xf4,
      0x22, 0x7f, 0x8a, 0x00, 0x00, 0x00, 0x0f, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xe0,
      0x12, 0x91, 0xfb, 0xcf, 0x00, 0x04, 0x00, 0x06, 0x94, 0x01, 0x3c, 0xde, 0xe1, 0x02, 0x79,
      0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
  write_file(path_, {reinterpret_cast<const char*>(bytes), sizeof bytes});
  EXPECT_EQ(read_png(path_).to_vector<uint8_t>(),
            (std::vector<uint8_t>{10, 20, 30, 255, 255, 255}));
}

TEST_F(PngTest, WrongImagesAreRefused) {
  try {
    write_png(path_, HostTensor::zeros({4, 4, 2}, DType::uint8));
    FAIL();
  } catch (const ShapeError& e) {
    EXPECT_STREQ(e.what(),
                 "[write_png] The image has the wrong shape. Expected (height, width), (height, "
                 "width, 1) or (height, width, 3). Received (4, 4, 2).");
  }
  EXPECT_THROW(write_png(path_, HostTensor::zeros({0, 4}, DType::uint8)), ShapeError);
  EXPECT_THROW(write_png(path_, HostTensor::zeros({4, 4}, DType::float32)), DTypeError);
  EXPECT_THROW(write_png("/nowhere/a.png", noise({2, 2})), IoError);
  EXPECT_FALSE(file_exists(path_));
}

TEST_F(PngTest, DamagedFilesAreErrorsNotCrashes) {
  write_png(path_, noise({9, 9, 3}));
  const std::string good = read_file(path_);
  EXPECT_EQ(read_error("GIF89a not a png at all"),
            "[" + path_ +
                "] This is no readable PNG (Not a PNG file). Hint: the file "
                "is damaged or has another format.");
  // Without the last four bytes (a checksum of nothing) the pixels are all there.
  for (size_t size = 0; size + 16 < good.size(); ++size) {
    EXPECT_THAT(read_error(good.substr(0, size)), HasSubstr("This is no readable PNG")) << size;
  }
  const char bomb[] =
      "\211\120\116\107\015\012\032\012\000\000\000\015\111\110\104\122\000\015\273\240\000\015\273"
      "\240\010\000\000\000\000\365\326\316\123\000\000\000\013\111\104\101\124\170\234\143\140\200"
      "\001\000\000\012\000\001\177\200\164\136\000\000\000\000\111\105\116\104\256\102\140\202";
  EXPECT_THAT(read_error(std::string(bomb, sizeof bomb - 1)),
              HasSubstr("The PNG claims more pixels than it can hold. Expected at most"));
  PhiloxStream random(2);
  for (int round = 0; round < 2000; ++round) {
    std::string bad = good;
    bad[random.below(bad.size())] = static_cast<char>(random.next_u32());
    read_error(bad);
  }
}

}  // namespace
}  // namespace danlu
