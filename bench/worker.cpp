// Danlu's side of the benchmark with peers: a process that trains and predicts what it is told,
// through the public interface. It answers each line of JSON on stdin with one on stdout; the
// commands are those of bench/peers/protocol.md.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <string>

#include "bench/worker_model.h"
#include "bench/worker_ops.h"
#include "danlu/base/file.h"
#include "danlu/runtime/roofline.h"
#include "danlu/train/steps.h"

namespace danlu::bench {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

auto now() { return std::chrono::steady_clock::now(); }

/// Most memory that this process has had at once, in MB.
double peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}

void reply(const Json& json) {
  std::cout << json.dump() << '\n';
  std::cout.flush();
}

class Worker {
 public:
  Json answer(const Json& request) {
    const std::string& command = request.at("command").as_string();
    if (command == "hello") return Json::object({{"name", "danlu"}, {"version", DANLU_VERSION}});
    if (command == "peak") return Json::object({{"gflops", fma_peak(num_threads())}});
    if (command == "bandwidth") return Json::object({{"gbytes", triad_bandwidth(num_threads())}});
    if (command == "memory") return Json::object({{"peak_mb", peak_memory()}});
    if (command == "load") return load(request);
    if (command == "curve") return curve(request.at("steps").as_int());
    if (command == "warm") return warm();
    if (command == "run") return run(request.at("epochs").as_int());
    if (command == "bound") return bound(request.at("steps").as_int());
    if (command == "op-load") {
      op_ = OpCase();  // its memory first
      op_ = OpCase(request.at("op"));
      return Json::object();
    }
    if (command == "op-results") {
      save_safetensors(request.at("tensors").as_string(), op_.results());
      return Json::object();
    }
    if (command == "op-run") {
      return Json::object({{"seconds", op_.run(request.at("calls").as_int())}});
    }
    throw ValueError({.where = "worker", .what = "There is no such command", .received = command});
  }

 private:
  Json load(const Json& request) {
    workload_ = load_workload(request.at("workload"), request.at("tensors").as_string());
    fresh_model();
    return Json::object();
  }

  void fresh_model() {
    model_.emplace(make_model(workload_.description));
    TensorMap weights;
    for (const auto& [name, tensor] : workload_.tensors) {
      if (name != "x" && name != "y") weights.add(name, tensor);
    }
    model_->load_weights_map(weights, "worker");
  }

  /// The losses of the first steps on the batches in their order, each step an epoch of its own.
  Json curve(int64_t steps) {
    fresh_model();
    const int64_t batches = workload_.data().num_batches();
    Json losses = Json::array();
    for (int64_t step = 0; step < steps; ++step) {
      const int64_t begin = step % batches * workload_.batch;
      const Dataset one = workload_.data(begin, begin + workload_.batch);
      losses.push_back(model_->fit(one, {.verbose = 0, .shuffle = false}).last("loss"));
    }
    return Json::object({{"losses", losses}});
  }

  /// Starts over and reports the time of the first step or call: tracing and compiling.
  Json warm() {
    fresh_model();
    const auto start = now();
    if (workload_.predicts()) {
      predict(0);
    } else {
      model_->fit(workload_.data(0, workload_.batch), {.verbose = 0});
    }
    return Json::object({{"compile_s", seconds_since(start)}, {"variant", "fit"}});
  }

  void predict(int64_t batch) {
    const HostTensor& x = workload_.tensors.at("x");
    const HostTensor some = x.slice(batch * workload_.batch, (batch + 1) * workload_.batch);
    model_->predict(some, {.batch_size = workload_.batch});
  }

  /// `epochs` passes over the data: the time of all, and of each call when predicting.
  Json run(int64_t epochs) {
    const int64_t batches = workload_.data().num_batches();
    if (!workload_.predicts()) {
      const Dataset data = workload_.data();
      const auto start = now();
      model_->fit(data, {.epochs = epochs, .verbose = 0});
      return Json::object({{"seconds", seconds_since(start)}, {"steps", epochs * batches}});
    }
    std::vector<double> calls;
    const auto start = now();
    for (int64_t call = 0; call < epochs * batches; ++call) {
      const auto begin = now();
      predict(call % batches);
      calls.push_back(seconds_since(begin));
    }
    return Json::object(
        {{"seconds", seconds_since(start)}, {"steps", epochs * batches}, {"calls", calls}});
  }

  /// Steps without the loop around them, on one batch.
  Json bound(int64_t steps) {
    Batch batch;
    const Dataset one = workload_.data(0, workload_.batch);
    for (const Batch& b : one.epoch(0)) batch = b;
    Steps& bound = model_->steps();
    bound.train(batch);
    const auto start = now();
    for (int64_t step = 0; step < steps; ++step) bound.train(batch);
    return Json::object({{"seconds", seconds_since(start)}, {"steps", steps}});
  }

  Workload workload_;
  std::optional<Model> model_;
  OpCase op_;
};

void serve() {
  Worker worker;
  for (std::string line; std::getline(std::cin, line);) {
    const Json request = Json::parse(line);
    if (request.at("command").as_string() == "quit") return;
    try {
      reply(worker.answer(request));
    } catch (const std::exception& error) {
      reply(Json::object({{"error", error.what()}}));
    }
  }
}

/// One step on data in memory, or on the first batch of Fashion-MNIST.
void first_step(const Json& job) {
  const int64_t batch = job.at("batch").as_int();
  Model model = make_model(job);
  const DataSplit data = job.contains("files") ? datasets::fashion_mnist().train.slice(0, batch)
                                               : made_up_samples(job, batch);
  const int64_t classes = job.contains("one_hot") ? job.at("one_hot").as_int() : 0;
  const History history =
      model.fit(Dataset(data, {.one_hot = classes}).batch(batch), {.verbose = 0});
  reply(Json::object({{"loss", history.last("loss")}}));
}

/// Trains on Fashion-MNIST, a part of an epoch at a time, until the test accuracy is reached.
void train_to(const Json& job) {
  const auto [train, test] = datasets::fashion_mnist();
  const int64_t classes = job.contains("one_hot") ? job.at("one_hot").as_int() : 0;
  const int64_t parts = job.at("parts").as_int(), size = train.size() / parts;
  const int64_t most = job.at("most_epochs").as_int() * parts;
  const double wanted = job.at("accuracy").as_double();
  const DatasetOptions options{.x_dtype = DType::float32, .one_hot = classes};
  const Dataset test_data = Dataset(test, options).batch(job.at("test_batch").as_int());
  set_random_seed(static_cast<uint64_t>(job.at("seed").as_int()));
  Model model = make_model(job);
  double best = 0;
  for (int64_t part = 0; part < most; ++part) {
    const int64_t begin = part % parts * size;
    model.fit(Dataset(train.slice(begin, begin + size), options).batch(job.at("batch").as_int()),
              {.verbose = 0});
    best = std::max(best, model.evaluate(test_data, {.verbose = 0}).at("accuracy"));
    if (best >= wanted) {
      reply(Json::object({{"epochs", static_cast<double>(part + 1) / static_cast<double>(parts)},
                          {"accuracy", best}}));
      return;
    }
  }
  reply(Json::object({{"error", "not reached"}, {"accuracy", best}}));
}

/// Trains on Fashion-MNIST in each of the job's `precisions` from each of its `seeds`, for its
/// `epochs`; the test accuracies in a line for each seed.
void compare_precisions(const Json& job) {
  const auto [train, test] = datasets::fashion_mnist();
  const DatasetOptions options{.x_dtype = DType::float32, .one_hot = 0};
  const Dataset train_data = Dataset(train, options).batch(job.at("batch").as_int());
  const Dataset test_data = Dataset(test, options).batch(256);
  for (const Json& seed : job.at("seeds").items()) {
    Json line = Json::object({{"seed", seed}});
    for (const Json& precision : job.at("precisions").items()) {
      set_random_seed(static_cast<uint64_t>(seed.as_int()));
      Json description = job;
      description.set("precision", precision);
      Model model = make_model(description);
      model.fit(train_data, {.epochs = job.at("epochs").as_int(), .verbose = 0});
      line.set(precision.as_string(), model.evaluate(test_data, {.verbose = 0}).at("accuracy"));
    }
    reply(line);
  }
}

int run(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  if (argc == 1) {
    serve();
    return 0;
  }
  const std::string mode = argv[1];
  const std::map<std::string, void (*)(const Json&)> modes = {
      {"first-step", first_step}, {"train-to", train_to}, {"precisions", compare_precisions}};
  if (const auto found = modes.find(mode); argc == 3 && found != modes.end()) {
    found->second(Json::parse(read_file(argv[2])));
    return 0;
  }
  std::cerr
      << "usage: danlu_worker [first-step JOB.json | train-to JOB.json | precisions JOB.json]\n";
  return 2;
}

}  // namespace
}  // namespace danlu::bench

int main(int argc, char** argv) {
  try {
    return danlu::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
