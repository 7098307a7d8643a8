#include <CLI/CLI.hpp>
#include <memory>
#include "cli/commands.h"
#include "cli/usage.h"
namespace danlu::cli {
void add_demo(CLI::App&, Action&) {}
}  // namespace danlu::cli
