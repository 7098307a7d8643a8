#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "danlu/train/history.h"

namespace danlu {

class Model;

/// What a run is going to do.
struct RunInfo {
  int64_t epochs = 1;
  int64_t initial_epoch = 0;
  int64_t steps = 0;  ///< batches per epoch
  int64_t batch_size = 0;
};

/// The running metrics of a batch, read from the model only when somebody asks.
class BatchLogs {
 public:
  explicit BatchLogs(const std::function<Logs()>& source) : source_(&source) {}
  Logs read() const { return (*source_)(); }

 private:
  const std::function<Logs()>* source_;
};

/// Base of whatever watches or steers a run. Every hook does nothing by default. A callback belongs
/// to one run at a time.
class Callback {
 public:
  virtual ~Callback() = default;
  virtual void on_train_begin() {}
  virtual void on_train_end() {}
  virtual void on_epoch_begin(int64_t /*epoch*/) {}
  /// `logs` holds the validation's values too.
  virtual void on_epoch_end(int64_t /*epoch*/, const Logs& /*logs*/) {}
  virtual void on_train_batch_begin(int64_t /*batch*/) {}
  virtual void on_train_batch_end(int64_t /*batch*/, const BatchLogs& /*logs*/) {}
  virtual void on_test_begin() {}
  virtual void on_test_batch_end(int64_t /*batch*/, const BatchLogs& /*logs*/) {}
  virtual void on_test_end(const Logs& /*logs*/) {}

  /// Called before the first hook of a run.
  void attach(Model* model, const RunInfo& info) {
    model_ = model;
    info_ = info;
  }

 protected:
  Model& model() const { return *model_; }
  const RunInfo& info() const { return info_; }

 private:
  Model* model_ = nullptr;
  RunInfo info_;
};

/// A callback as `fit` takes it: one by value, which is kept inside; a pointer to one that the
/// caller keeps; or a shared one.
class CallbackHandle {
 public:
  template <std::derived_from<Callback> T>
  CallbackHandle(T callback) : callback_(std::make_shared<T>(std::move(callback))) {}
  CallbackHandle(Callback* callback) : callback_(callback, [](Callback*) {}) {}
  template <std::derived_from<Callback> T>
  CallbackHandle(std::shared_ptr<T> callback) : callback_(std::move(callback)) {}
  Callback* operator->() const { return callback_.get(); }

 private:
  std::shared_ptr<Callback> callback_;
};

/// Hooks from functions; those left empty do nothing.
struct LambdaCallbackConfig {
  std::function<void(int64_t epoch)> on_epoch_begin;
  std::function<void(int64_t epoch, const Logs& logs)> on_epoch_end;
  std::function<void()> on_train_begin;
  std::function<void()> on_train_end;
  std::function<void(int64_t batch)> on_train_batch_begin;
  std::function<void(int64_t batch, const BatchLogs& logs)> on_train_batch_end;
};
class LambdaCallback : public Callback {
 public:
  explicit LambdaCallback(LambdaCallbackConfig config) : config_(std::move(config)) {}
  void on_train_begin() override;
  void on_train_end() override;
  void on_epoch_begin(int64_t epoch) override;
  void on_epoch_end(int64_t epoch, const Logs& logs) override;
  void on_train_batch_begin(int64_t batch) override;
  void on_train_batch_end(int64_t batch, const BatchLogs& logs) override;

 private:
  LambdaCallbackConfig config_;
};

}  // namespace danlu
