#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/danlu.h"
#include "danlu/io/hdf5.h"
#include "danlu/io/zip.h"

/// `.keras` files that must be refused; those of single HDF5, zip and NumPy files stand beside
/// their readers in danlu/io.
namespace danlu {
namespace {

using testing::HasSubstr;

/// The parts of a good file: two Dense layers, Adam, five steps.
struct Parts {
  std::string metadata, config, weights;

  Parts() {
    const std::string bytes = read_file("tests/interop/models/adam.keras");
    const ZipReader zip(bytes);
    metadata = zip.read("metadata.json");
    config = zip.read("config.json");
    weights = zip.read("model.weights.h5");
  }

  void replace(const std::string& from, const std::string& to) {
    const size_t at = config.find(from);
    ASSERT_NE(at, config.npos) << from;
    config.replace(at, from.size(), to);
  }

  std::string file() const {
    return to_zip(
        {{"metadata.json", metadata}, {"config.json", config}, {"model.weights.h5", weights}});
  }
};

class HostileKeras : public testing::Test {
 protected:
  const std::string path_ = testing::TempDir() + "/hostile.keras";
  void TearDown() override { remove_file(path_); }

  std::string error_of(const std::string& bytes) {
    write_file(path_, bytes);
    try {
      load_model(path_);
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("hostile.keras"));
      return error.what();
    }
    return "";
  }
};

TEST_F(HostileKeras, TheGoodOneIsRead) { EXPECT_EQ(error_of(Parts().file()), ""); }

TEST_F(HostileKeras, CodeIsNeverRun) {
  Parts lambda;
  lambda.replace("\"class_name\": \"Dense\"", "\"class_name\": \"Lambda\"");
  EXPECT_THAT(error_of(lambda.file()), HasSubstr("A Lambda layer is Python code"));
  Parts marshalled;
  marshalled.replace("\"activation\": \"tanh\"",
                     "\"activation\": {\"class_name\": \"__lambda__\", \"config\": {\"value\": "
                     "[\"4wAAAA==\", null, null]}}");
  EXPECT_THAT(error_of(marshalled.file()), HasSubstr("a Python function as code"));
}

TEST_F(HostileKeras, ClassesThatAreNotKerassOwnAreRefused) {
  Parts unknown;
  unknown.replace("\"class_name\": \"Dense\"", "\"class_name\": \"Densest\"");
  EXPECT_THAT(error_of(unknown.file()),
              testing::AllOf(HasSubstr("no layer of this class"), HasSubstr("\"Densest\"")));
  Parts module;
  module.replace("\"module\": \"keras.layers\", \"class_name\": \"Dense\"",
                 "\"module\": \"os\", \"class_name\": \"system\"");
  EXPECT_THAT(error_of(module.file()), HasSubstr("somebody's own"));
  Parts registered;
  registered.replace("\"registered_name\": null", "\"registered_name\": \"mine>Policy\"");
  EXPECT_THAT(error_of(registered.file()), HasSubstr("mine>Policy"));
  Parts function;
  function.replace("\"activation\": \"tanh\"",
                   "\"activation\": {\"module\": \"subprocess\", \"class_name\": \"function\", "
                   "\"config\": \"run\", \"registered_name\": \"run\"}");
  EXPECT_THAT(error_of(function.file()), HasSubstr("subprocess.function"));
  Parts operation;
  operation.replace("\"module\": \"keras.layers\", \"class_name\": \"Dense\"",
                    "\"module\": \"keras.src.ops.numpy\", \"class_name\": \"Add\"");
  EXPECT_THAT(error_of(operation.file()), HasSubstr("\"ops.Add\""));
  Parts model;
  model.replace("\"class_name\": \"Sequential\"", "\"class_name\": \"MyModel\"");
  EXPECT_THAT(error_of(model.file()), HasSubstr("Sequential or a Functional"));
}

TEST_F(HostileKeras, SettingsThatWouldSilentlyMeanSomethingElseAreRefused) {
  Parts lora;
  lora.replace("\"use_bias\": true", "\"use_bias\": true, \"lora_rank\": 4");
  EXPECT_THAT(error_of(lora.file()), HasSubstr("lora_rank"));
}

TEST_F(HostileKeras, MemoryIsTakenOnlyForWhatTheFileHolds) {
  const int64_t before = Buffer::live_bytes();
  Parts wide;
  wide.replace("\"units\": 5", "\"units\": 2000000000");
  EXPECT_THAT(error_of(wide.file()), HasSubstr("does not fit"));
  Parts beyond;
  beyond.replace("\"units\": 5", "\"units\": 4611686018427387904");
  EXPECT_NE(error_of(beyond.file()), "");
  Parts input;
  input.replace("\"batch_shape\": [null, 4]", "\"batch_shape\": [null, 1000000000000]");
  EXPECT_THAT(error_of(input.file()), HasSubstr("does not fit"));
  EXPECT_LT(Buffer::live_bytes() - before, 1 << 20);
}

TEST_F(HostileKeras, WeightsThatDoNotBelongToTheNetworkAreRefused) {
  const Parts good;
  const TensorMap tensors = parse_hdf5(good.weights);
  TensorMap fewer, more = tensors;
  for (const auto& [name, tensor] : tensors) {
    if (name != "layers/dense_1/vars/1") fewer.add(name, tensor);
  }
  more.add("layers/dense_2/vars/0", HostTensor::from(std::vector<float>{1}));
  Parts missing, unknown, none;
  missing.weights = to_hdf5(fewer);
  unknown.weights = to_hdf5(more);
  none.weights = "no HDF5";
  EXPECT_THAT(error_of(missing.file()),
              HasSubstr("(layers/dense_1/vars). Expected 2 values: kernel, bias. Received 1."));
  EXPECT_THAT(error_of(unknown.file()), HasSubstr("layers/dense_2/vars/0"));
  EXPECT_THAT(error_of(none.file()), HasSubstr("no HDF5 file"));
  EXPECT_THAT(error_of(to_zip({{"config.json", good.config}})), HasSubstr("model.weights.h5"));
  EXPECT_THAT(error_of("no zip"), HasSubstr("no zip archive"));
}

TEST_F(HostileKeras, ConfigsThatAreNoneAreRefused) {
  for (const char* text : {"", "[]", "null", "{}", "{\"class_name\": 3, \"config\": {}}",
                           "{\"class_name\": \"Sequential\", \"config\": {\"layers\": 7}}",
                           "{\"class_name\": \"Functional\", \"config\": {\"layers\": []}}"}) {
    Parts parts;
    parts.config = text;
    EXPECT_NE(error_of(parts.file()), "") << text;
  }
  Parts deep;
  deep.config = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_THAT(error_of(deep.file()), HasSubstr("config.json"));
}

/// DANLU_FUZZ_FILES says how many.
int64_t tries() {
  const char* text = std::getenv("DANLU_FUZZ_FILES");
  return text != nullptr ? std::atoll(text) : 400;
}

/// What came of mutated files: every one is read or refused with a typed error.
TEST_F(HostileKeras, MutatedPartsAreReadOrRefused) {
  std::mt19937_64 dice(7);
  int refused = 0;
  for (int64_t i = 0; i < tries(); ++i) {
    Parts parts;
    std::string& part = i % 2 == 0 ? parts.weights : parts.config;
    for (int flips = 1 + static_cast<int>(dice() % 4); flips > 0; --flips) {
      part[dice() % part.size()] ^= static_cast<char>(1 << dice() % 8);
    }
    write_file(path_, parts.file());
    try {
      Model model = load_model(path_);
      model.predict(reshape(Array(std::vector<float>(8)), {2, 4}));
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, tries() / 10);
  RecordProperty("refused", refused);
}

}  // namespace
}  // namespace danlu
