#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "danlu/base/text.h"
#include "danlu/core/dtype.h"

/// What layers take from their surroundings when their config does not say: dtype, seeds, names.
namespace danlu {

/// dtype of layers and metrics whose config names none; float32 at first.
DType floatx();
/// Errors: ValueError unless `dtype` is "float32" or "float64".
void set_floatx(std::string_view dtype);

/// Restarts the process-wide sequence of seeds: everything that draws random numbers without a
/// seed of its own (initializers, dropout, shuffling) repeats bit for bit from here on. Without
/// it the sequence starts from the system's entropy.
void set_random_seed(int64_t seed);
/// The next seed of that sequence, in [0, 2^62). Thread-safe.
int64_t next_random_seed();

/// A layer's default name as Keras counts: "dense", "dense_1", … Thread-safe.
std::string automatic_name(std::string_view class_name);
/// Makes automatic names start anew.
void clear_session();

}  // namespace danlu
