#include "danlu/backends/cpu/simd/elementwise.h"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>

#include "danlu/backends/cpu/simd/tile.h"
#include "danlu/backends/cpu/simple_kernel.h"
#include "danlu/base/thread.h"
#include "danlu/runtime/tile_opcode.h"
#include "danlu/runtime/tile_space.h"

namespace danlu::cpu::simd {
namespace {

bool is_arithmetic(TileOp op) { return op < TileOp::equal && op != TileOp::is_nan; }
bool only_chooses(TileOp op) {
  return op == TileOp::maximum || op == TileOp::minimum || op == TileOp::relu ||
         op == TileOp::logical_not;
}
bool is_float(DType t) { return is_floating(t) && t != DType::float64; }
/// Integers (bool among them) all of which float32 holds.
bool is_short(DType t) { return !is_inexact(t) && size_of(t) <= 2; }

/// A broadcast as blocks of one tile space each. Mostly there is one block; a column in the middle,
/// such as (64, 1, 1, 32) against (64, 8, 8, 32), is a row in each of 64.
struct Blocks {
  TileSpace space;
  std::vector<int64_t> lengths;  ///< of the axes that count the blocks
  /// Elements from one block to the next along each of those axes, by input; 0 where it repeats.
  std::vector<std::vector<int64_t>> steps;

  int64_t count() const {
    return std::accumulate(lengths.begin(), lengths.end(), int64_t{1}, std::multiplies<>());
  }
  int64_t size() const { return space.outer * space.inner; }
  /// Elements of input i before block `block`.
  int64_t offset(size_t i, int64_t block) const {
    int64_t offset = 0;
    for (size_t axis = lengths.size(); axis-- > 0; block /= lengths[axis]) {
      offset += block % lengths[axis] * steps[i][axis];
    }
    return offset;
  }
};

/// The steps of an input along the first `axes` axes of `out`.
std::vector<int64_t> steps_of(const Shape& in, const Shape& out, int axes) {
  std::vector<int64_t> steps(static_cast<size_t>(axes), 0);
  int64_t step = 1;
  for (int axis = in.rank() - 1; axis >= 0; --axis) {
    const int outer = axis + out.rank() - in.rank();
    if (outer < axes && in[axis] != 1) steps[static_cast<size_t>(outer)] = step;
    step *= in[axis];
  }
  return steps;
}

std::optional<Blocks> blocks_of(const KernelQuery& query) {
  constexpr int64_t kSmallest = 32;  ///< elements of a block that are worth a call
  const Shape& out = query.outputs[0].shape;
  for (int axes = 0; axes <= out.rank(); ++axes) {
    const int rest = out.rank() - axes;
    std::vector<Shape> shapes;
    for (const TensorSpec& input : query.inputs) {
      shapes.emplace_back(
          input.shape.dims().last(static_cast<size_t>(std::min(rest, input.shape.rank()))));
    }
    auto space = classify(Shape(out.dims().last(static_cast<size_t>(rest))), shapes);
    if (!space) continue;
    Blocks blocks{.space = std::move(*space)};
    if (axes > 0 && blocks.size() < kSmallest) return std::nullopt;
    blocks.lengths.assign(out.begin(), out.begin() + axes);
    for (const TensorSpec& input : query.inputs) {
      blocks.steps.push_back(steps_of(input.shape, out, axes));
    }
    return blocks;
  }
  return std::nullopt;
}

std::string space_refusal(const KernelQuery& query) {
  if (blocks_of(query)) return "";
  return "an operand is no full, row, column or scalar operand of " +
         query.outputs[0].shape.to_string() + ", nor of blocks of 32 elements";
}

std::string refusal(const KernelQuery& query) {
  const auto op = tile_opcode(*query.op);
  if (!op) return "tiles have no such operation";
  for (const TensorSpec& input : query.inputs) {
    const bool integers_will_do = !is_arithmetic(*op) || only_chooses(*op);
    if (!is_float(input.dtype) && !(integers_will_do && is_short(input.dtype))) {
      return std::string(name(input.dtype)) + " operands are not computed in float32";
    }
  }
  return space_refusal(query);
}

std::unique_ptr<Kernel> one_instruction(const KernelQuery& query, TileOp op) {
  Blocks blocks = *blocks_of(query);
  TileProgram program;
  for (size_t i = 0; i < query.inputs.size(); ++i) {
    program.inputs.push_back({query.inputs[i].dtype, blocks.space.access[i]});
  }
  const int operands = arity(op);
  program.code = {{op, 0, static_cast<uint16_t>(operands > 1 ? 1 : 0),
                   static_cast<uint16_t>(operands > 2 ? 2 : 0)}};
  program.outputs = {
      {query.outputs[0].dtype, TileStore::full, static_cast<uint16_t>(query.inputs.size())}};
  const bool single = blocks.lengths.empty();
  auto kernel = make_tile_kernel(program, {{blocks.space.outer, blocks.space.inner}},
                                 single ? query.threads : 1, query.isa);
  if (single) return kernel;
  const int threads = static_cast<int>(std::clamp<int64_t>(blocks.count(), 1, query.threads));
  const size_t scratch = (kernel->scratch_bytes() + 63) / 64 * 64;
  return simple_kernel(
      [=, blocks = std::move(blocks), program = std::move(program),
       block = std::shared_ptr<const Kernel>(std::move(kernel))](const KernelArgs& args) {
        parallel_chunks(threads, [&](int chunk) {
          const Range range = chunk_range(blocks.count(), threads, chunk);
          std::array<const void*, 3> in;
          KernelArgs part = args;
          part.scratch = args.scratch + scratch * static_cast<size_t>(chunk);
          part.inputs = in.data();
          for (int64_t b = range.begin; b < range.end; ++b) {
            for (size_t i = 0; i < program.inputs.size(); ++i) {
              in[i] = args.in<std::byte>(static_cast<int>(i)) +
                      blocks.offset(i, b) * static_cast<int64_t>(size_of(program.inputs[i].dtype));
            }
            void* out = args.out<std::byte>(0) +
                        b * blocks.size() * static_cast<int64_t>(size_of(program.outputs[0].dtype));
            part.outputs = &out;
            block->run(part);
          }
        });
      },
      scratch * static_cast<size_t>(threads), threads);
}

std::unique_ptr<Kernel> prepare(const KernelQuery& query) {
  return one_instruction(query, *tile_opcode(*query.op));
}

std::string cast_refusal(const KernelQuery& query) {
  const DType from = query.inputs[0].dtype, to = query.outputs[0].dtype;
  for (const DType t : {from, to}) {
    if (t == DType::float64 || is_complex(t)) return "tiles are float32";
  }
  // Floating numbers saturate; integers keep their low bits.
  if (is_float(from) || from == DType::bool_ || to == DType::bool_) return "";
  if (is_short(from) && (is_float(to) || promote(from, to) == to)) return "";
  if (to == DType::float32 || to == DType::bfloat16) return "";
  return "integers pass through float32 inexactly";
}

std::string broadcast_refusal(const KernelQuery& query) {
  if (size_of(query.inputs[0].dtype) != sizeof(float)) return "elements are not 4 bytes long";
  return space_refusal(query);
}

std::unique_ptr<Kernel> prepare_broadcast(const KernelQuery& query) {
  // A copy moves bits, so int32 may pass for float32.
  const TensorSpec in{query.inputs[0].shape, DType::float32};
  const TensorSpec out{query.outputs[0].shape, DType::float32};
  KernelQuery floats = query;
  floats.inputs = {&in, 1};
  floats.outputs = {&out, 1};
  return one_instruction(floats, TileOp::copy);
}

}  // namespace

KernelDef elementwise() { return {"simd", refusal, prepare}; }
KernelDef cast() { return {"simd", cast_refusal, prepare}; }
KernelDef broadcast_to() { return {"simd", broadcast_refusal, prepare_broadcast}; }

}  // namespace danlu::cpu::simd
