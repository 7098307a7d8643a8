#include "danlu/backends/cpu/onednn/matmul.h"

#include <algorithm>
#include <array>
#include <map>

#include "danlu/backends/cpu/matmul_geometry.h"
#include "danlu/backends/cpu/onednn/onednn.h"
#include "danlu/backends/cpu/simd/matmul.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::onednn {
namespace {

std::string refuse(const KernelQuery& q) {
  if (!q.all_are(DType::float32)) return "only float32";
  for (const TensorSpec& spec : q.inputs) {
    if (spec.shape.num_elements() == 0) return "an operand is empty";
  }
  return "";
}

/// Products of (m × k)·(k × n) parts, one primitive for each (m, n).
class MatmulKernel final : public Kernel {
 public:
  MatmulKernel(const KernelQuery& q, const MatmulAttrs& attrs, FusedActivation activation)
      : g_(q.inputs[0].shape, q.inputs[1].shape, q.outputs[0].shape, attrs),
        activation_(activation),
        has_bias_(q.inputs.size() > 2),
        epilogue_(simd::epilogue_function(q.isa)) {
    const auto products = static_cast<int64_t>(g_.a_offsets.size());
    split_ = products >= q.threads ? Split::batch : g_.m >= g_.n ? Split::rows : Split::columns;
    const int64_t parts = split_ == Split::batch  ? products
                          : split_ == Split::rows ? (g_.m + kGrain - 1) / kGrain
                                                  : (g_.n + kGrain - 1) / kGrain;
    threads_ = static_cast<int>(std::clamp<int64_t>(parts, 1, q.threads));
    const ThreadScope one_thread(1);
    for (int chunk = 0; chunk < threads_; ++chunk) {
      const Part part = this->part(chunk);
      auto& primitive = primitives_[{part.m, part.n}];
      if (!primitive) primitive = make(part.m, part.n);
    }
  }

  int threads() const override { return threads_; }
  size_t scratch_bytes() const override {
    return scratchpad_bytes_ * static_cast<size_t>(threads_);
  }

  void run(const KernelArgs& args) const override {
    parallel_chunks(threads_, [&](int chunk) {
      const Part p = part(chunk);
      const Primitive& primitive = *primitives_.at({p.m, p.n});
      std::byte* scratchpad = args.scratch + scratchpad_bytes_ * static_cast<size_t>(chunk);
      for (int64_t i = p.begin; i < p.end; ++i) {
        const auto at = static_cast<size_t>(i);
        float* c = args.out<float>(0) + i * g_.m * g_.n + p.row * g_.n + p.column;
        const float* a = args.in<float>(0) + g_.a_offsets[at] + p.row * g_.a_row;
        const float* b = args.in<float>(1) + g_.b_offsets[at] + p.column * g_.b_column;
        primitive.run(
            std::array<void*, 4>{const_cast<float*>(a), const_cast<float*>(b), c, scratchpad});
        if (has_bias_ || activation_ != FusedActivation::none) {
          epilogue_(c, p.m, p.n, g_.n, has_bias_ ? args.in<float>(2) + p.column : nullptr,
                    activation_);
        }
      }
    });
  }

 private:
  enum class Split : uint8_t { batch, rows, columns };
  static constexpr int64_t kGrain = 16;
  /// What one chunk computes: products [begin, end), rows and columns from `row` and `column` on.
  struct Part {
    int64_t begin, end, row, column, m, n;
  };

  Part part(int chunk) const {
    const auto products = static_cast<int64_t>(g_.a_offsets.size());
    if (split_ == Split::batch) {
      const Range r = chunk_range(products, threads_, chunk);
      return {r.begin, r.end, 0, 0, g_.m, g_.n};
    }
    if (split_ == Split::rows) {
      const Range r = chunk_range(g_.m, threads_, chunk, kGrain);
      return {0, products, r.begin, 0, r.end - r.begin, g_.n};
    }
    const Range r = chunk_range(g_.n, threads_, chunk, kGrain);
    return {0, products, 0, r.begin, g_.m, r.end - r.begin};
  }

  std::unique_ptr<Primitive> make(int64_t m, int64_t n) {
    using Desc = dnnl::memory::desc;
    constexpr auto kFloat = dnnl::memory::data_type::f32;
    const Desc a({m, g_.k}, kFloat, {g_.a_row, g_.a_column});
    const Desc b({g_.k, n}, kFloat, {g_.b_row, g_.b_column});
    const Desc c({m, n}, kFloat, {g_.n, 1});
    const dnnl::matmul::primitive_desc desc(dnnl::matmul::desc(a, b, c), user_scratchpad(),
                                            engine());
    scratchpad_bytes_ = std::max(scratchpad_bytes_, aligned(desc.scratchpad_desc().get_size() + 1));
    return std::make_unique<Primitive>(
        dnnl::matmul(desc),
        std::vector<Primitive::Argument>{{DNNL_ARG_SRC, a},
                                         {DNNL_ARG_WEIGHTS, b},
                                         {DNNL_ARG_DST, c},
                                         {DNNL_ARG_SCRATCHPAD, desc.scratchpad_desc()}});
  }

  MatmulGeometry g_;
  FusedActivation activation_;
  bool has_bias_;
  simd::EpilogueFunction epilogue_;
  Split split_ = Split::batch;
  int threads_ = 1;
  size_t scratchpad_bytes_ = 0;
  std::map<std::pair<int64_t, int64_t>, std::unique_ptr<Primitive>> primitives_;
};

}  // namespace

KernelDef matmul() {
  return {"onednn", refuse, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<MatmulKernel>(q, q.attrs_as<MatmulAttrs>(),
                                                  FusedActivation::none);
          }};
}

KernelDef fused_matmul() {
  return {"onednn", refuse, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            const auto& attrs = q.attrs_as<FusedMatmulAttrs>();
            return std::make_unique<MatmulKernel>(q, attrs.matmul, attrs.activation);
          }};
}

}  // namespace danlu::cpu::onednn
