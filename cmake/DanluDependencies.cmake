# The libraries behind the engine, gathered in `danlu_dependencies`. Public headers use none of
# them. danluConfig.cmake includes this file too, so both sides find the same things.

find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(hwy REQUIRED IMPORTED_TARGET libhwy libhwy-contrib)

add_library(danlu_dependencies INTERFACE)
add_library(danlu::dependencies ALIAS danlu_dependencies)
find_path(DANLU_XBYAK_INCLUDE xbyak/xbyak.h REQUIRED)
target_include_directories(danlu_dependencies SYSTEM INTERFACE ${DANLU_XBYAK_INCLUDE})
target_link_libraries(danlu_dependencies INTERFACE Threads::Threads ZLIB::ZLIB PNG::PNG fmt::fmt
                                                   PkgConfig::hwy ${CMAKE_DL_LIBS})
# AVX-512, AVX2 and the baseline are enough; each further target costs compile time and size.
target_compile_definitions(
  danlu_dependencies INTERFACE "HWY_DISABLED_TARGETS=(HWY_SSSE3|HWY_SSE4|HWY_AVX3_DL)")
if(NOT DANLU_SANITIZE STREQUAL "thread")
  find_package(OpenMP REQUIRED COMPONENTS CXX)
  # Not find_package(dnnl): Debian's configuration drags OpenCL in.
  find_path(DANLU_DNNL_INCLUDE dnnl.hpp REQUIRED)
  find_library(DANLU_DNNL_LIBRARY dnnl REQUIRED)
  target_include_directories(danlu_dependencies SYSTEM INTERFACE ${DANLU_DNNL_INCLUDE})
  target_link_libraries(danlu_dependencies INTERFACE OpenMP::OpenMP_CXX ${DANLU_DNNL_LIBRARY})
endif()
