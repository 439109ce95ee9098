# Headers (the Fortran module among them), both libraries, the CMake package, files for pkg-config, trained
# models, the Python module, the manual page.
include(CMakePackageConfigHelpers)
# What runs, what is built with, what is typed: `cmake --install BUILD --component NAME` installs a part.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/lat)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/lat DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} PATTERN mpi.h EXCLUDE)
install(TARGETS lat_shared EXPORT lat_shared_targets LIBRARY COMPONENT runtime NAMELINK_COMPONENT development)
install(TARGETS lat_static EXPORT lat_static_targets)
install(EXPORT lat_shared_targets NAMESPACE lat:: FILE latTargets.cmake DESTINATION ${package_dir})
install(EXPORT lat_static_targets NAMESPACE lat:: FILE latStaticTargets.cmake DESTINATION ${package_dir})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/latConfig.cmake.in ${PROJECT_BINARY_DIR}/latConfig.cmake
                              INSTALL_DESTINATION ${package_dir} PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/latConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/latConfig.cmake ${PROJECT_BINARY_DIR}/latConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/FindLatLibraries.cmake
        DESTINATION ${package_dir})

# Relocatable where the library's folder lies below the prefix; an absolute one is taken as it is.
# Blanks have to be escaped there.
foreach(name LIBDIR INCLUDEDIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${name}}")
    set(pc_${name} "${CMAKE_INSTALL_${name}}")
  else()
    set(pc_${name} "\${prefix}/${CMAKE_INSTALL_${name}}")
  endif()
endforeach()
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
else()
  file(RELATIVE_PATH pc_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" /)
  string(REGEX REPLACE "/$" "" pc_prefix "\${pcfiledir}/${pc_prefix}")
endif()
# By name what the linker finds by itself.
set(pc_lapack "")
foreach(library ${LAT_LAPACK_LIBRARY})
  get_filename_component(folder "${library}" DIRECTORY)
  get_filename_component(name "${library}" NAME)
  if(folder IN_LIST CMAKE_C_IMPLICIT_LINK_DIRECTORIES AND name MATCHES "^lib(.*)\\.(so|a)$")
    set(library -l${CMAKE_MATCH_1})
  endif()
  string(REPLACE " " "\\ " library "${library}")
  string(APPEND pc_lapack " ${library}")
endforeach()
string(STRIP "${pc_lapack}" pc_lapack)
list(TRANSFORM LAT_BLAS_LIBRARY REPLACE " " "\\\\ " OUTPUT_VARIABLE pc_blas)
list(JOIN pc_blas " " pc_blas)
foreach(name LIBDIR INCLUDEDIR prefix)
  string(REPLACE " " "\\ " pc_${name} "${pc_${name}}")
endforeach()
list(TRANSFORM LAT_FORTRAN_RUNTIME PREPEND -l OUTPUT_VARIABLE pc_fortran)
list(JOIN pc_fortran " " pc_fortran)
foreach(name lat lat-libdir)
  configure_file(${PROJECT_SOURCE_DIR}/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
# A folder in which -llat is the archive, for pkg-config --static.
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/static)
file(CREATE_LINK ../liblat.a ${PROJECT_BINARY_DIR}/static/liblat.a SYMBOLIC)
install(FILES ${PROJECT_BINARY_DIR}/static/liblat.a DESTINATION ${CMAKE_INSTALL_LIBDIR}/lat)

# What needs MPI: a part of its own.
if(LAT_MPI)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/lat_mpi.pc.in ${PROJECT_BINARY_DIR}/lat_mpi.pc @ONLY)
  install(FILES ${PROJECT_SOURCE_DIR}/include/lat/mpi.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/lat COMPONENT mpi)
  install(FILES ${PROJECT_BINARY_DIR}/lat_mpi.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT mpi)
  install(TARGETS lat_mpi EXPORT lat_mpi_targets LIBRARY COMPONENT mpi)
  install(TARGETS lat_mpi_static ARCHIVE COMPONENT mpi)
  install(EXPORT lat_mpi_targets NAMESPACE lat:: FILE latMpiTargets.cmake DESTINATION ${package_dir} COMPONENT mpi)
  if(LAT_MPICH_BESIDE)
    install(TARGETS lat_mpi_mpich LIBRARY COMPONENT mpi)
  endif()
endif()

# lat_model_folder() finds them there.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples/models/ DESTINATION ${CMAKE_INSTALL_DATADIR}/lat/models
        COMPONENT models FILES_MATCHING PATTERN "*.safetensors" PATTERN "MANIFEST.json"
        PATTERN __pycache__ EXCLUDE)

if(LAT_PYTHON)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/python/lat DESTINATION ${LAT_PYTHON_DIR}
          FILES_MATCHING PATTERN "*.py" PATTERN "*.pyi" PATTERN "py.typed" PATTERN __pycache__ EXCLUDE)
endif()
if(EXISTS ${PROJECT_SOURCE_DIR}/docs/lat.1)
  install(FILES ${PROJECT_SOURCE_DIR}/docs/lat.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tools)
endif()
