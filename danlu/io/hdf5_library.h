#pragma once

#include <hdf5.h>

#include <string>

// libhdf5, opened when the first HDF5 file is read or written: what does not read any starts, and
// is installed, without.

namespace danlu {

struct Hdf5Library {
  std::string missing;  ///< why it cannot be used
#define DANLU_HDF5_ROUTINE(name) decltype(&::name) name##_ = nullptr;
#define DANLU_HDF5_ID(name) hid_t name##_ = -1;
#include "danlu/io/hdf5_names.def"
#undef DANLU_HDF5_ROUTINE
#undef DANLU_HDF5_ID

  Hdf5Library();

 private:
  bool open(const char* file);
};

/// Errors: UnsupportedError when the library is not installed, or of another version.
const Hdf5Library& hdf5_library();

}  // namespace danlu
