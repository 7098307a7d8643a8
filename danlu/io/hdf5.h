#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "danlu/io/tensor_map.h"

namespace danlu {

/// HDF5 files through libhdf5, which is opened when the first file is read or written.
/// Datasets are tensors, called by their path: "layers/dense/vars/0". dtypes: bool (as h5py writes
/// it), integers of 8 to 64 bits, float16, float32, float64, and bfloat16 (opaque, with the
/// attribute dtype = "bfloat16", as Keras writes it).
/// Source: the HDF5 file format specification; Keras 3 for bfloat16.

/// A text that belongs to a group or a dataset.
struct Hdf5Attribute {
  std::string path;  ///< of a group or a dataset; a group is made where there is none
  std::string key;
  std::string value;
};

/// Reads all datasets, in the order of their names. Nothing in the file is trusted: soft and
/// external links, external and virtual storage, filters beyond deflate, shuffle and fletcher32,
/// datasets that claim more elements than the file stores, loops and everything that is neither a
/// group nor a dataset are refused, no plug-in is ever loaded and no other file is opened.
/// Errors: IoError naming the file and the path inside it; UnsupportedError where libhdf5 is
/// missing.
TensorMap parse_hdf5(std::string_view bytes, const std::string& where = "hdf5");
TensorMap load_hdf5(const std::string& path);

/// The bytes of a file with these tensors and attributes; equal ones give equal bytes.
/// Errors: ValueError for a path that is empty or is both a group and a dataset; DTypeError for
/// complex64; UnsupportedError where libhdf5 is missing.
std::string to_hdf5(const TensorMap& tensors, const std::vector<Hdf5Attribute>& attributes = {});
/// Writes the file atomically (see AtomicFile).
void save_hdf5(const std::string& path, const TensorMap& tensors,
               const std::vector<Hdf5Attribute>& attributes = {});

}  // namespace danlu
