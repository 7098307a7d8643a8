#include "danlu/io/hdf5.h"

#include <dlfcn.h>
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <set>
#include <utility>

#include "danlu/base/error.h"
#include "danlu/base/file.h"
#include "danlu/io/hdf5_check.h"
#include "danlu/io/hdf5_chunks.h"

namespace danlu {
namespace {

// The header's own constants for these call the library.
constexpr unsigned kReadOnly = 0, kTruncate = 2;

#define DANLU_TEXT_OF(name) #name
#define DANLU_TEXT(name) DANLU_TEXT_OF(name)

struct Library {
  std::string missing;  ///< why it cannot be used
#define DANLU_HDF5_ROUTINE(name) decltype(&::name) name##_ = nullptr;
#define DANLU_HDF5_ID(name) hid_t name##_ = -1;
#include "danlu/io/hdf5_names.def"
#undef DANLU_HDF5_ROUTINE
#undef DANLU_HDF5_ID

  Library();

 private:
  bool open(const char* file);
};

Library::Library() {
  // Debian calls the one without MPI libhdf5_serial.
  constexpr std::array<const char*, 7> kNames = {
      "libhdf5_serial.so.103", "libhdf5_serial.so.310", "libhdf5_serial.so", "libhdf5.so.103",
      "libhdf5.so.200",        "libhdf5.so.310",        "libhdf5.so"};
  for (const char* name : kNames) {
    if (open(name)) return;
  }
  if (missing.empty()) missing = "libhdf5 is not installed (Debian: apt-get install libhdf5-dev)";
}

bool Library::open(const char* file) {
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

const Library& library() {
  static const Library the_library;
  if (!the_library.missing.empty()) {
    throw UnsupportedError({.where = "hdf5",
                            .what = "HDF5 files cannot be read or written: " + the_library.missing,
                            .hint = "install libhdf5, or keep weights in safetensors files"});
  }
  return the_library;
}

/// libhdf5 is not safe for threads.
std::mutex& entrance() {
  static std::mutex the_entrance;
  return the_entrance;
}

/// Something of libhdf5's that has to be closed.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator hid_t() const { return id_; }
  bool ok() const { return id_ >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

/// What libhdf5 says of its last failure, the innermost reason.
std::string last_failure(const Library& h) {
  std::string text;
  h.H5Ewalk2_(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned n, const H5E_error2_t* error, void* out) -> herr_t {
        if (n == 0 && error->desc != nullptr) *static_cast<std::string*>(out) = error->desc;
        return 0;
      },
      &text);
  return text;
}

struct Number {
  DType dtype;
  hid_t little, big;
};

std::array<Number, 10> numbers(const Library& h) {
  return {{{DType::float32, h.H5T_IEEE_F32LE_g_, h.H5T_IEEE_F32BE_g_},
           {DType::float64, h.H5T_IEEE_F64LE_g_, h.H5T_IEEE_F64BE_g_},
           {DType::int32, h.H5T_STD_I32LE_g_, h.H5T_STD_I32BE_g_},
           {DType::int64, h.H5T_STD_I64LE_g_, h.H5T_STD_I64BE_g_},
           {DType::int16, h.H5T_STD_I16LE_g_, h.H5T_STD_I16BE_g_},
           {DType::int8, h.H5T_STD_I8LE_g_, h.H5T_STD_I8BE_g_},
           {DType::uint8, h.H5T_STD_U8LE_g_, h.H5T_STD_U8BE_g_},
           {DType::uint16, h.H5T_STD_U16LE_g_, h.H5T_STD_U16BE_g_},
           {DType::uint32, h.H5T_STD_U32LE_g_, h.H5T_STD_U32BE_g_},
           {DType::uint64, h.H5T_STD_U64LE_g_, h.H5T_STD_U64BE_g_}}};
}

/// IEEE's 16 bits, which the library has no name for.
hid_t float16_type(const Library& h) {
  const hid_t type = h.H5Tcopy_(h.H5T_IEEE_F32LE_g_);
  h.H5Tset_fields_(type, 15, 10, 5, 0, 10);
  h.H5Tset_size_(type, 2);
  h.H5Tset_ebias_(type, 15);
  return type;
}

/// h5py's bool.
hid_t bool_type(const Library& h) {
  const hid_t type = h.H5Tenum_create_(h.H5T_STD_I8LE_g_);
  const int8_t values[] = {0, 1};
  h.H5Tenum_insert_(type, "FALSE", &values[0]);
  h.H5Tenum_insert_(type, "TRUE", &values[1]);
  return type;
}

class Reader {
 public:
  Reader(const Library& library, std::string_view bytes, const std::string& where)
      : h(library), bytes_(bytes), where_(where) {}

  TensorMap read() {
    check_hdf5_superblock(bytes_, where_);
    const Handle access(h.H5Pcreate_(h.H5P_CLS_FILE_ACCESS_ID_g_), h.H5Pclose_);
    constexpr size_t kIncrement = 1 << 16;
    h.H5Pset_fapl_core_(access, kIncrement, 0);
    if (h.H5Pset_file_image_(access, const_cast<char*>(bytes_.data()), bytes_.size()) < 0) {
      broken("", "The file does not fit into memory");
    }
    // A path that cannot exist: the library looks whether there is such a file.
    const Handle file(h.H5Fopen_("/dev/null/image", kReadOnly, access), h.H5Fclose_);
    if (!file.ok()) broken("", "The HDF5 file is damaged");
    const Handle root(h.H5Oopen_(file, "/", H5P_DEFAULT), h.H5Oclose_);
    if (!root.ok() || h.H5Iget_type_(root) != H5I_GROUP) broken("", "The HDF5 file is damaged");
    visit(root, "", 0);
    return std::move(tensors_);
  }

 private:
  static constexpr int kMaxDepth = 32;
  static constexpr size_t kMaxName = 1024;
  static constexpr size_t kLeastObject = 16;  ///< bytes of the smallest object header
  static constexpr uint64_t kBombFloor = 16 << 20, kMaxRatio = 100;

  [[noreturn]] void fail(const std::string& path, const std::string& what,
                         const std::string& expected = "", const std::string& received = "") const {
    throw IoError({.where = path.empty() ? where_ : where_ + "/" + path,
                   .what = what,
                   .expected = expected,
                   .received = received});
  }
  /// The same with the library's own reason.
  [[noreturn]] void broken(const std::string& path, const std::string& what) const {
    const std::string reason = last_failure(h);
    fail(path, reason.empty() ? what : what + " (" + reason + ")");
  }

  struct Link {
    std::string name;
    H5L_type_t type;
  };
  struct Links {
    std::vector<Link> found;
    size_t most;
  };

  static herr_t collect(hid_t, const char* name, const H5L_info_t* info, void* data) {
    auto& links = *static_cast<Links*>(data);
    if (links.found.size() >= links.most) return -1;
    links.found.push_back({std::string(name, strnlen(name, kMaxName + 1)), info->type});
    return 0;
  }

  void visit(hid_t group, const std::string& path, int depth) {
    if (depth > kMaxDepth) fail(path, "Groups lie too deep inside each other, or in a loop");
    Links links{.found = {}, .most = bytes_.size() / kLeastObject};
    hsize_t start = 0;
    if (h.H5Literate_(group, H5_INDEX_NAME, H5_ITER_INC, &start, collect, &links) < 0) {
      broken(path, "The HDF5 group is damaged");
    }
    for (const auto& [name, type] : links.found) {
      if (name.empty() || name == "." || name == ".." || name.size() > kMaxName ||
          name.find('/') != name.npos) {
        fail(path, "The HDF5 group has a member whose name is no plain name");
      }
      const std::string child = path.empty() ? name : path + "/" + name;
      if (type == H5L_TYPE_SOFT) fail(child, "This is a soft link, which is not followed");
      if (type == H5L_TYPE_EXTERNAL) {
        fail(child, "This is a link into another file, which is not opened");
      }
      if (type != H5L_TYPE_HARD) fail(child, "This is a link of a kind that is not followed");
      if (++objects_ > bytes_.size() / kLeastObject) {
        fail(child, "The HDF5 file claims more objects than it has room for");
      }
      const Handle object(h.H5Oopen_(group, name.c_str(), H5P_DEFAULT), h.H5Oclose_);
      if (!object.ok()) broken(child, "The HDF5 object is damaged");
      switch (h.H5Iget_type_(object)) {
        case H5I_GROUP:
          visit(object, child, depth + 1);
          break;
        case H5I_DATASET:
          read_dataset(object, child);
          break;
        default:
          fail(child, "This is neither a group nor a dataset");
      }
    }
  }

  void read_dataset(hid_t dataset, const std::string& path) {
    const Handle created(h.H5Dget_create_plist_(dataset), h.H5Pclose_);
    if (!created.ok()) broken(path, "The HDF5 dataset is damaged");
    const H5D_layout_t layout = h.H5Pget_layout_(created);
    if (layout == H5D_VIRTUAL) {
      fail(path, "This dataset is virtual: its data lies in other files, which are not opened");
    }
    if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED) {
      broken(path, "The HDF5 dataset's layout is damaged");
    }
    if (h.H5Pget_external_count_(created) != 0) {
      fail(path, "This dataset's data lies in another file, which is not opened");
    }
    const int filter_count = h.H5Pget_nfilters_(created);
    if (filter_count < 0) broken(path, "The HDF5 dataset's filters are damaged");
    std::vector<Hdf5Filter> filters;
    for (int i = 0; i < filter_count; ++i) {
      unsigned flags = 0, config = 0;
      size_t values = 0;
      const H5Z_filter_t filter = h.H5Pget_filter2_(created, static_cast<unsigned>(i), &flags,
                                                    &values, nullptr, 0, nullptr, &config);
      if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE &&
          filter != H5Z_FILTER_FLETCHER32) {
        fail(path, "This dataset needs a filter that is not loaded",
             "deflate, shuffle or fletcher32", "filter " + std::to_string(filter));
      }
      filters.push_back(static_cast<Hdf5Filter>(filter));
    }

    const Handle type(h.H5Dget_type_(dataset), h.H5Tclose_);
    if (!type.ok()) broken(path, "The HDF5 dataset's type is damaged");
    const DType dtype = dtype_of(dataset, type, path);
    const Shape shape = shape_of(dataset, path);
    const uint64_t declared = TensorSpec{shape, dtype}.bytes();
    std::vector<uint64_t> chunk;
    if (layout == H5D_CHUNKED) chunk = chunk_sizes(created, path);
    // Only chunks go through filters; elsewhere they would excuse data that is not there.
    const bool filtered = !filters.empty() && layout == H5D_CHUNKED;
    check_storage(dataset, chunk, filtered, {shape, dtype}, path);

    HostTensor tensor = HostTensor::empty(shape, dtype);
    // 16-bit numbers and bools come as they are, all others in the order of this machine.
    hid_t memory = type;
    for (const Number& number : numbers(h)) {
      if (number.dtype == dtype) memory = number.little;
    }
    if (declared > 0 && layout == H5D_CHUNKED) {
      Hdf5Chunks chunks(tensor, std::move(chunk), std::move(filters), where_ + "/" + path);
      read_chunks(dataset, chunks, path);
      if (h.H5Tequal_(type, memory) <= 0) swap_bytes(tensor);
    } else if (declared > 0 &&
               h.H5Dread_(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.data()) < 0) {
      broken(path, "The HDF5 dataset cannot be read");
    }
    if (dtype == DType::bool_) {
      const auto* values = static_cast<const uint8_t*>(tensor.data());
      if (std::any_of(values, values + tensor.bytes(), [](uint8_t b) { return b > 1; })) {
        fail(path, "The HDF5 dataset holds a byte that is no bool");
      }
    }
    tensors_.add(path, std::move(tensor));
  }

  DType dtype_of(hid_t dataset, hid_t type, const std::string& path) {
    for (const Number& number : numbers(h)) {
      if (h.H5Tequal_(type, number.little) > 0 || h.H5Tequal_(type, number.big) > 0) {
        return number.dtype;
      }
    }
    const Handle half(float16_type(h), h.H5Tclose_);
    if (h.H5Tequal_(type, half) > 0) return DType::float16;
    const Handle boolean(bool_type(h), h.H5Tclose_);
    if (h.H5Tequal_(type, boolean) > 0) return DType::bool_;
    if (h.H5Tget_class_(type) == H5T_OPAQUE && h.H5Tget_size_(type) == 2 &&
        text_attribute(dataset, "dtype") == "bfloat16") {
      return DType::bfloat16;
    }
    fail(path, "This dataset has elements of a type that Danlu does not read",
         "bool, integers of 8 to 64 bits, float16, float32, float64 or Keras's bfloat16");
  }

  /// "" unless there is one text of this name.
  std::string text_attribute(hid_t object, const char* key) {
    if (h.H5Aexists_(object, key) <= 0) return "";
    const Handle attribute(h.H5Aopen_(object, key, H5P_DEFAULT), h.H5Aclose_);
    if (!attribute.ok()) return "";
    const Handle type(h.H5Aget_type_(attribute), h.H5Tclose_);
    const Handle space(h.H5Aget_space_(attribute), h.H5Sclose_);
    if (!type.ok() || !space.ok() || h.H5Tget_class_(type) != H5T_STRING ||
        h.H5Sget_simple_extent_type_(space) != H5S_SCALAR) {
      return "";
    }
    if (h.H5Tis_variable_str_(type) > 0) {
      if (!std::exchange(heaps_checked_, true)) check_hdf5_global_heaps(bytes_, where_);
      char* text = nullptr;
      if (h.H5Aread_(attribute, type, &text) < 0 || text == nullptr) return "";
      const std::string found(text, strnlen(text, kMaxName));
      h.H5free_memory_(text);
      return found;
    }
    const size_t size = h.H5Tget_size_(type);
    if (size == 0 || size > kMaxName) return "";
    std::string found(size, '\0');
    if (h.H5Aread_(attribute, type, found.data()) < 0) return "";
    return found.substr(0, strnlen(found.data(), size));
  }

  Shape shape_of(hid_t dataset, const std::string& path) const {
    const Handle space(h.H5Dget_space_(dataset), h.H5Sclose_);
    if (!space.ok()) broken(path, "The HDF5 dataset's shape is damaged");
    const H5S_class_t kind = h.H5Sget_simple_extent_type_(space);
    if (kind == H5S_SCALAR) return {};
    const int rank = h.H5Sget_simple_extent_ndims_(space);
    if (kind != H5S_SIMPLE || rank < 0 || rank > Shape::kMaxRank) {
      fail(path, "This dataset's shape is none of a tensor",
           "at most " + std::to_string(Shape::kMaxRank) + " dimensions", std::to_string(rank));
    }
    std::array<hsize_t, Shape::kMaxRank> sizes{};
    h.H5Sget_simple_extent_dims_(space, sizes.data(), nullptr);
    std::vector<int64_t> dims;
    for (int i = 0; i < rank; ++i) {
      const hsize_t size = sizes[static_cast<size_t>(i)];
      if (size > static_cast<hsize_t>(INT64_MAX)) fail(path, "This dataset's shape is impossible");
      dims.push_back(static_cast<int64_t>(size));
    }
    try {
      return Shape(dims);
    } catch (const ShapeError& error) {
      fail(path, "This dataset's shape is impossible", error.parts().expected,
           error.parts().received);
    }
  }

  std::vector<uint64_t> chunk_sizes(hid_t created, const std::string& path) const {
    std::array<hsize_t, Shape::kMaxRank + 1> sizes{};
    const int rank = h.H5Pget_chunk_(created, Shape::kMaxRank + 1, sizes.data());
    if (rank < 0 || rank > Shape::kMaxRank) broken(path, "The dataset's chunks are damaged");
    return {sizes.begin(), sizes.begin() + rank};
  }

  void read_chunks(hid_t dataset, Hdf5Chunks& chunks, const std::string& path) const {
    std::string stored;
    for (uint64_t i = 0; i < chunks.count(); ++i) {
      const std::vector<uint64_t> at = chunks.offset(i);
      const std::vector<hsize_t> offset(at.begin(), at.end());
      hsize_t size = 0;
      if (h.H5Dget_chunk_storage_size_(dataset, offset.data(), &size) < 0 || size == 0) {
        broken(path, "A chunk of the HDF5 dataset was never written");
      }
      if (size > bytes_.size()) fail(path, "A chunk of the HDF5 dataset claims more than the file");
      stored.resize(size);
      uint32_t skipped = 0;
      if (h.H5Dread_chunk_(dataset, H5P_DEFAULT, offset.data(), &skipped, stored.data()) < 0) {
        broken(path, "A chunk of the HDF5 dataset cannot be read");
      }
      chunks.put(i, stored, skipped);
    }
  }

  static void swap_bytes(HostTensor& tensor) {
    auto* bytes = static_cast<std::byte*>(tensor.data());
    const size_t element = size_of(tensor.dtype());
    for (size_t i = 0; i < tensor.bytes(); i += element)
      std::reverse(bytes + i, bytes + i + element);
  }

  /// `chunk_shape` is empty where the data is in one piece.
  void check_storage(hid_t dataset, const std::vector<uint64_t>& chunk_shape, bool filtered,
                     const TensorSpec& spec, const std::string& path) {
    const uint64_t declared = spec.bytes();
    const uint64_t stored = h.H5Dget_storage_size_(dataset);
    stored_ += stored;
    if (stored > bytes_.size() || stored_ > bytes_.size()) {
      fail(path, "The datasets claim more bytes than the file has",
           "at most " + std::to_string(bytes_.size()), std::to_string(std::max(stored, stored_)));
    }
    uint64_t wanted = declared;
    if (!chunk_shape.empty()) {
      uint64_t chunk = size_of(spec.dtype);
      for (const uint64_t size : chunk_shape) {
        if (__builtin_mul_overflow(chunk, size, &chunk)) {
          fail(path, "The dataset's chunks are impossible");
        }
      }
      wanted = std::max(declared, chunk);
    }
    const uint64_t justified = !filtered || stored > UINT64_MAX / kMaxRatio
                                   ? stored
                                   : std::max(kBombFloor, stored * kMaxRatio);
    if (declared > 0 && (wanted > justified || stored == 0)) {
      fail(path, "This dataset claims far more elements than the file stores: a shape bomb",
           "at most " + std::to_string(stored == 0 ? 0 : justified) + " bytes for the " +
               std::to_string(stored) + " that are stored",
           std::to_string(wanted));
    }
  }

  const Library& h;
  std::string_view bytes_;
  const std::string& where_;
  TensorMap tensors_;
  size_t objects_ = 0;
  uint64_t stored_ = 0;
  bool heaps_checked_ = false;
};

class Writer {
 public:
  explicit Writer(const Library& library) : h(library) {}

  std::string write(const TensorMap& tensors, const std::vector<Hdf5Attribute>& attributes) {
    const Handle access(h.H5Pcreate_(h.H5P_CLS_FILE_ACCESS_ID_g_), h.H5Pclose_);
    constexpr size_t kIncrement = 1 << 20;
    check(h.H5Pset_fapl_core_(access, kIncrement, 0));
    const Handle file(h.H5Fcreate_("danlu.h5", kTruncate, H5P_DEFAULT, access), h.H5Fclose_);
    check(file);
    for (const auto& [path, tensor] : tensors) write_dataset(file, path, tensor);
    for (const Hdf5Attribute& attribute : attributes) write_attribute(file, attribute);
    check(h.H5Fflush_(file, H5F_SCOPE_GLOBAL));
    const ssize_t size = h.H5Fget_file_image_(file, nullptr, 0);
    check(static_cast<hid_t>(size));
    std::string bytes(static_cast<size_t>(size), '\0');
    check(static_cast<hid_t>(h.H5Fget_file_image_(file, bytes.data(), bytes.size())));
    return bytes;
  }

 private:
  void check(hid_t result) const {
    if (result >= 0) return;
    throw IoError(
        {.where = "hdf5", .what = "The HDF5 file cannot be made (" + last_failure(h) + ")"});
  }

  [[noreturn]] static void refuse(const std::string& path, const std::string& what) {
    throw ValueError({.where = "hdf5", .what = what, .received = "'" + path + "'"});
  }

  /// Makes all groups of a path.
  void make_groups(hid_t file, const std::string& path) {
    for (size_t end = path.find('/');; end = path.find('/', end + 1)) {
      const std::string group = path.substr(0, end);
      if (group.empty() || group.back() == '/') refuse(path, "A name in an HDF5 file is empty");
      if (datasets_.contains(group)) refuse(path, "A path is both a group and a dataset");
      if (groups_.insert(group).second) {
        const Handle made(h.H5Gcreate2_(file, group.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                          h.H5Gclose_);
        check(made);
      }
      if (end == path.npos) return;
    }
  }

  hid_t type_of(DType dtype, const std::string& path) {
    for (const Number& number : numbers(h)) {
      if (number.dtype == dtype) return h.H5Tcopy_(number.little);
    }
    if (dtype == DType::float16) return float16_type(h);
    if (dtype == DType::bool_) return bool_type(h);
    if (dtype == DType::bfloat16) return h.H5Tcreate_(H5T_OPAQUE, 2);
    throw DTypeError({.where = "hdf5",
                      .what = "Elements of this dtype are not written",
                      .received = std::string(name(dtype)) + " for '" + path + "'"});
  }

  void write_dataset(hid_t file, const std::string& path, const HostTensor& tensor) {
    const size_t slash = path.rfind('/');
    if (slash != path.npos) make_groups(file, path.substr(0, slash));
    if (path.empty() || slash == path.size() - 1) refuse(path, "A name in an HDF5 file is empty");
    if (groups_.contains(path)) refuse(path, "A path is both a group and a dataset");
    datasets_.insert(path);
    const Handle type(type_of(tensor.dtype(), path), h.H5Tclose_);
    check(type);
    const std::vector<hsize_t> dims(tensor.shape().begin(), tensor.shape().end());
    const Handle space(
        dims.empty() ? h.H5Screate_(H5S_SCALAR)
                     : h.H5Screate_simple_(static_cast<int>(dims.size()), dims.data(), nullptr),
        h.H5Sclose_);
    check(space);
    const Handle options(h.H5Pcreate_(h.H5P_CLS_DATASET_CREATE_ID_g_), h.H5Pclose_);
    check(h.H5Pset_obj_track_times_(options, false));
    const Handle dataset(
        h.H5Dcreate2_(file, path.c_str(), type, space, H5P_DEFAULT, options, H5P_DEFAULT),
        h.H5Dclose_);
    check(dataset);
    if (tensor.bytes() > 0) {
      check(h.H5Dwrite_(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.data()));
    }
    if (tensor.dtype() == DType::bfloat16) put_text(dataset, "dtype", "bfloat16");
  }

  void write_attribute(hid_t file, const Hdf5Attribute& attribute) {
    if (!datasets_.contains(attribute.path)) make_groups(file, attribute.path);
    const Handle object(h.H5Oopen_(file, attribute.path.c_str(), H5P_DEFAULT), h.H5Oclose_);
    check(object);
    put_text(object, attribute.key, attribute.value);
  }

  /// A text in UTF-8 of variable length, as h5py writes Python's str.
  void put_text(hid_t object, const std::string& key, const std::string& value) {
    const Handle type(h.H5Tcopy_(h.H5T_C_S1_g_), h.H5Tclose_);
    check(h.H5Tset_size_(type, H5T_VARIABLE));
    check(h.H5Tset_cset_(type, H5T_CSET_UTF8));
    const Handle space(h.H5Screate_(H5S_SCALAR), h.H5Sclose_);
    const Handle made(h.H5Acreate2_(object, key.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT),
                      h.H5Aclose_);
    check(made);
    const char* text = value.c_str();
    check(h.H5Awrite_(made, type, &text));
  }

  const Library& h;
  std::set<std::string> groups_, datasets_;
};

}  // namespace

TensorMap parse_hdf5(std::string_view bytes, const std::string& where) {
  const Library& h = library();
  const std::lock_guard lock(entrance());
  return Reader(h, bytes, where).read();
}

TensorMap load_hdf5(const std::string& path) { return parse_hdf5(read_file(path), path); }

std::string to_hdf5(const TensorMap& tensors, const std::vector<Hdf5Attribute>& attributes) {
  const Library& h = library();
  const std::lock_guard lock(entrance());
  return Writer(h).write(tensors, attributes);
}

void save_hdf5(const std::string& path, const TensorMap& tensors,
               const std::vector<Hdf5Attribute>& attributes) {
  write_file(path, to_hdf5(tensors, attributes));
}

}  // namespace danlu
