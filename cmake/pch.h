// Precompiled for the library. Only headers that nearly every file includes and that seldom change.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "danlu/base/error.h"
#include "danlu/core/dtype.h"
#include "danlu/core/shape.h"
