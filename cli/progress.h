#pragma once

#include <cstdint>

#include "danlu/train/progress_bar.h"

namespace danlu::cli {

/// The progress of a run on stderr. Where that is no terminal, epochs that end within half a second
/// of the last line get none, the last one excepted: a thousand short epochs fill no log.
ProgressBar progress(int64_t epochs);

}  // namespace danlu::cli
