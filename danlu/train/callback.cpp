#include "danlu/train/callback.h"

#include "danlu/base/error.h"

namespace danlu {

double History::last(const std::string& name) const {
  const auto found = history.find(name);
  if (found != history.end() && !found->second.empty()) return found->second.back();
  std::string names;
  for (const auto& [known, values] : history) names += (names.empty() ? "" : ", ") + known;
  throw ValueError({.where = "History",
                    .what = "There is no value of this name",
                    .expected = names.empty() ? "at least one epoch" : "one of " + names,
                    .received = "\"" + name + "\""});
}

void History::add(int64_t epoch_number, const Logs& logs) {
  epoch.push_back(epoch_number);
  for (const auto& [name, value] : logs) history[name].push_back(value);
}

void LambdaCallback::on_train_begin() {
  if (config_.on_train_begin) config_.on_train_begin();
}
void LambdaCallback::on_train_end() {
  if (config_.on_train_end) config_.on_train_end();
}
void LambdaCallback::on_epoch_begin(int64_t epoch) {
  if (config_.on_epoch_begin) config_.on_epoch_begin(epoch);
}
void LambdaCallback::on_epoch_end(int64_t epoch, const Logs& logs) {
  if (config_.on_epoch_end) config_.on_epoch_end(epoch, logs);
}
void LambdaCallback::on_train_batch_begin(int64_t batch) {
  if (config_.on_train_batch_begin) config_.on_train_batch_begin(batch);
}
void LambdaCallback::on_train_batch_end(int64_t batch, const BatchLogs& logs) {
  if (config_.on_train_batch_end) config_.on_train_batch_end(batch, logs);
}

}  // namespace danlu
