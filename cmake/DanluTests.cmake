# One GoogleTest binary per folder, and the checks of tools/ as ctest tests.

find_package(GTest REQUIRED)

# Compiles the test PCH once; every test binary reuses it.
file(WRITE ${PROJECT_BINARY_DIR}/generated/test_pch.cpp "")
add_library(danlu_test_pch OBJECT ${PROJECT_BINARY_DIR}/generated/test_pch.cpp)
target_link_libraries(danlu_test_pch PRIVATE danlu danlu_flags danlu_dependencies
                                             GTest::gmock_main)
target_precompile_headers(danlu_test_pch PRIVATE cmake/pch_test.h)

# A request for more memory than there is must return null, as malloc does, for Danlu to report it.
set(sanitizer_options)
if(DANLU_SANITIZE MATCHES "address")
  set(sanitizer_options ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1)
elseif(DANLU_SANITIZE STREQUAL "thread")
  set(sanitizer_options TSAN_OPTIONS=allocator_may_return_null=1)
endif()

# danlu_add_test(NAME SOURCES...): tests run in the source folder and find the command, where there
# is one, in $DANLU_COMMAND.
function(danlu_add_test name)
  add_executable(${name} ${ARGN})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE danlu danlu_flags danlu_dependencies GTest::gmock_main)
  target_precompile_headers(${name} REUSE_FROM danlu_test_pch)
  add_test(NAME ${name}
           COMMAND ${name} --gtest_brief=1
                   --gtest_output=json:${PROJECT_BINARY_DIR}/tests/results/${name}.json
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  # Kernels use every core they get, so two binaries at once would only measure each other.
  set_tests_properties(${name} PROPERTIES TIMEOUT 1200 PROCESSORS 2)
  set(environment ${sanitizer_options})
  if(TARGET danlu_cli)
    list(APPEND environment DANLU_COMMAND=$<TARGET_FILE:danlu_cli>)
  endif()
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${environment}")
endfunction()

file(GLOB_RECURSE test_sources CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} danlu/*_test.cpp
     cli/*_test.cpp tests/*_test.cpp)
list(FILTER test_sources EXCLUDE REGEX "^tests/e2e/.*/")
if(DANLU_SANITIZE STREQUAL "thread")
  list(FILTER test_sources EXCLUDE REGEX "/backends/cpu/onednn/")
endif()
foreach(source IN LISTS test_sources)
  string(REGEX REPLACE "^(danlu/|tests/|)([^/]+)/.*$" "\\2" folder ${source})
  list(APPEND test_folders ${folder})
  list(APPEND test_sources_${folder} ${source})
endforeach()
list(REMOVE_DUPLICATES test_folders)
foreach(folder IN LISTS test_folders)
  danlu_add_test(danlu_${folder}_test ${test_sources_${folder}})
  if(TARGET danlu_cli)
    add_dependencies(danlu_${folder}_test danlu_cli)
  endif()
endforeach()

# The proof by name: what the tables of tests/names share, and where the record of a run goes.
target_sources(danlu_names_test PRIVATE tests/names/call.cpp tests/names/check_case.cpp
                                        tests/names/prove.cpp)
set_source_files_properties(tests/names/prove.cpp PROPERTIES COMPILE_DEFINITIONS
                                                             DANLU_PROOF="${PROJECT_BINARY_DIR}/tests/proof")

# The same for the goldens of networks' vocabulary, which becomes docs/parity.md.
target_sources(danlu_golden_test PRIVATE tests/golden/proof.cpp)
set_source_files_properties(tests/golden/proof.cpp PROPERTIES COMPILE_DEFINITIONS
                                                              DANLU_PARITY="${PROJECT_BINARY_DIR}/tests/parity")

# The checks below look at sources or at the release tree; once is enough.
if(DANLU_SANITIZE OR NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  return()
endif()
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# danlu_add_check(NAME COMMAND...)
function(danlu_add_check name)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT 1200)
endfunction()

danlu_add_check(check_format tools/check_format.sh)
danlu_add_check(check_includes ${Python3_EXECUTABLE} tools/check_includes.py)
danlu_add_check(check_length ${Python3_EXECUTABLE} tools/check_length.py)
danlu_add_check(check_ops_table ${Python3_EXECUTABLE} tools/ops_table.py
                ${PROJECT_BINARY_DIR}/tests/proof --check)
set_tests_properties(check_ops_table PROPERTIES DEPENDS danlu_names_test)
danlu_add_check(check_parity_table ${Python3_EXECUTABLE} tools/parity_table.py
                ${PROJECT_BINARY_DIR}/tests/parity --check)
set_tests_properties(check_parity_table PROPERTIES DEPENDS danlu_golden_test)
danlu_add_check(check_compile_time ${Python3_EXECUTABLE} tools/check_compile_time.py
                ${PROJECT_BINARY_DIR})

# Danlu's side of the benchmark with peers, and its report; no peer is needed. It reads the load of the
# machine from /proc, which a bare chroot has not.
if(TARGET danlu_worker AND EXISTS /proc/stat)
  danlu_add_check(bench_peers ${Python3_EXECUTABLE} bench/peers/test_bench.py
                  $<TARGET_FILE:danlu_worker>)
  set_tests_properties(bench_peers PROPERTIES PROCESSORS 2)
  danlu_add_check(bench_ops ${Python3_EXECUTABLE} bench/peers/test_ops.py
                  $<TARGET_FILE:danlu_worker>)
  danlu_add_check(bench_instructions ${Python3_EXECUTABLE} bench/peers/test_instructions.py
                  $<TARGET_FILE:danlu_worker>)
endif()

# Every header alone: one file each that includes nothing else, without a precompiled header.
# Headers that Highway includes once per target (`*-inl.h`) cannot stand alone.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} danlu/*.h)
list(FILTER headers EXCLUDE REGEX "-inl\\.h$")
foreach(header IN LISTS headers)
  set(unit ${PROJECT_BINARY_DIR}/generated/${header}.cpp)
  set(text "#include \"${header}\"\n")
  set(present "")
  if(EXISTS ${unit})
    file(READ ${unit} present)
  endif()
  if(NOT present STREQUAL text)
    file(WRITE ${unit} ${text})
  endif()
  list(APPEND header_units ${unit})
endforeach()
add_library(danlu_headers_alone OBJECT EXCLUDE_FROM_ALL ${header_units})
target_link_libraries(danlu_headers_alone PRIVATE danlu danlu_flags danlu_dependencies)
target_compile_options(danlu_headers_alone PRIVATE -O0)
danlu_add_check(check_headers_alone ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} -j 2 --target
                danlu_headers_alone)
set_tests_properties(check_headers_alone PROPERTIES PROCESSORS 2)

# An outside project finds the installed library.
danlu_add_check(
  find_package ${CMAKE_COMMAND} -D DANLU_BUILD=${PROJECT_BINARY_DIR} -D
  WORK=${PROJECT_BINARY_DIR}/tests/find_package -P tests/e2e/find_package/run.cmake)

# The C++ of the README, and of the page on files, is a program that works.
set(readme_page README.md)
set(files_page docs/files.md)
foreach(page readme files)
  set(source ${${page}_page})
  set(example ${PROJECT_BINARY_DIR}/generated/${page}_example.cpp)
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/${source})
    continue()
  endif()
  add_custom_command(
    OUTPUT ${example}
    COMMAND ${Python3_EXECUTABLE} tools/extract_readme.py ${source} ${example}
    DEPENDS ${source} tools/extract_readme.py
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    COMMENT "Taking the C++ out of ${source}"
    VERBATIM)
  add_executable(${page}_example ${example})
  set_target_properties(${page}_example PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                                   ${PROJECT_BINARY_DIR}/tests)
  target_link_libraries(${page}_example PRIVATE danlu danlu_flags)
  # It saves models, so it runs in a folder of its own.
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/tests/${page})
  add_test(NAME ${page}_example COMMAND ${page}_example
           WORKING_DIRECTORY ${PROJECT_BINARY_DIR}/tests/${page})
  set_tests_properties(${page}_example PROPERTIES TIMEOUT 1200 PROCESSORS 2)
endforeach()

# The example programs run, and print what they should.
set(example_output_linear_regression "y = 3\\.[0-9]* x \\+ 2\\.[0-9]*, loss 0\\.0")
set(example_output_xor "accuracy 1\n")
set(example_output_cnn "test accuracy 0\\.(89|9)")
set(example_output_mnist_cnn "epoch 10: test accuracy 0\\.9")
set(example_output_lstm "test accuracy 0\\.(8[5-9]|9)")
foreach(target IN LISTS example_targets)
  string(REPLACE "example_" "" name ${target})
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/tests/examples)
  add_test(NAME ${target} COMMAND ${target} WORKING_DIRECTORY ${PROJECT_BINARY_DIR}/tests/examples)
  set_tests_properties(${target} PROPERTIES TIMEOUT 1200 PROCESSORS 2)
  if(DEFINED example_output_${name})
    set_tests_properties(${target} PROPERTIES PASS_REGULAR_EXPRESSION
                                              "${example_output_${name}}")
  endif()
endforeach()
