#include "danlu/backends/cpu/simd/tile.h"

#include <algorithm>
#include <cstring>

#include "danlu/backends/cpu/simd/tile_plan.h"
#include "danlu/base/thread.h"

namespace danlu::cpu::simd {
namespace {

/// How the tiles lie in one space.
struct Grid {
  int64_t outer = 0, inner = 0;
  int64_t rows = 0;           ///< whole rows of a tile; 0: tiles are parts of a row
  int64_t tile = 0;           ///< elements of a tile
  int64_t tiles_per_row = 1;  ///< where tiles are parts of a row
  int64_t tiles = 0;
};

Grid make_grid(const TilePlan& plan, const TileAttrs::Space& space) {
  Grid grid{.outer = space.outer, .inner = space.inner};
  if (plan.is_flat()) {
    grid.inner *= grid.outer;
    grid.outer = 1;
  }
  if (grid.outer == 0 || grid.inner == 0) return grid;
  if (grid.inner <= plan.tile) {
    grid.rows = std::min(grid.outer, plan.tile / grid.inner);
    grid.tile = grid.rows * grid.inner;
    grid.tiles = (grid.outer + grid.rows - 1) / grid.rows;
  } else {
    grid.tile = plan.tile;
    grid.tiles_per_row = (grid.inner + grid.tile - 1) / grid.tile;
    grid.tiles = grid.outer * grid.tiles_per_row;
  }
  return grid;
}

/// Tiles [begin, end) of one space, run by one chunk.
struct Part {
  uint32_t space = 0;
  int64_t begin = 0, end = 0;
  size_t partial = 0;  ///< where its sums are, in doubles
};

int64_t num_elements(const std::vector<TileAttrs::Space>& spaces) {
  int64_t elements = 0;
  for (const TileAttrs::Space& space : spaces) elements += space.outer * space.inner;
  return elements;
}

class TileKernel final : public Kernel {
 public:
  TileKernel(const TileProgram& program, const std::vector<TileAttrs::Space>& spaces, int threads,
             Isa isa, TileCode code)
      : plan_(program, isa, code, num_elements(spaces)) {
    int64_t tiles = 0;
    for (const TileAttrs::Space& space : spaces) {
      grids_.push_back(make_grid(plan_, space));
      tiles += grids_.back().tiles;
    }
    cut(std::clamp<int64_t>(tiles, 1, threads));
    lay_out_scratch();
  }

  int threads() const override { return static_cast<int>(chunks_.size()); }
  size_t scratch_bytes() const override {
    return chunks_.size() * chunk_bytes_ + num_partials_ * sizeof(double);
  }
  bool may_alias(int output, int input) const override {
    const uint32_t o = static_cast<uint32_t>(output), i = static_cast<uint32_t>(input);
    return o / plan_.num_outputs == i / plan_.num_inputs &&
           plan_.alias[o % plan_.num_outputs * plan_.num_inputs + i % plan_.num_inputs];
  }

  void run(const KernelArgs& args) const override {
    parallel_chunks(threads(), [&](int chunk) {
      for (const Part& part : chunks_[static_cast<size_t>(chunk)]) {
        run_part(args, part, args.scratch + static_cast<size_t>(chunk) * chunk_bytes_);
      }
    });
    if (!plan_.reductions.empty()) combine(args);
  }

 private:
  void cut(int64_t chunks);
  void lay_out_scratch();
  void run_part(const KernelArgs& args, const Part& part, std::byte* scratch) const;
  void prepare_part(const KernelArgs& args, const Part& part, std::byte* scratch,
                    float** regs) const;
  void lay_out_columns(const KernelArgs& args, const Part& part, int64_t row, int64_t rows,
                       float** regs) const;
  void place_rows(const KernelArgs& args, const Part& part, int64_t segment, size_t n,
                  float** regs) const;
  void place_streams(const KernelArgs& args, const Part& part, int64_t offset, float** regs) const;
  void reduce(const KernelArgs& args, const Part& part, int64_t row, int64_t segment, int64_t n,
              float* const* regs, double* partials) const;
  void combine(const KernelArgs& args) const;

  const std::byte* input(const KernelArgs& args, uint32_t space, uint32_t i) const {
    return static_cast<const std::byte*>(args.inputs[space * plan_.num_inputs + i]);
  }
  std::byte* output(const KernelArgs& args, uint32_t space, uint32_t o) const {
    return static_cast<std::byte*>(args.outputs[space * plan_.num_outputs + o]);
  }
  double* partials(const KernelArgs& args) const {
    return reinterpret_cast<double*>(args.scratch + chunks_.size() * chunk_bytes_);
  }
  /// Doubles one part needs for one reduction.
  static size_t partial_size(const TilePlan::Reduction& reduction, const Grid& grid) {
    return reduction.store == TileStore::sum_outer ? static_cast<size_t>(grid.inner) : 1;
  }

  TilePlan plan_;
  std::vector<Grid> grids_;
  std::vector<std::vector<Part>> chunks_;
  size_t num_partials_ = 0;
  // Byte offsets in a chunk's scratch.
  size_t uniform_offset_ = 0, laid_out_offset_ = 0, buffer_offset_ = 0, chunk_bytes_ = 0;
};

/// Cuts the spaces' tiles, one after another, into chunks of about equal numbers of elements.
void TileKernel::cut(int64_t chunks) {
  int64_t total = 0;
  for (const Grid& grid : grids_) total += grid.tiles * grid.tile;
  chunks_.resize(static_cast<size_t>(chunks));
  int64_t before = 0;
  for (uint32_t s = 0; s < grids_.size(); ++s) {
    const Grid& grid = grids_[s];
    const int64_t grain = plan_.reduces_inner() ? grid.tiles_per_row : 1;
    int64_t begin = 0;
    for (int64_t c = 0; c < chunks; ++c) {
      int64_t end = grid.tiles;
      if (c + 1 < chunks && grid.tiles > 0) {
        const int64_t wanted = total / chunks * (c + 1) - before;
        const int64_t step = grid.tile * grain;
        end = std::clamp<int64_t>((wanted + step / 2) / step * grain, begin, grid.tiles);
      }
      // A space without elements still has sums to write: zeros, from no part at all.
      if (end > begin) {
        chunks_[static_cast<size_t>(c)].push_back({s, begin, end, num_partials_});
        for (const TilePlan::Reduction& reduction : plan_.reductions) {
          num_partials_ += partial_size(reduction, grid);
        }
      }
      begin = end;
    }
    before += grid.tiles * grid.tile;
  }
}

void TileKernel::lay_out_scratch() {
  const size_t tile_bytes = static_cast<size_t>(plan_.tile) * sizeof(float);
  uniform_offset_ = plan_.pointer_bytes();
  laid_out_offset_ = uniform_offset_ + plan_.uniform_registers.size() * kUniform * sizeof(float);
  buffer_offset_ = laid_out_offset_ + (plan_.rows.size() + plan_.columns.size()) * tile_bytes;
  chunk_bytes_ = buffer_offset_ + plan_.num_slots * tile_bytes;
}

/// Everything that all tiles of a part share: addresses, uniform values, repeated rows.
void TileKernel::prepare_part(const KernelArgs& args, const Part& part, std::byte* scratch,
                              float** regs) const {
  const Grid& grid = grids_[part.space];
  plan_.place_uniform(args.inputs + part.space * plan_.num_inputs,
                      reinterpret_cast<float*>(scratch + uniform_offset_), regs);
  float* laid_out = reinterpret_cast<float*>(scratch + laid_out_offset_);
  for (const TilePlan::Load& load : plan_.rows) {
    regs[load.input] = laid_out;
    if (grid.rows > 0) {
      load.convert(input(args, part.space, load.input), laid_out, static_cast<size_t>(grid.inner));
      for (int64_t r = 1; r < grid.rows; ++r) {
        std::memcpy(laid_out + r * grid.inner, laid_out,
                    static_cast<size_t>(grid.inner) * sizeof(float));
      }
    }
    laid_out += plan_.tile;
  }
  for (const TilePlan::Load& load : plan_.columns) {
    regs[load.input] = laid_out;
    laid_out += plan_.tile;
  }
  float* buffers = reinterpret_cast<float*>(scratch + buffer_offset_);
  for (const TilePlan::Buffer& buffer : plan_.buffers) {
    regs[buffer.reg] = buffers + buffer.slot * plan_.tile;
  }
}

void TileKernel::lay_out_columns(const KernelArgs& args, const Part& part, int64_t row,
                                 int64_t rows, float** regs) const {
  const Grid& grid = grids_[part.space];
  for (const TilePlan::Load& load : plan_.columns) {
    float* to = regs[load.input];
    const std::byte* from =
        input(args, part.space, load.input) + static_cast<size_t>(row) * load.element_size;
    for (int64_t r = 0; r < rows; ++r, from += load.element_size) {
      float value;
      load.convert(from, &value, 1);
      // A tile within one row needs no more than a uniform operand.
      const int64_t count = grid.rows > 0 ? grid.inner : static_cast<int64_t>(kUniform);
      std::fill_n(to, count, value);
      to += count;
    }
  }
}

/// The part of each row operand that a tile within one row covers.
void TileKernel::place_rows(const KernelArgs& args, const Part& part, int64_t segment, size_t n,
                            float** regs) const {
  for (const TilePlan::Load& load : plan_.rows) {
    const std::byte* from =
        input(args, part.space, load.input) + static_cast<size_t>(segment) * load.element_size;
    if (load.is_float) {
      regs[load.input] = const_cast<float*>(reinterpret_cast<const float*>(from));
    } else {
      load.convert(from, regs[load.input], n);
    }
  }
}

void TileKernel::place_streams(const KernelArgs& args, const Part& part, int64_t offset,
                               float** regs) const {
  plan_.place_streams(args.inputs + part.space * plan_.num_inputs,
                      args.outputs + part.space * plan_.num_outputs, offset, regs);
}

void TileKernel::run_part(const KernelArgs& args, const Part& part, std::byte* scratch) const {
  const Grid& grid = grids_[part.space];
  float** regs = reinterpret_cast<float**>(scratch);
  prepare_part(args, part, scratch, regs);
  if (plan_.is_streaming()) {
    const int64_t begin = part.begin * grid.tile;
    place_streams(args, part, begin, regs);
    const int64_t end = std::min(part.end * grid.tile, grid.inner);
    plan_.stages[0].code[0](regs, static_cast<size_t>(end - begin));
    return;
  }
  double* sums = partials(args) + part.partial;
  if (!plan_.reductions.empty()) {
    size_t count = 0;
    for (const TilePlan::Reduction& reduction : plan_.reductions) {
      count += partial_size(reduction, grid);
    }
    std::fill_n(sums, count, 0.0);
  }

  const bool whole_rows = grid.rows > 0;
  const size_t mode = whole_rows ? 0 : 1;
  int64_t row = whole_rows ? part.begin * grid.rows : part.begin / grid.tiles_per_row;
  int64_t segment = whole_rows ? 0 : part.begin % grid.tiles_per_row * grid.tile;
  for (int64_t t = part.begin; t < part.end; ++t) {
    const int64_t rows = whole_rows ? std::min(grid.rows, grid.outer - row) : 1;
    const int64_t n = whole_rows ? rows * grid.inner : std::min(grid.tile, grid.inner - segment);
    const int64_t offset = row * grid.inner + segment;
    const size_t count = static_cast<size_t>(n);
    place_streams(args, part, offset, regs);
    for (const TilePlan::Load& load : plan_.full) {
      load.convert(
          input(args, part.space, load.input) + static_cast<size_t>(offset) * load.element_size,
          regs[load.input], count);
    }
    if (!plan_.columns.empty()) lay_out_columns(args, part, row, rows, regs);
    if (!whole_rows) place_rows(args, part, segment, count, regs);
    for (const TilePlan::Stage& stage : plan_.stages) {
      if (stage.code[mode] != nullptr) {
        stage.code[mode](regs, count);
        continue;
      }
      const TileStep& step = plan_.steps[stage.begin];
      step.loop(regs[step.a], regs[step.b], regs[step.c], regs[step.out], count,
                step.uniform[mode]);
    }
    for (const TilePlan::Store& store : plan_.stores) {
      store.convert(
          regs[store.reg],
          output(args, part.space, store.output) + static_cast<size_t>(offset) * store.element_size,
          count);
    }
    if (!plan_.reductions.empty()) reduce(args, part, row, segment, n, regs, sums);
    segment += grid.tile;
    if (whole_rows || segment >= grid.inner) {
      row += rows;
      segment = 0;
    }
  }
}

/// Adds one tile to the partial results; rows that end here are written.
void TileKernel::reduce(const KernelArgs& args, const Part& part, int64_t row, int64_t segment,
                        int64_t n, float* const* regs, double* sums) const {
  const Grid& grid = grids_[part.space];
  const int64_t width = std::min(n, grid.inner);
  const int64_t rows = n / width;
  for (const TilePlan::Reduction& reduction : plan_.reductions) {
    const float* x = regs[reduction.reg];
    std::byte* out = output(args, part.space, reduction.output);
    const auto finish = [&](int64_t at, double value) {
      const float single = static_cast<float>(value);
      reduction.convert(&single, out + static_cast<size_t>(at) * reduction.element_size, 1);
    };
    switch (reduction.store) {
      case TileStore::sum_all:
        sums[0] += plan_.table->sum(x, static_cast<size_t>(n));
        break;
      case TileStore::sum_outer:
        plan_.table->sum_rows(x, static_cast<size_t>(rows), static_cast<size_t>(width),
                              sums + segment);
        break;
      case TileStore::sum_inner:
        for (int64_t r = 0; r < rows; ++r) {
          const double sum = plan_.table->sum(x + r * width, static_cast<size_t>(width));
          sums[0] = segment == 0 ? sum : sums[0] + sum;
          if (segment + width == grid.inner) finish(row + r, sums[0]);
        }
        break;
      case TileStore::max_inner:
        for (int64_t r = 0; r < rows; ++r) {
          const double most = plan_.table->max(x + r * width, static_cast<size_t>(width));
          if (segment == 0 || most > sums[0] || most != most) sums[0] = most;
          if (segment + width == grid.inner) finish(row + r, sums[0]);
        }
        break;
      case TileStore::full:
        break;
    }
    sums += partial_size(reduction, grid);
  }
}

/// Adds the parts' sums in their order and writes them. A space without elements has no part: its
/// sums are zeros.
void TileKernel::combine(const KernelArgs& args) const {
  for (uint32_t s = 0; s < grids_.size(); ++s) {
    const Grid& grid = grids_[s];
    size_t offset = 0;
    for (const TilePlan::Reduction& reduction : plan_.reductions) {
      const size_t size = partial_size(reduction, grid);
      std::byte* out = output(args, s, reduction.output);
      double* sums = nullptr;
      for (const std::vector<Part>& chunk : chunks_) {
        for (const Part& part : chunk) {
          if (part.space != s) continue;
          double* own = partials(args) + part.partial + offset;
          if (sums == nullptr) {
            sums = own;
          } else {
            for (size_t j = 0; j < size; ++j) sums[j] += own[j];
          }
        }
      }
      const bool rowwise =
          reduction.store == TileStore::sum_inner || reduction.store == TileStore::max_inner;
      if (!rowwise || sums == nullptr) {
        const size_t count = rowwise ? static_cast<size_t>(grid.outer) : size;
        for (size_t j = 0; j < count; ++j) {
          const float single = sums == nullptr ? 0.0f : static_cast<float>(sums[j]);
          if (reduction.is_float) {
            std::memcpy(out + j * sizeof(float), &single, sizeof(float));
          } else {
            reduction.convert(&single, out + j * reduction.element_size, 1);
          }
        }
      }
      offset += size;
    }
  }
}

bool has_basic_run(const TileProgram& program) {
  const auto basic = [](const TileInstr& instr) { return jit::can_generate(instr.op); };
  return std::adjacent_find(program.code.begin(), program.code.end(),
                            [&](const TileInstr& x, const TileInstr& y) {
                              return basic(x) && basic(y);
                            }) != program.code.end();
}

}  // namespace

std::string tile_refusal(const TileProgram& program) {
  for (const TileInput& input : program.inputs) {
    if (size_of(input.dtype) == 8 && !is_integer(input.dtype)) {
      return "an input is " + std::string(name(input.dtype)) + "; tiles are float32";
    }
  }
  for (const TileOutput& output : program.outputs) {
    if (size_of(output.dtype) == 8 && !is_integer(output.dtype)) {
      return "an output is " + std::string(name(output.dtype)) + "; tiles are float32";
    }
  }
  return "";
}

std::unique_ptr<Kernel> make_tile_kernel(const TileProgram& program,
                                         const std::vector<TileAttrs::Space>& spaces, int threads,
                                         Isa isa, TileCode code) {
  return std::make_unique<TileKernel>(program, spaces, threads, isa, code);
}

KernelDef generated_tile() {
  return {.name = "jit",
          .refusal =
              [](const KernelQuery& query) {
                const TileProgram& program = query.attrs_as<TileAttrs>().program;
                std::string refusal = tile_refusal(program);
                if (refusal.empty()) refusal = jit::code_refusal(query.isa);
                if (refusal.empty() && !has_basic_run(program)) {
                  refusal = "no two basic operations stand in a row";
                }
                return refusal;
              },
          .prepare =
              [](const KernelQuery& query) {
                const TileAttrs& attrs = query.attrs_as<TileAttrs>();
                return make_tile_kernel(attrs.program, attrs.spaces, query.threads, query.isa,
                                        TileCode::generated);
              }};
}

KernelDef tile() {
  return {.name = "simd",
          .refusal =
              [](const KernelQuery& query) {
                return tile_refusal(query.attrs_as<TileAttrs>().program);
              },
          .prepare =
              [](const KernelQuery& query) {
                const TileAttrs& attrs = query.attrs_as<TileAttrs>();
                return make_tile_kernel(attrs.program, attrs.spaces, query.threads, query.isa);
              }};
}

}  // namespace danlu::cpu::simd
