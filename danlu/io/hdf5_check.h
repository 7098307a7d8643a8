#pragma once

#include <string>
#include <string_view>

/// What libhdf5 takes at its word and never comes back from is checked before it sees the file.
/// Source: the HDF5 file format specification, version 3.
namespace danlu {

/// The superblock: 8-byte addresses counted from the file's first byte, no driver, no extension,
/// and an end within `bytes`. Errors: IoError naming `where`.
void check_hdf5_superblock(std::string_view bytes, const std::string& where);

/// Every global heap, in which texts of variable length lie: its objects fill it, one behind the
/// other. Of one without end libhdf5 reads for ever. Errors: IoError naming `where`.
void check_hdf5_global_heaps(std::string_view bytes, const std::string& where);

}  // namespace danlu
