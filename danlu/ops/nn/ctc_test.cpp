#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "danlu/autodiff/autodiff.h"
#include "danlu/base/error.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/reduction.h"

namespace danlu {
namespace {

template <class E, class F>
std::string error_text(const F& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  }
  return "no such error";
}

/// −log of the sum over all class sequences that spell `target` once repeats and masks are gone.
double enumerated(const std::vector<double>& log_probs, int steps, int classes,
                  const std::vector<int>& target) {
  double total = 0;
  int ways = 1;
  for (int t = 0; t < steps; ++t) ways *= classes;
  for (int way = 0; way < ways; ++way) {
    std::vector<int> spelt;
    double log_prob = 0;
    int last = 0;
    for (int t = 0, rest = way; t < steps; ++t, rest /= classes) {
      const int c = rest % classes;
      log_prob += log_probs[static_cast<size_t>(t * classes + c)];
      if (c != 0 && c != last) spelt.push_back(c);
      last = c;
    }
    if (spelt == target) total += std::exp(log_prob);
  }
  return -std::log(total);
}

TEST(Ctc, LossIsTheSumOverAllWaysToSpellTheTarget) {
  constexpr int kSteps = 6, kClasses = 3;
  std::vector<double> logits;
  for (int i = 0; i < kSteps * kClasses; ++i) logits.push_back(std::sin(2.7 * i));
  const Array output(logits, Shape{1, kSteps, kClasses});
  const auto log_probs = log_softmax(output).to_vector<double>();
  for (const std::vector<int>& target :
       std::vector<std::vector<int>>{{1}, {1, 2}, {2, 2}, {1, 1, 2}}) {
    const auto n = static_cast<int64_t>(target.size());
    const Array loss = ctc_loss(Array(target, Shape{1, n}), output, Array({n}), Array({kSteps}));
    EXPECT_NEAR(loss.item<double>(), enumerated(log_probs, kSteps, kClasses, target), 1e-12);
  }
}

TEST(Ctc, GradientsOfALongUtteranceAreProbabilities) {
  constexpr int64_t kSteps = 900, kClasses = 30, kLabels = 200;
  std::vector<float> logits;
  for (int64_t i = 0; i < kSteps * kClasses; ++i) {
    logits.push_back(4 * std::sin(static_cast<float>(i * i % 1009)));
  }
  std::vector<int> target;
  for (int64_t n = 0; n < kLabels; ++n) target.push_back(1 + static_cast<int>(n * 7 / 3 % 29));
  const Array labels(target, Shape{1, kLabels}), length({kLabels}), steps({kSteps});
  const auto loss = [&](const Array& x) { return sum(ctc_loss(labels, x, length, steps)); };
  const Array narrow(logits, Shape{1, kSteps, kClasses});
  const Array wide = cast(narrow, DType::float64);
  const double exact = loss(wide).item<double>();
  EXPECT_NEAR(loss(narrow).item<double>(), exact, 2e-6 * exact);
  const auto g = grad(loss)(narrow).to_vector<double>();
  const auto expected = grad(loss)(wide).to_vector<double>();
  for (size_t i = 0; i < g.size(); ++i) ASSERT_NEAR(g[i], expected[i], 2e-6) << i;
}

TEST(Ctc, ErrorsSayWhatIsWrong) {
  const Array target(std::vector<int>{1, 2, 1}, Shape{1, 3});
  const Array output = zeros({1, 5, 4}), one({5});
  EXPECT_EQ(error_text<ShapeError>([&] {
              ctc_loss(target, zeros({2, 5, 4}), one, one);
            }),
            "[ctc_loss] The shapes do not fit. Expected target (batch, labels), output (batch, "
            "steps, classes) and two lengths (batch,), with one label, step and class or more. "
            "Received int32(1, 3), float32(2, 5, 4), int32(1,), int32(1,).");
  EXPECT_EQ(error_text<ValueError>([&] { ctc_loss(target, output, one, one, 4); }),
            "[ctc_loss] mask_index is no class. Expected a class from 0 to 3. Received 4.");
  EXPECT_EQ(error_text<ValueError>([&] { ctc_loss(target + 3, output, Array({2}), one).eval(); }),
            "[ctc_loss] A label is no class. Expected classes of the output within the target's "
            "length. Received 4.");
  EXPECT_EQ(error_text<ValueError>([&] { ctc_decode(output, one, {.strategy = "best"}); }),
            "[ctc_decode] There is no such strategy. Expected 'greedy' or 'beam_search'. Received "
            "'best'.");
  EXPECT_THAT(error_text<ValueError>([&] {
                ctc_decode(output, one,
                           {.strategy = "beam_search", .beam_width = 2, .top_paths = 3});
              }),
              testing::HasSubstr("[ctc_beam_search] The beam has no usable width."));
}

TEST(Ctc, AWideBeamFindsTheMostProbableLabels) {
  // Of all label sequences of four steps, by their losses.
  constexpr int kSteps = 4, kClasses = 3;
  std::vector<float> logits;
  for (int i = 0; i < kSteps * kClasses; ++i)
    logits.push_back(static_cast<float>(std::cos(5.1 * i)));
  const Array output(logits, Shape{1, kSteps, kClasses}), length({kSteps});
  const auto [paths, scores] =
      ctc_decode(output, length, {.strategy = "beam_search", .beam_width = 100, .top_paths = 3});
  const auto found = paths.to_vector<int>();
  for (int k = 0; k < 3; ++k) {
    std::vector<int> labels(found.begin() + k * kSteps, found.begin() + (k + 1) * kSteps);
    const auto n =
        static_cast<int64_t>(std::find(labels.begin(), labels.end(), -1) - labels.begin());
    const Array loss = ctc_loss(Array(labels, Shape{1, kSteps}), output, Array({n}), length);
    EXPECT_NEAR(-loss.item<double>(), scores.to_vector<double>()[static_cast<size_t>(k)], 1e-5);
  }
  EXPECT_GT(scores.to_vector()[0], scores.to_vector()[1]);
}

}  // namespace
}  // namespace danlu
