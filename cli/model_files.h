#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace danlu::cli {

/// What the subcommands do with a model in a `.keras` file instead of a recipe, on arrays in
/// NumPy's files.
struct ModelFileOptions {
  std::string model;
  std::vector<std::string> x;    ///< PATH, or NAME=PATH of an input; .npy, or .npz for all at once
  std::vector<std::string> y;    ///< the same of targets
  std::string output;            ///< where predictions go
  std::string loss;              ///< empty: the file's
  std::string optimizer;         ///< empty: the file's
  std::string optimizer_config;  ///< JSON; empty: the file's, or the optimizer's defaults
  std::string precision;         ///< float32 or float64; empty: the file's
  std::string save;
  double learning_rate = 0;  ///< 0: as configured
  int64_t epochs = 1;
  int64_t batch_size = 32;
  int64_t seed = 0;
  int threads = 0;
  bool shuffle = true;
  bool json = false;
  bool quiet = false;
};

/// Whether a MODEL on the command line is a file and no recipe.
bool is_model_file(const std::string& model);

/// Each returns the exit status. Errors: UsageError for options that cannot be carried out; IoError
/// for files.
int train_file(const ModelFileOptions& options);
int evaluate_file(const ModelFileOptions& options);
int predict_file(const ModelFileOptions& options);
int summary_file(const ModelFileOptions& options);

}  // namespace danlu::cli
