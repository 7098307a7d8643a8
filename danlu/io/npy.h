#pragma once

#include <string>
#include <string_view>

#include "danlu/core/host_tensor.h"
#include "danlu/io/tensor_map.h"

namespace danlu {

/// NumPy's files: one array (`.npy`), or a zip archive of them by name (`.npz`).
/// dtypes: bool, integers of 8 to 64 bits, float16, float32, float64, complex64; both byte orders
/// and both memory orders are read. Pickled objects are refused: reading them would run code.
/// Source: the format section of NumPy's documentation (numpy.lib.format).

/// Errors: IoError naming the file and the fault.
HostTensor load_npy(const std::string& path);
HostTensor parse_npy(std::string_view bytes, const std::string& where = "npy");

/// Writes the file atomically (see AtomicFile). Errors: IoError; DTypeError for bfloat16, which
/// NumPy does not have.
void save_npy(const std::string& path, const HostTensor& tensor);
/// The bytes that `save_npy` writes.
std::string to_npy(const HostTensor& tensor);

/// Names are without ".npy". Errors: IoError.
TensorMap load_npz(const std::string& path);
TensorMap parse_npz(std::string_view bytes, const std::string& where = "npz");
void save_npz(const std::string& path, const TensorMap& tensors);
std::string to_npz(const TensorMap& tensors);

}  // namespace danlu
