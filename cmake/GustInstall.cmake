# What `cmake --install` lays down: headers, both libraries, gust.pc for pkg-config and
# GustConfig.cmake for find_package(Gust), which defines Gust::gust and Gust::gust_static; and the same
# for tests, gust-testing.pc and Gust::testing, which stand for all of Gust.
#
# jansson is part of the interface (json_t appears in it). The other libraries are needed only to link
# the static library, so they are Requires.private, and the config file looks for them too.
include(CMakePackageConfigHelpers)

set(GUST_CONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/Gust)

install(TARGETS gust gust_static gust_testing EXPORT GustTargets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.h")
install(EXPORT GustTargets NAMESPACE Gust:: DESTINATION ${GUST_CONFIG_DIR})

# The prefix is found from where gust.pc lies, so that an installed tree can be moved.
file(RELATIVE_PATH GUST_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
foreach(pc gust gust-testing)
    configure_file(${CMAKE_CURRENT_LIST_DIR}/${pc}.pc.in ${PROJECT_BINARY_DIR}/${pc}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${pc}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/GustConfig.cmake.in
    ${PROJECT_BINARY_DIR}/GustConfig.cmake INSTALL_DESTINATION ${GUST_CONFIG_DIR})
# Before 1.0 a minor version may break what came before it.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/GustConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/GustConfig.cmake ${PROJECT_BINARY_DIR}/GustConfigVersion.cmake
    DESTINATION ${GUST_CONFIG_DIR})
