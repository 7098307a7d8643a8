#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/danlu.h"
#include "danlu/io/zip.h"

/// What Keras writes besides one .keras file for one model: weights in several files, folders,
/// layers that stand in several places. tests/interop/make_files.py made it, and checks what this
/// test leaves in $DANLU_INTEROP_OUT.
namespace danlu {
namespace {

using ::testing::HasSubstr;

const std::string kFiles = "tests/interop/files/";

class KerasFiles : public testing::Test {
 protected:
  KerasFiles() {
    const char* out = std::getenv("DANLU_INTEROP_OUT");
    keep_ = out != nullptr;
    folder_ = keep_ ? out : testing::TempDir() + "danlu_files";
    std::filesystem::create_directories(folder_);
  }
  ~KerasFiles() override {
    if (!keep_) std::filesystem::remove_all(folder_);
  }

  static void expect_gives(const Model& model, const std::string& name) {
    const TensorMap told = load_npz(kFiles + name + ".npz");
    const HostTensor& x = told.at("x");
    const auto mine = model(Array::from_buffer(x.buffer(), x.spec())).to_vector<float>();
    const auto theirs = told.at("y").values<float>();
    ASSERT_EQ(mine.size(), theirs.size());
    for (size_t i = 0; i < mine.size(); ++i) EXPECT_NEAR(mine[i], theirs[i], 1e-6);
  }
  static Model dense() { return load_model(kFiles + "folder"); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  /// The text of the error when weights are read from an index with this map.
  std::string refusal(const std::string& map) const {
    const std::string index = path("bad.weights.json");
    write_file(index, R"({"metadata": {}, "weight_map": )" + map + "}");
    Model model = dense();
    try {
      model.load_weights(index);
    } catch (const IoError& error) {
      return error.what();
    }
    return "nothing was thrown";
  }

  std::string folder_;
  bool keep_ = false;
};

TEST_F(KerasFiles, FoldersAreModels) {
  Model model = dense();
  expect_gives(model, "dense");
  EXPECT_EQ(model.optimizer().type(), "Adam");
  model.save(path("folder"), {.zipped = false});
  expect_gives(load_model(path("folder")), "dense");
  EXPECT_THROW(model.save(path("folder")), ValueError);
  EXPECT_THROW(model.save(path("x.keras"), {.zipped = false}), ValueError);
}

TEST_F(KerasFiles, WeightsLieInSeveralFiles) {
  Model model = clone_model(dense());
  model.load_weights(kFiles + "sharded.weights.json");
  expect_gives(model, "dense");
  model.save_weights(path("sharded.weights.json"), {.max_shard_size = 250.0 / (1 << 30)});
  EXPECT_TRUE(file_exists(path("sharded_00001.weights.h5")));
  Model again = clone_model(model);
  again.load_weights(path("sharded.weights.json"));
  expect_gives(again, "dense");
  const Json mine = Json::parse(read_file(path("sharded.weights.json")));
  const Json theirs = Json::parse(read_file(kFiles + "sharded.weights.json"));
  EXPECT_EQ(mine.at("weight_map"), theirs.at("weight_map"));
  EXPECT_EQ(mine.at("metadata").at("total_size").as_double(),
            theirs.at("metadata").at("total_size").as_double());
  try {
    model.save_weights(path("small.weights.json"), {.max_shard_size = 1e-9});
    ADD_FAILURE();
  } catch (const ValueError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'layers/dense/vars/0' is larger"));
  }
}

TEST_F(KerasFiles, AnIndexNamesFilesOfItsOwnFolderOnly) {
  EXPECT_THAT(refusal(R"({"/vars": "../x.weights.h5"})"), HasSubstr("'../x.weights.h5'"));
  EXPECT_THAT(refusal(R"({"/vars": "/etc/passwd"})"), HasSubstr("'/etc/passwd'"));
  EXPECT_THAT(refusal(R"({"/vars": ["gone_00000.weights.h5"]})"),
              HasSubstr("gone_00000.weights.h5"));
  EXPECT_THAT(refusal(R"({"/vars": 3})"), HasSubstr("wrong type"));
  EXPECT_THAT(refusal("{}"), HasSubstr("The file lacks values of layer"));
}

TEST_F(KerasFiles, ALayerInSeveralPlacesStaysOne) {
  for (const std::string name : {"shared", "shared_cell", "shared_sequential"}) {
    SCOPED_TRACE(name);
    const Model model = load_model(kFiles + name + ".keras");
    expect_gives(model, name);
    EXPECT_LE(model.weights().size(), 3u);
    model.save(path(name + ".keras"));
    const Model again = load_model(path(name + ".keras"));
    EXPECT_EQ(again.weights().size(), model.weights().size());
    expect_gives(again, name);
  }
}

TEST_F(KerasFiles, AssetsAreNotPassedOver) {
  const Model model = dense();
  model.save(path("whole.keras"));
  const std::string bytes = read_file(path("whole.keras"));
  const ZipReader zip(bytes);
  const std::string config = zip.read("config.json"), weights = zip.read("model.weights.h5");
  const std::vector<std::pair<std::string, std::string_view>> entries = {
      {"config.json", config},
      {"model.weights.h5", weights},
      {"assets/layers/string_lookup/vocabulary.txt", "a\nb\n"}};
  write_file(path("assets.keras"), to_zip(entries));
  try {
    load_model(path("assets.keras"));
    ADD_FAILURE();
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), HasSubstr("assets/layers/string_lookup/vocabulary.txt"));
  }
}

}  // namespace
}  // namespace danlu
