#include "danlu/data/dataset.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/base/philox.h"
#include "danlu/core/arrival.h"

namespace {
std::atomic<int64_t> g_news{0};
}  // namespace

// Counts every allocation of this test binary. Not inlined, so that the compiler does not pair
// malloc with delete and warn.
[[gnu::noinline]] void* operator new(size_t bytes) {
  ++g_news;
  if (void* p = std::malloc(bytes ? bytes : 1)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  ++g_news;
  return std::malloc(bytes ? bytes : 1);
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, size_t) noexcept { std::free(p); }

namespace danlu {
namespace {

/// Sample i is the row (i, i + 0.5), its label i.
Dataset numbered(int64_t n) {
  std::vector<float> x;
  std::vector<int32_t> y;
  for (int64_t i = 0; i < n; ++i) {
    x.push_back(static_cast<float>(i));
    x.push_back(static_cast<float>(i) + 0.5f);
    y.push_back(static_cast<int32_t>(i));
  }
  return Dataset(HostTensor::from(x, {n, 2}), HostTensor::from(y));
}

/// The labels of an epoch, after a check that x belongs to y.
std::vector<std::vector<int32_t>> labels(BatchStream& stream, int64_t epoch) {
  std::vector<std::vector<int32_t>> all;
  stream.start(epoch);
  while (const Batch* batch = stream.next()) {
    EXPECT_EQ(batch->index, static_cast<int64_t>(all.size()));
    const auto x = batch->x.values<float>();
    all.push_back(batch->y.to_vector<int32_t>());
    EXPECT_EQ(batch->x.shape(), Shape({batch->size(), 2}));
    EXPECT_EQ(static_cast<int64_t>(all.back().size()), batch->size());
    for (size_t i = 0; i < all.back().size(); ++i) {
      EXPECT_EQ(x[2 * i], static_cast<float>(all.back()[i]));
      EXPECT_EQ(x[2 * i + 1], static_cast<float>(all.back()[i]) + 0.5f);
    }
  }
  EXPECT_EQ(stream.next(), nullptr);
  return all;
}

template <class E>
std::string error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const E& e) {
    return e.what();
  }
  return "no such error";
}

TEST(Dataset, BatchesInOrderWithASmallerLastOne) {
  BatchStream stream(numbered(7).batch(3));
  const std::vector<std::vector<int32_t>> expected = {{0, 1, 2}, {3, 4, 5}, {6}};
  EXPECT_EQ(labels(stream, 0), expected);
  EXPECT_EQ(labels(stream, 1), expected);
  BatchStream dropping(numbered(7).batch(3, true));
  EXPECT_EQ(labels(dropping, 0).size(), 2u);
  EXPECT_EQ(numbered(7).batch(3, true).num_batches(), 2);
  EXPECT_EQ(numbered(7).batch(3).num_batches(), 3);
  BatchStream large(numbered(2).batch(100).prefetch(5));
  EXPECT_EQ(labels(large, 0), (std::vector<std::vector<int32_t>>{{0, 1}}));
  BatchStream none(numbered(0).batch(3).prefetch(1));
  EXPECT_TRUE(labels(none, 0).empty());
}

TEST(Dataset, ShufflesEveryEpochAnewAndRepeatably) {
  const Dataset data = numbered(1000).batch(64).shuffle(42);
  BatchStream a(data), b(data.prefetch(3)), c(numbered(1000).batch(64).shuffle(43));
  std::set<std::vector<int32_t>> first_batches;
  for (int64_t epoch : {0, 1, 2, 5}) {
    const auto x = labels(a, epoch);
    EXPECT_EQ(x, labels(b, epoch));
    EXPECT_NE(x, labels(c, epoch));
    std::set<int32_t> seen;
    for (const auto& batch : x) seen.insert(batch.begin(), batch.end());
    EXPECT_EQ(seen.size(), 1000u);
    first_batches.insert(x[0]);
  }
  EXPECT_EQ(first_batches.size(), 4u);
  EXPECT_EQ(labels(a, 1), labels(b, 1));
}

// Fisher and Yates on the words of a Philox sequence, one after the other.
TEST(Dataset, PermutationOfAnySizeFollowsTheSequence) {
  for (const size_t size : {0, 1, 2, 63, 64, 65, 128, 129, 1000, 70000}) {
    std::vector<int64_t> order(size), expected(size);
    fill_permutation(order, 0x123456789abcdef0, 5);
    std::iota(expected.begin(), expected.end(), int64_t{0});
    PhiloxStream random(0x123456789abcdef0, (uint64_t{0x5348} << 48) + 5);
    for (size_t i = size; i > 1; --i) {
      std::swap(expected[i - 1], expected[random.below32(static_cast<uint32_t>(i))]);
    }
    EXPECT_EQ(order, expected) << size;
  }
}

TEST(Dataset, PermutationIsUniformAndFixed) {
  // Where the last of 5 elements goes, over many epochs.
  std::vector<int> counts(5);
  std::vector<int64_t> order(5);
  for (int64_t epoch = 0; epoch < 10000; ++epoch) {
    fill_permutation(order, 1, epoch);
    ++counts[std::find(order.begin(), order.end(), 4) - order.begin()];
  }
  for (int count : counts) EXPECT_NEAR(count, 2000, 200);
  std::vector<int64_t> ten(10);
  fill_permutation(ten, 7, 3);
  EXPECT_EQ(ten, (std::vector<int64_t>{4, 7, 5, 0, 3, 6, 8, 2, 9, 1}));
}

TEST(Dataset, BytesBecomeFloatsExactly) {
  std::vector<uint8_t> bytes(300 * 100);
  std::iota(bytes.begin(), bytes.end(), uint8_t{0});
  DataSplit split{HostTensor::from(bytes, {300, 100, 1}),
                  HostTensor::from(std::vector<uint8_t>(300, 9)), 255};
  const Dataset data = Dataset(split).batch(300);
  EXPECT_EQ(data.x_spec(300), (TensorSpec{{300, 100, 1}, DType::float32}));
  EXPECT_EQ(data.y_spec(300), (TensorSpec{{300}, DType::int32}));
  for (const Batch& batch : data.epoch(0)) {
    const auto x = batch.x.values<float>();
    for (size_t i = 0; i < bytes.size(); ++i) ASSERT_EQ(x[i], bytes[i] / 255.f);
    EXPECT_EQ(batch.y.to_vector<int32_t>(), std::vector<int32_t>(300, 9));
  }
  split.divide_by = 1;
  const Dataset doubles(split, {.x_dtype = DType::float64, .y_dtype = DType::int64});
  for (const Batch& batch : doubles.batch(1).epoch(0)) {
    EXPECT_EQ(batch.x.values<double>()[2], bytes[batch.index * 100 + 2]);
    EXPECT_EQ(batch.y.to_vector<int64_t>(), std::vector<int64_t>{9});
  }
  const Dataset raw(split, {.x_dtype = DType::uint8, .y_dtype = DType::uint8});
  for (const Batch& batch : raw.epoch(0)) EXPECT_EQ(batch.x.dtype(), DType::uint8);
}

TEST(Dataset, OneHotRows) {
  const HostTensor x = HostTensor::zeros({3, 1}, DType::float32);
  const HostTensor y = HostTensor::from(std::vector<int64_t>{2, 0, 1}, {3, 1});
  const Dataset data(x, y, {.one_hot = 3});
  EXPECT_EQ(data.y_spec(3), (TensorSpec{{3, 3}, DType::float32}));
  for (const Batch& batch : data.epoch(0)) {
    EXPECT_EQ(batch.y.to_vector<float>(), (std::vector<float>{0, 0, 1, 1, 0, 0, 0, 1, 0}));
  }
  EXPECT_EQ(error_of<ValueError>([&] {
              for (const Batch& batch : Dataset(x, y, {.one_hot = 2}).prefetch().epoch(0)) {
                (void)batch;
              }
            }),
            "[Dataset] The label of sample 0 is no class. Expected 0 to 1. Received 2.");
}

TEST(Dataset, WithoutTargets) {
  const Dataset data(HostTensor::zeros({5, 2}, DType::float32), HostTensor());
  for (const Batch& batch : data.prefetch().epoch(0)) EXPECT_FALSE(batch.y.defined());
}

TEST(BatchStream, ErrorsArriveAfterTheGoodBatches) {
  for (const int64_t prefetch : {0, 1, 4}) {
    BatchStream stream(numbered(40).batch(4).prefetch(prefetch).map([](Batch& batch) {
      if (batch.index == 3) throw ValueError("the fourth batch is bad");
    }));
    for (int64_t epoch = 0; epoch < 3; ++epoch) {
      stream.start(epoch);
      for (int i = 0; i < 3; ++i) EXPECT_EQ(stream.next()->index, i);
      EXPECT_EQ(error_of<ValueError>([&] { stream.next(); }), "the fourth batch is bad.");
      EXPECT_EQ(stream.next(), nullptr);
    }
  }
}

TEST(BatchStream, StopsAndRestartsAtAnyMoment) {
  for (int taken = 0; taken < 6; ++taken) {
    BatchStream stream(numbered(100).batch(2).shuffle(1).prefetch(3));
    stream.start(0);
    for (int i = 0; i < taken; ++i) stream.next();
    if (taken % 2 == 0) {
      EXPECT_EQ(labels(stream, 1).size(), 50u);
    }
  }
  BatchStream never_started(numbered(10).prefetch());
  EXPECT_EQ(never_started.next(), nullptr);
}

TEST(BatchStream, WorksAheadButNotTooFar) {
  std::atomic<int> filled{0};
  BatchStream stream(numbered(100).batch(1).prefetch(3).map([&](Batch&) { ++filled; }));
  stream.start(0);
  stream.next();
  for (int wait = 0; wait < 2000 && filled < 4; ++wait) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(filled, 4) << "one with the consumer and three ahead";
}

TEST(BatchStream, StorageThatSomebodyHoldsIsLeftAlone) {
  for (const int64_t prefetch : {0, 2}) {
    BatchStream stream(numbered(60).batch(2).prefetch(prefetch));
    stream.start(0);
    std::vector<HostTensor> kept;
    while (const Batch* batch = stream.next()) kept.push_back(batch->y);
    for (int i = 0; i < 30; ++i) {
      EXPECT_EQ(kept[i].to_vector<int32_t>(), (std::vector<int32_t>{2 * i, 2 * i + 1}));
    }
  }
}

TEST(BatchStream, AllocatesNothingFromTheThirdStepOn) {
  for (const int64_t prefetch : {0, 2}) {
    BatchStream stream(numbered(1000).batch(7).shuffle(3).prefetch(prefetch));
    int64_t buffers = 0, news = 0;
    int step = 0;
    for (int64_t epoch = 0; epoch < 3; ++epoch) {
      stream.start(epoch);
      while (const Batch* batch = stream.next()) {
        if (++step == 2) buffers = Buffer::allocations(), news = g_news;
        if (batch->size() == 0) break;
      }
    }
    EXPECT_EQ(step, 3 * 143);
    EXPECT_EQ(Buffer::allocations(), buffers);
    EXPECT_EQ(g_news, news);
  }
}

TEST(Dataset, WrongArgumentsAreNamed) {
  EXPECT_EQ(error_of<ValueError>([] { numbered(3).batch(0); }),
            "[Dataset] The batch size is too small. Expected 1 or more. Received 0.");
  EXPECT_EQ(error_of<ValueError>([] { numbered(3).prefetch(-1); }),
            "[Dataset] The number of batches to prefetch is negative. Expected 0 or more. "
            "Received -1.");
  EXPECT_EQ(
      error_of<ShapeError>([] {
        Dataset(HostTensor::zeros({3, 2}, DType::float32), HostTensor::zeros({2}, DType::int32));
      }),
      "[Dataset] x and y must hold the same number of samples. Expected the samples along "
      "the first axis of both. Received x float32(3, 2), y int32(2,).");
  EXPECT_EQ(error_of<ValueError>([] {
              Dataset(HostTensor::zeros({3}, DType::float32), {}, {.x_dtype = DType::bool_});
            }),
            "[Dataset] x cannot be delivered as this dtype. Expected float32, float64, int32, "
            "int64, or float32. Received bool.");
  EXPECT_EQ(error_of<ValueError>([] {
              Dataset(DataSplit{HostTensor::zeros({3}, DType::uint8), {}, 255},
                      {.x_dtype = DType::int32});
            }),
            "[Dataset] x is to be divided but delivered as integers. Expected divide_by = 1, or "
            "x_dtype = float32. Received divide_by = 255, x_dtype = int32.");
  EXPECT_EQ(error_of<ValueError>([] {
              const HostTensor zeros = HostTensor::zeros({3, 2}, DType::int32);
              Dataset(zeros, zeros, {.one_hot = 4});
            }),
            "[Dataset] y cannot become one-hot rows. Expected a positive number of classes and "
            "integer labels of shape (n,). Received 4 classes, labels int32(3, 2).");
}

TEST(BatchStream, FirstBatchesComeBeforeTheLastSamples) {
  std::atomic<bool> released{false};
  auto buffer = Buffer::allocate(40 * sizeof(float));
  int32_t next = 0;
  auto arrival =
      std::make_shared<const Arrival>(buffer, 10 * sizeof(float), [&](void* to, size_t bytes) {
        if (next == 20) released.wait(false);
        for (size_t i = 0; i < bytes / sizeof(float); ++i) {
          static_cast<float*>(to)[i] = static_cast<float>(next++);
        }
      });
  const Dataset data =
      Dataset(HostTensor(DType::float32, {40, 1}, buffer, arrival), numbered(40).split().y)
          .batch(8);
  for (const int64_t ahead : {0, 2}) {
    released = false;
    BatchStream stream(data.prefetch(ahead));
    stream.start(0);
    for (int64_t index = 0; index < 5; ++index) {
      if (index == 2) {
        released = true;
        released.notify_all();
      }
      const Batch* batch = stream.next();
      ASSERT_NE(batch, nullptr);
      for (int64_t i = 0; i < 8; ++i) {
        EXPECT_EQ(batch->x.values<float>()[i], static_cast<float>(index * 8 + i));
      }
    }
    EXPECT_EQ(stream.next(), nullptr);
  }
}

TEST(DataSplit, SplitsLikeKeras) {
  const DataSplit all = numbered(10).split();
  const auto [train, validation] = all.split(0.25);
  EXPECT_EQ(train.y.to_vector<int32_t>(), (std::vector<int32_t>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(validation.y.to_vector<int32_t>(), (std::vector<int32_t>{7, 8, 9}));
  EXPECT_EQ(
      error_of<ValueError>([&] { (void)all.split(1.5); }),
      "[validation_split] The samples cannot be split like this. Expected a fraction between "
      "0 and 1 that leaves samples on both sides. Received validation_split=1.5 of 10 samples.");
}

}  // namespace
}  // namespace danlu
