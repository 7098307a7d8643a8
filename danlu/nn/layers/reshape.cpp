#include "danlu/nn/layers/reshape.h"

#include <algorithm>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/nn/layers/checks.h"
#include "danlu/nn/layers/configured_layer.h"
#include "danlu/ops/manipulation.h"

namespace danlu {
namespace {

class ReshapeImpl final : public ConfiguredLayer<ReshapeConfig> {
 public:
  explicit ReshapeImpl(ReshapeConfig c) : ConfiguredLayer("Reshape", std::move(c)) {
    const auto& target = config().target_shape;
    const auto bad = std::any_of(target.begin(), target.end(), [](int64_t d) { return d < -1; });
    if (bad || std::count(target.begin(), target.end(), -1) > 1) {
      throw ValueError({.where = where(),
                        .what = "`target_shape` is no shape",
                        .expected = "dimensions of at least 0, at most one of them −1",
                        .received = text(target)});
    }
  }

 private:
  static std::string text(const std::vector<int64_t>& dims) {
    std::string s;
    for (const int64_t d : dims) s += (s.empty() ? "" : ", ") + std::to_string(d);
    return "(" + s + (dims.size() == 1 ? ",)" : ")");
  }

  Shape output_shape(const Shape& input) const override {
    check_rank_at_least(input, 1);
    int64_t elements = 1, known = 1;
    for (int i = 1; i < input.rank(); ++i) {
      elements = input[i] == kNone || elements == kNone ? kNone : elements * input[i];
    }
    bool inferred = false;
    for (const int64_t d : config().target_shape) {
      inferred |= d == -1;
      if (d != -1) known *= d;
    }
    if (elements != kNone && (inferred ? known == 0 || elements % known != 0 : elements != known)) {
      throw ShapeError(
          {.what = "A sample cannot take the target shape",
           .expected = std::to_string(elements) + " elements, as in the input " + input.to_string(),
           .received = "target_shape=" + text(config().target_shape)});
    }
    std::vector<int64_t> dims = {input[0]};
    for (const int64_t d : config().target_shape) {
      dims.push_back(d != -1 ? d : elements == kNone ? kNone : elements / known);
    }
    return Shape(dims);
  }

  Array call(const Array& x, const CallContext&) override {
    return reshape(x, output_shape(x.shape()));
  }
};

}  // namespace

Reshape::Reshape(ReshapeConfig config) : Layer(std::make_shared<ReshapeImpl>(std::move(config))) {}

}  // namespace danlu
