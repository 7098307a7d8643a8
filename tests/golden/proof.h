#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <set>
#include <string>

/// What a run of the golden tests proved, for docs/parity.md: tools/parity_table.py reads the
/// records.
namespace danlu::golden {

/// The record of one family of Keras's vocabulary, written when it goes out of scope as FAMILY.json
/// into the folder DANLU_PARITY. A test that proves a part of a family beside others names it:
/// FAMILY.PART.json.
class Proof {
 public:
  explicit Proof(const std::string& family, const std::string& part = "")
      : file_(part.empty() ? family : family + "." + part) {}
  ~Proof();
  Proof(const Proof&) = delete;
  Proof& operator=(const Proof&) = delete;

  /// Runs a comparison of `name` with Keras's numbers. `aspects` are what it compares: "forward",
  /// "gradient", "config", … The case counts as failed when GoogleTest's expectations fail in it.
  void check(const std::string& name, std::initializer_list<const char*> aspects,
             const std::function<void()>& compare);

 private:
  struct Entry {
    int cases = 0, failed = 0;
    std::set<std::string> aspects;
  };
  std::string file_;
  std::map<std::string, Entry> entries_;
};

}  // namespace danlu::golden
