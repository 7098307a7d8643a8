#include "tests/golden/proof.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "danlu/io/json.h"

namespace danlu::golden {

Proof::~Proof() {
  Json names = Json::object();
  for (const auto& [name, entry] : entries_) {
    const std::vector<Json> aspects(entry.aspects.begin(), entry.aspects.end());
    names.set(name, Json::object({{"cases", entry.cases},
                                  {"failed", entry.failed},
                                  {"aspects", Json::array(aspects)}}));
  }
  std::filesystem::create_directories(DANLU_PARITY);
  std::ofstream out(std::filesystem::path(DANLU_PARITY) / (file_ + ".json"));
  out << names.dump(1) << '\n';
  EXPECT_TRUE(out.good()) << "the record of " << file_ << " was not written";
}

void Proof::check(const std::string& name, std::initializer_list<const char*> aspects,
                  const std::function<void()>& compare) {
  const auto* result = testing::UnitTest::GetInstance()->current_test_info()->result();
  const int before = result->total_part_count();
  compare();
  Entry& entry = entries_[name];
  ++entry.cases;
  entry.failed += result->total_part_count() > before;
  entry.aspects.insert(aspects.begin(), aspects.end());
}

}  // namespace danlu::golden
