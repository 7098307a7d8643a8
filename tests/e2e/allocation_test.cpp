// From the third step on a bound step and a fit loop allocate nothing. What the oneDNN library
// allocates inside its own calls is counted apart.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string_view>

#include "danlu/danlu.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

std::atomic<bool> counting{false};
std::atomic<int64_t> ours{0}, onednn{0};

void count(void* caller) {
  if (!counting.exchange(false)) return;
  Dl_info info{};
  const bool inside_onednn =
      dladdr(caller, &info) != 0 && info.dli_fname != nullptr &&
      std::string_view(info.dli_fname).find("dnnl") != std::string_view::npos;
  (inside_onednn ? onednn : ours).fetch_add(1);
  counting.store(true);
}

void* allocate(size_t bytes, void* caller) {
  if (counting.load(std::memory_order_relaxed)) count(caller);
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(size_t bytes) { return allocate(bytes, __builtin_return_address(0)); }
void* operator new[](size_t bytes) { return allocate(bytes, __builtin_return_address(0)); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

namespace danlu {
namespace {

class StepAllocations : public Callback {
 public:
  void on_train_batch_begin(int64_t batch) override {
    if (batch == 3) {
      buffers_before = Buffer::allocations();
      ours = onednn = 0;
      counting = true;
    }
  }
  void on_train_batch_end(int64_t batch, const BatchLogs&) override {
    if (batch != 20) return;
    counting = false;
    buffers = Buffer::allocations() - buffers_before;
  }
  int64_t buffers_before = 0, buffers = -1;
};

void expect_no_allocations(Sequential& model, const Shape& sample, const std::string& loss) {
  model.compile({.optimizer = "adam", .loss = loss, .metrics = {"accuracy"}});
  const Array x =
      random::normal(Array(std::vector<int64_t>{1, 2}), sample.with_axis_inserted(0, 8 * 22));
  const Array y(std::vector<int32_t>(8 * 22, 1));
  const auto watch = std::make_shared<StepAllocations>();
  model.fit(x, y, {.batch_size = 8, .verbose = 0, .callbacks = {watch}});
  EXPECT_EQ(watch->buffers, 0);
  EXPECT_EQ(ours, 0);
  ::testing::Test::RecordProperty("onednn_allocations", static_cast<int>(onednn.load()));
}

TEST(Allocation, NoneInAConvolutionalStep) {
  Sequential model({Conv2D({.filters = 32,
                            .kernel_size = {3, 3},
                            .activation = "relu",
                            .input_shape = {28, 28, 1}}),
                    MaxPooling2D(), Conv2D({.filters = 64, .kernel_size = {3, 3}}), MaxPooling2D(),
                    Flatten(), Dropout({.rate = 0.5}),
                    Dense({.units = 10, .activation = "softmax"})});
  expect_no_allocations(model, {28, 28, 1}, "sparse_categorical_crossentropy");
}

TEST(Allocation, NoneInADenseStep) {
  Sequential model({Dense({.units = 16, .activation = "tanh", .input_shape = {5}}),
                    Dense({.units = 3, .activation = "softmax"})});
  expect_no_allocations(model, {5}, "sparse_categorical_crossentropy");
}

}  // namespace
}  // namespace danlu

#endif
