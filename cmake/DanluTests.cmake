# One GoogleTest binary per folder, and the checks of tools/ as ctest tests.

find_package(GTest REQUIRED)

# Compiles the test PCH once; every test binary reuses it.
file(WRITE ${PROJECT_BINARY_DIR}/generated/test_pch.cpp "")
add_library(danlu_test_pch OBJECT ${PROJECT_BINARY_DIR}/generated/test_pch.cpp)
target_link_libraries(danlu_test_pch PRIVATE danlu danlu_flags danlu_dependencies
                                             GTest::gmock_main)
target_precompile_headers(danlu_test_pch PRIVATE cmake/pch_test.h)

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
  if(TARGET danlu_cli)
    set_tests_properties(${name} PROPERTIES ENVIRONMENT DANLU_COMMAND=$<TARGET_FILE:danlu_cli>)
  endif()
endfunction()

file(GLOB_RECURSE test_sources CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} danlu/*_test.cpp
     cli/*_test.cpp tests/*_test.cpp)
list(FILTER test_sources EXCLUDE REGEX "^tests/e2e/.*/")
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
