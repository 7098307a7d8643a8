# Compiler flags, compiler cache and linker. Everything compiled here links `danlu_flags`.

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
# Release keeps assertions out and stops at -O2: -O3 was no faster and took longer to compile.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")

add_library(danlu_flags INTERFACE)
# No -march: kernels choose their instruction set at run time. No contraction by the compiler, so
# that results do not depend on what it inlines; kernels that want an FMA say so.
target_compile_options(danlu_flags INTERFACE -Wall -Wextra -Wno-missing-field-initializers -Wno-maybe-uninitialized
                                             -ffp-contract=off)

if(DANLU_SANITIZE)
  # Line tables are all that a sanitizer's stack traces need; more takes half as long again.
  target_compile_options(danlu_flags INTERFACE -O1 -g1 -fno-omit-frame-pointer
                                               -fsanitize=${DANLU_SANITIZE}
                                               -fno-sanitize-recover=all)
  target_link_options(danlu_flags INTERFACE -fsanitize=${DANLU_SANITIZE})
endif()
if(DANLU_SANITIZE STREQUAL "thread")
  # The thread sanitizer cannot see libgomp's barriers.
  target_compile_definitions(danlu_flags INTERFACE DANLU_NO_OPENMP=1 DANLU_NO_ONEDNN=1)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(danlu_flags INTERFACE -fpch-preprocess)  # lets ccache see through the PCH
endif()
find_program(DANLU_CCACHE ccache)
if(DANLU_USE_CCACHE AND DANLU_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 ${DANLU_CCACHE})
endif()

find_program(DANLU_MOLD mold)
if(DANLU_MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_link_options(danlu_flags INTERFACE -fuse-ld=mold)
endif()
