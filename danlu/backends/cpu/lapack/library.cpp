#include "danlu/backends/cpu/lapack/library.h"

#include <dlfcn.h>

#include <array>

namespace danlu::cpu::lapack {
namespace {

/// The opened library and its routines, or what was missing.
struct Library {
  std::string missing;
  Routines<float> narrow{};
  Routines<double> wide{};

  Library() {
#ifdef DANLU_NO_OPENMP
    missing = "the thread sanitizer cannot see into the threads of LAPACK";
    return;
#endif
    constexpr std::array<const char*, 3> kNames = {"libopenblas.so.0", "liblapack.so.3",
                                                   "liblapack.so"};
    void* handle = nullptr;
    for (const char* name : kNames) {
      handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
      if (handle != nullptr) break;
    }
    if (handle == nullptr) {
      missing = "LAPACK is not installed (Debian: apt-get install libopenblas0-openmp)";
      return;
    }
    fill(handle, 's', narrow);
    fill(handle, 'd', wide);
  }

 private:
  template <class T>
  void fill(void* handle, char prefix, Routines<T>& to) {
    const auto find = [&](auto& pointer, const char* routine) {
      const std::string symbol = prefix + std::string(routine) + "_";
      pointer = reinterpret_cast<std::decay_t<decltype(pointer)>>(dlsym(handle, symbol.c_str()));
      if (pointer == nullptr) missing = "the LAPACK library has no " + symbol;
    };
    find(to.potrf, "potrf");
    find(to.getrf, "getrf");
    find(to.getrs, "getrs");
    find(to.trsm, "trsm");
    find(to.geqrf, "geqrf");
    find(to.orgqr, "orgqr");
    find(to.gesdd, "gesdd");
    find(to.syevd, "syevd");
    find(to.geev, "geev");
  }
};

const Library& library() {
  static const Library the_library;
  return the_library;
}

}  // namespace

const std::string& missing() { return library().missing; }
template <>
const Routines<float>& routines<float>() {
  return library().narrow;
}
template <>
const Routines<double>& routines<double>() {
  return library().wide;
}

std::mutex& entrance() {
  static std::mutex the_entrance;
  return the_entrance;
}

}  // namespace danlu::cpu::lapack
