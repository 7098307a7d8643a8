#pragma once

namespace danlu::bench {

/// Each adds its measurements to Google Benchmark's list.
void register_kernels();
void register_steps();
void register_tiles();
void register_transforms();

/// What a fresh process runs to be timed from its start: one `cnn` step on in-memory data.
void first_step();

}  // namespace danlu::bench
