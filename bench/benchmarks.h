#pragma once

namespace danlu::bench {

/// Each adds its measurements to Google Benchmark's list.
void register_kernels();

}  // namespace danlu::bench
