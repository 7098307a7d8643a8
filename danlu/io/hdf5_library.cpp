#include "danlu/io/hdf5_library.h"

#include <dlfcn.h>

#include <array>

#include "danlu/base/error.h"

#define DANLU_TEXT_OF(name) #name
#define DANLU_TEXT(name) DANLU_TEXT_OF(name)

namespace danlu {

Hdf5Library::Hdf5Library() {
  // Debian calls the one without MPI libhdf5_serial.
  constexpr std::array<const char*, 7> kNames = {
      "libhdf5_serial.so.103", "libhdf5_serial.so.310", "libhdf5_serial.so", "libhdf5.so.103",
      "libhdf5.so.200",        "libhdf5.so.310",        "libhdf5.so"};
  for (const char* name : kNames) {
    if (open(name)) return;
  }
  if (missing.empty()) missing = "libhdf5 is not installed (Debian: apt-get install libhdf5-dev)";
}

bool Hdf5Library::open(const char* file) {
  void* handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return false;
  missing.clear();
#define DANLU_HDF5_ROUTINE(name)                                                  \
  name##_ = reinterpret_cast<decltype(name##_)>(dlsym(handle, DANLU_TEXT(name))); \
  if (name##_ == nullptr) missing = std::string(file) + " has no " + DANLU_TEXT(name);
#define DANLU_HDF5_ID(name)
#include "danlu/io/hdf5_names.def"
#undef DANLU_HDF5_ROUTINE
#undef DANLU_HDF5_ID
  if (!missing.empty()) return false;
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion_(&major, &minor, &release);
  if (major != H5_VERS_MAJOR || minor != H5_VERS_MINOR) {
    missing = std::string(file) + " is of version " + std::to_string(major) + "." +
              std::to_string(minor) + ", but Danlu was built for " + std::to_string(H5_VERS_MAJOR) +
              "." + std::to_string(H5_VERS_MINOR);
    return false;
  }
  H5open_();
  H5PLset_loading_state_(0);  // no filter or driver is ever loaded from a plug-in
  H5Eset_auto2_(H5E_DEFAULT, nullptr, nullptr);
#define DANLU_HDF5_ROUTINE(name)
#define DANLU_HDF5_ID(name)                   \
  if (const void* id = dlsym(handle, #name))  \
    name##_ = *static_cast<const hid_t*>(id); \
  else                                        \
    missing = std::string(file) + " has no " #name;
#include "danlu/io/hdf5_names.def"
#undef DANLU_HDF5_ROUTINE
#undef DANLU_HDF5_ID
  return missing.empty();
}

const Hdf5Library& hdf5_library() {
  static const Hdf5Library the_library;
  if (!the_library.missing.empty()) {
    throw UnsupportedError({.where = "hdf5",
                            .what = "HDF5 files cannot be read or written: " + the_library.missing,
                            .hint = "install libhdf5, or keep weights in safetensors files"});
  }
  return the_library;
}

}  // namespace danlu
