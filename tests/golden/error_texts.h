#pragma once

#include <functional>
#include <map>
#include <string>

/// The mistakes of tests/golden/error_cases.py, made with Danlu, by the same names.
namespace danlu::golden {

using Mistakes = std::map<std::string, std::function<void()>>;

/// Inputs that do not fit a layer, and settings that it does not take.
Mistakes mistakes_with_layers();
/// Graphs, training, optimizers and files.
Mistakes mistakes_with_models();

}  // namespace danlu::golden
