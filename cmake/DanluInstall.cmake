# `cmake --install` puts the headers, the library, the command and what find_package(danlu) needs.

include(CMakePackageConfigHelpers)
set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/danlu)

# Kernels are no part of the interface.
install(
  DIRECTORY danlu
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING
  PATTERN "*.h"
  PATTERN "backends" EXCLUDE)
install(TARGETS danlu EXPORT danluTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT danluTargets NAMESPACE danlu:: DESTINATION ${config_dir})
if(TARGET danlu_cli)
  install(TARGETS danlu_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

configure_package_config_file(cmake/danluConfig.cmake.in ${PROJECT_BINARY_DIR}/danluConfig.cmake
                              INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/danluConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/danluConfig.cmake
              ${PROJECT_BINARY_DIR}/danluConfigVersion.cmake cmake/DanluDependencies.cmake
        DESTINATION ${config_dir})
