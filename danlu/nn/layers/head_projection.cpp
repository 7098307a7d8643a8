#include "danlu/nn/layers/head_projection.h"

#include <utility>

#include "danlu/nn/layers/checks.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"

namespace danlu {
namespace {

class HeadProjection final : public LayerImpl {
 public:
  explicit HeadProjection(HeadProjectionOptions options)
      : LayerImpl("EinsumDense", {.name = options.name, .dtype = options.dtype}),
        options_(std::move(options)) {
    set_activity_regularizer(options_.activity_regularizer);
  }

  Json get_config() const override {
    return Json::object({{"name", name()}, {"output_shape", options_.out}});
  }

 private:
  Shape free_axes(const Shape& input) const {
    check_rank_at_least(input, options_.bound + 1);
    std::vector<int64_t> dims = input.to_vector();
    dims.resize(dims.size() - static_cast<size_t>(options_.bound));
    return Shape(dims);
  }
  Shape output_shape(const Shape& input) const override {
    std::vector<int64_t> dims = free_axes(input).to_vector();
    if (built()) {
      for (int i = 1; i <= options_.bound; ++i) {
        check_axis(input, -i, kernel_.shape()[options_.bound - i]);
      }
    }
    dims.insert(dims.end(), options_.out.begin(), options_.out.end());
    return Shape(dims);
  }

  void build(const Shape& input) override {
    std::vector<int64_t> dims;
    for (int i = options_.bound; i >= 1; --i) {
      check_known_axis(input, -i);
      dims.push_back(input[-i]);
    }
    dims.insert(dims.end(), options_.out.begin(), options_.out.end());
    kernel_ = add_weight("kernel", Shape(dims), options_.kernel_initializer,
                         options_.kernel_regularizer, options_.kernel_constraint);
    if (options_.use_bias) {
      bias_ = add_weight("bias", Shape(options_.out), options_.bias_initializer,
                         options_.bias_regularizer, options_.bias_constraint);
    }
  }

  Array call(const Array& x, const CallContext&) override {
    const int64_t width = Shape(options_.out).num_elements();
    const int64_t features = kernel_.shape().num_elements() / width;
    const Shape rows = free_axes(x.shape());
    const Array flat = reshape(x, rows.with_axis_inserted(rows.rank(), features));
    Array y = matmul(flat, reshape(kernel_, {features, width}));
    if (bias_.defined()) y = y + reshape(bias_, {width});
    return reshape(options_.activation(y), output_shape(x.shape()));
  }

  HeadProjectionOptions options_;
  Variable kernel_, bias_;
};

}  // namespace

Layer head_projection(HeadProjectionOptions options) {
  return Layer(std::make_shared<HeadProjection>(std::move(options)));
}

}  // namespace danlu
