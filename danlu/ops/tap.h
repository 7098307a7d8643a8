#pragma once

#include <map>
#include <span>
#include <string>

#include "danlu/core/array.h"

namespace danlu {

/// `x` itself, under a name by which it can be looked at: activations for histograms, pictures,
/// explanations. Gradients that pass through it are tapped too, as NAME + ".grad". A tap that
/// nobody collects costs nothing: the compiler drops it.
Array tap(const std::string& name, const Array& x);

/// The tapped values among what `outputs` are computed from. Those inside a scan (and fori_loop
/// with numbers, map) are stacked, one for each step; gradients, too. Inside while_loop, cond and
/// remat nothing is collected. A name that occurs again gets "_1", "_2" … at its end, in the order
/// of the computation.
std::map<std::string, Array> collect_taps(std::span<const Array> outputs);

}  // namespace danlu
