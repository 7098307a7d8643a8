#include "danlu/io/png.h"

#include <png.h>

#include "danlu/base/error.h"
#include "danlu/base/file.h"

namespace danlu {
namespace {

// Deflate reaches 1,032 : 1.
constexpr uint64_t kMaxRatio = 1040;
constexpr int64_t kMaxSide = 1'000'000;

/// libpng's simplified interface: it reports faults by return value, so nothing here jumps.
struct Image {
  Image() { image.version = PNG_IMAGE_VERSION; }
  ~Image() { png_image_free(&image); }

  png_image image{};
};

}  // namespace

void write_png(const std::string& path, const HostTensor& tensor) {
  if (tensor.dtype() != DType::uint8) {
    throw DTypeError({.where = "write_png",
                      .what = "The image has the wrong dtype",
                      .expected = "uint8",
                      .received = std::string(name(tensor.dtype())),
                      .hint = "scale it to 0..255 and cast it"});
  }
  const Shape& shape = tensor.shape();
  const int64_t channels = shape.rank() == 3 ? shape[2] : 1;
  const bool fits = (shape.rank() == 2 || shape.rank() == 3) && (channels == 1 || channels == 3) &&
                    shape[0] > 0 && shape[1] > 0 && shape[0] <= kMaxSide && shape[1] <= kMaxSide;
  if (!fits) {
    throw ShapeError({.where = "write_png",
                      .what = "The image has the wrong shape",
                      .expected = "(height, width), (height, width, 1) or (height, width, 3)",
                      .received = shape.to_string()});
  }
  Image png;
  png.image.width = static_cast<png_uint_32>(shape[1]);
  png.image.height = static_cast<png_uint_32>(shape[0]);
  png.image.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(png.image);
  std::string out(bytes, '\0');
  if (!png_image_write_to_memory(&png.image, out.data(), &bytes, 0, tensor.data(), 0, nullptr)) {
    throw IoError({.where = path,
                   .what = std::string("The PNG cannot be encoded (") + png.image.message + ")"});
  }
  out.resize(bytes);
  write_file(path, out);
}

HostTensor read_png(const std::string& path) {
  const std::string bytes = read_file(path);
  Image png;
  const auto fail = [&] {
    throw IoError({.where = path,
                   .what = std::string("This is no readable PNG (") + png.image.message + ")",
                   .hint = "the file is damaged or has another format"});
  };
  if (!png_image_begin_read_from_memory(&png.image, bytes.data(), bytes.size())) fail();
  const bool color = (png.image.format & PNG_FORMAT_FLAG_COLOR) != 0;
  png.image.format = color ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png.image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  // One bit a pixel is the least a PNG stores.
  const uint64_t pixels = uint64_t{png.image.width} * png.image.height;
  if (pixels / 8 > bytes.size() * kMaxRatio) {
    throw IoError(
        {.where = path,
         .what = "The PNG claims more pixels than it can hold",
         .expected = "at most " + std::to_string(bytes.size() * kMaxRatio * 8),
         .received = std::to_string(png.image.width) + " x " + std::to_string(png.image.height),
         .hint = "the file is damaged"});
  }
  HostTensor tensor = HostTensor::empty({static_cast<int64_t>(png.image.height),
                                         static_cast<int64_t>(png.image.width), color ? 3 : 1},
                                        DType::uint8);
  const png_color white{255, 255, 255};
  if (!png_image_finish_read(&png.image, &white, tensor.data(), 0, nullptr)) fail();
  return tensor;
}

}  // namespace danlu
