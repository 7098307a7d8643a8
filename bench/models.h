#pragma once

#include "danlu/danlu.h"

/// The networks that the benchmarks train, and made-up data of their shapes.
namespace danlu::bench {

/// The course's convolutional network (listing 001_1), compiled with Adam.
Sequential cnn();
/// 2-8-1 with tanh and sigmoid, compiled with SGD.
Sequential xor_network();

/// Floating-point operations of one training step of `cnn` per image: two per multiply-add of the
/// convolutions and products, forward, towards the weights, and towards the inputs but the image.
double cnn_step_flops(int64_t batch);

DataSplit images(int64_t count);
DataSplit xor_samples();

}  // namespace danlu::bench
