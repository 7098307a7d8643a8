#pragma once

#include <string>
#include <string_view>

#include "danlu/io/tensor_map.h"

namespace danlu {

/// The safetensors format: an 8-byte length, a JSON header, raw little-endian tensors.
/// dtypes: F32 F64 BF16 I32 I64 U8 BOOL. Source: the format section of the safetensors README.

/// Writes the file atomically (see AtomicFile). Equal maps give equal bytes: the header lists the
/// metadata and then the tensors in the map's order and is padded with spaces to a multiple of 8;
/// the data follows from the widest dtype to the narrowest, so that each tensor is aligned.
/// Errors: IoError; the old file is then unchanged.
void save_safetensors(const std::string& path, const TensorMap& tensors);
/// The bytes that `save_safetensors` writes.
std::string to_safetensors(const TensorMap& tensors);
/// SHA-256, in hexadecimal, of the file that `save_safetensors` writes.
std::string safetensors_sha256(const TensorMap& tensors);

/// Reads a file, with the tensors in the order of its header. Nothing in the file is trusted:
/// sizes are checked before memory is allocated, the tensors must cover the data exactly once.
/// Errors: IoError naming the file, the tensor and the fault.
TensorMap load_safetensors(const std::string& path);
/// Reads from memory; `where` stands for the path in errors.
TensorMap parse_safetensors(std::string_view bytes, const std::string& where = "safetensors");

}  // namespace danlu
