#include "danlu/backends/cpu/ref/matmul_tile.h"

#include "danlu/backends/cpu/ref/matmul.h"
#include "danlu/backends/cpu/ref/tile.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/ops/fused/matmul_tile_attrs.h"
#include "danlu/ops/registry.h"

namespace danlu::cpu::ref {
namespace {

constexpr size_t kAlign = 64;
size_t aligned(size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

/// The reference kernels of both ops, one after the other.
class MatmulTileKernel final : public Kernel {
 public:
  explicit MatmulTileKernel(const KernelQuery& q) : attrs_(q.attrs_as<MatmulTileAttrs>()) {
    const AttrsPtr matmul_attrs = make_attrs(attrs_.matmul), tile_attrs = make_attrs(attrs_.tile);
    KernelQuery query = q;
    query.op = &matmul_op();
    query.attrs = matmul_attrs.get();
    query.inputs = q.inputs.first(2);
    const auto product =
        query.op->infer({.op_name = query.op->name, .attrs = query.attrs, .inputs = query.inputs});
    query.outputs = product;
    product_bytes_ = aligned(product[0].bytes());
    matmul_ = ref::matmul().prepare(query);
    const auto inputs = with_product(attrs_, q.inputs, product[0]);
    query.op = &tile_op();
    query.attrs = tile_attrs.get();
    query.inputs = inputs;
    query.outputs = q.outputs;
    tile_ = ref::tile().prepare(query);
    pointer_bytes_ = aligned(inputs.size() * sizeof(void*));
  }

  size_t scratch_bytes() const override {
    return product_bytes_ + pointer_bytes_ +
           std::max(matmul_->scratch_bytes(), tile_->scratch_bytes());
  }

  void run(const KernelArgs& args) const override {
    void* product = args.scratch;
    KernelArgs part = args;
    part.scratch = args.scratch + product_bytes_ + pointer_bytes_;
    part.outputs = &product;
    matmul_->run(part);
    const size_t count = attrs_.tile.program.inputs.size();
    auto** inputs = reinterpret_cast<const void**>(args.scratch + product_bytes_);
    for (size_t i = 0, given = 2; i < count; ++i) {
      inputs[i] = i == static_cast<size_t>(attrs_.product) ? product : args.inputs[given++];
    }
    part.inputs = inputs;
    part.outputs = args.outputs;
    tile_->run(part);
  }

 private:
  MatmulTileAttrs attrs_;
  std::unique_ptr<Kernel> matmul_, tile_;
  size_t product_bytes_ = 0, pointer_bytes_ = 0;
};

}  // namespace

KernelDef matmul_tile() {
  return {"ref", takes_everything, [](const KernelQuery& q) -> std::unique_ptr<Kernel> {
            return std::make_unique<MatmulTileKernel>(q);
          }};
}

}  // namespace danlu::cpu::ref
