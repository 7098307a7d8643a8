#pragma once

#include <cstdint>

#include "danlu/runtime/kernel.h"

namespace danlu::cpu::simd {

/// float32 steps of lstm and gru: each thread takes rows of the batch through all steps. The
/// recurrent product and the gates of a few rows and a vector of units stay in registers.
KernelDef lstm();
KernelDef lstm_backward();
KernelDef gru();
KernelDef gru_backward();

/// One step of `rows` sequences. Sequences are `time` rows apart; states in scratch are rows of
/// `stride` elements, a multiple of the vectors' length.
struct RecurrentStep {
  int64_t rows = 0, units = 0, time = 0, stride = 0;
  const float* weights = nullptr;  ///< packed
  const uint8_t* mask = nullptr;   ///< of the first row's step, or null

  const float* input = nullptr;  ///< (gates · units): projected inputs
  const float* bias = nullptr;   ///< gru: of the recurrent product
  float* gates = nullptr;
  const float* before = nullptr;  ///< scratch: states before
  float* after = nullptr;         ///< scratch: states behind
  float* cells = nullptr;         ///< scratch, lstm
  float* states_out = nullptr;    ///< (units)
  float* cells_out = nullptr;     ///< lstm
};

/// One step backwards.
struct RecurrentGradientStep {
  int64_t rows = 0, units = 0, time = 0, stride = 0;
  const float* weights = nullptr;  ///< packed, transposed
  const uint8_t* mask = nullptr;

  const float* gates = nullptr;
  const float* states = nullptr;  ///< lstm: cell states of the step, which gru does not need
  const float* before = nullptr;  ///< lstm: cell states before, gru: states before
  int64_t before_row = 0;
  const float* grad = nullptr;       ///< of the step's states
  const float* cell_grad = nullptr;  ///< of its cell states, or null
  float* state_carry = nullptr;      ///< scratch
  float* cell_carry = nullptr;       ///< scratch, lstm
  float* out = nullptr;              ///< gradients of the projected inputs
  float* recurrent_out = nullptr;    ///< gru: of the recurrent product
};

/// The loops for one ISA.
struct RecurrentLoops {
  int lanes = 0;
  void (*lstm)(const RecurrentStep&) = nullptr;
  void (*gru)(const RecurrentStep&) = nullptr;
  void (*lstm_backward)(const RecurrentGradientStep&) = nullptr;
  void (*gru_backward)(const RecurrentGradientStep&) = nullptr;
};
const RecurrentLoops& recurrent_loops(Isa isa);

/// Vectors of units whose gradients are computed together.
inline constexpr int kGradientVectors = 4;

}  // namespace danlu::cpu::simd
