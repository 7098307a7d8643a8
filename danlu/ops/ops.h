#pragma once

/// Every op function: `danlu::exp`, `danlu::sum`, `danlu::conv2d`, ….
#include "danlu/ops/control_flow.h"
#include "danlu/ops/conv.h"
#include "danlu/ops/creation.h"
#include "danlu/ops/elementwise.h"
#include "danlu/ops/fft.h"
#include "danlu/ops/image.h"
#include "danlu/ops/indexing.h"
#include "danlu/ops/linalg.h"
#include "danlu/ops/manipulation.h"
#include "danlu/ops/matmul.h"
#include "danlu/ops/nn.h"
#include "danlu/ops/products.h"
#include "danlu/ops/random.h"
#include "danlu/ops/reduction.h"
#include "danlu/ops/sorting.h"
