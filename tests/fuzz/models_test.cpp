#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "danlu/base/file.h"
#include "danlu/interop/keras.h"
#include "danlu/io/zip.h"
#include "tests/fuzz/damage.h"

/// `.keras` files, damaged as a whole and in each of their parts.
namespace danlu {
namespace {

using fuzzing::Damage;

/// One of each kind of network and of layers that have an own way through files.
const std::vector<std::string> kModels = {"adam",
                                          "cnn_batch_norm",
                                          "lstm",
                                          "attention",
                                          "bidirectional",
                                          "conv_lstm",
                                          "nested",
                                          "masked",
                                          "regularized",
                                          "functional_nested",
                                          "functional_shared",
                                          "rnn_cells",
                                          "grouped_attention",
                                          "adam_schedule",
                                          "operators",
                                          "operation_shapes",
                                          "operation_functions"};

std::string bytes_of(const std::string& model) {
  return read_file("tests/interop/models/" + model + ".keras");
}

/// The file with one of its three parts damaged, or the whole.
std::string damaged_model(Damage& damage, const std::string& bytes) {
  const int64_t kind = damage.dice.below(10);
  if (kind == 0) return damage.damaged(bytes);
  const ZipReader zip(bytes);
  std::string metadata = zip.read("metadata.json"), config = zip.read("config.json"),
              weights = zip.read("model.weights.h5");
  if (kind == 1) {
    config = damage.damaged(config);
  } else if (kind < 4) {
    weights = damage.damaged(weights);
  } else if (kind == 4) {
    metadata = damage.damaged(metadata);
  } else {
    config = damage.damaged(Json::parse(config, {.max_depth = 256})).dump();
  }
  return to_zip(
      {{"metadata.json", metadata}, {"config.json", config}, {"model.weights.h5", weights}});
}

TEST(FuzzModels, KerasFiles) {
  std::vector<std::string> good;
  for (const std::string& model : kModels) good.push_back(bytes_of(model));
  const fuzzing::Scratch file("danlu_fuzz.keras");
  Damage damage(11);
  fuzzing::expect_read_or_refused(
      good, fuzzing::files(300),
      [&](const std::string& bytes) {
        const Model model = load_model(file.with(bytes));
        ASSERT_FALSE(model.to_json().empty());
      },
      [&](const std::string& bytes) { return damaged_model(damage, bytes); });
}

TEST(FuzzModels, Json) {
  std::vector<std::string> good;
  for (const std::string& model : kModels) {
    const std::string bytes = bytes_of(model);
    good.push_back(ZipReader(bytes).read("config.json"));
  }
  Damage damage(12);
  fuzzing::expect_read_or_refused(
      good, fuzzing::files(300),
      [&](const std::string& text) {
        const Model model = model_from_json(text);
        ASSERT_FALSE(model.to_json().empty());
      },
      [&](const std::string& text) {
        return damage.damaged(Json::parse(text, {.max_depth = 256})).dump();
      });
}

}  // namespace
}  // namespace danlu
