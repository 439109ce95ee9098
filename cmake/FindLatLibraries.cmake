# The libraries behind lat, as targets: lat::blas (LAT_CBLAS_LIBRARY, or else BLIS, private and static unless
# LAT_SYSTEM_BLIS), lat::lapack, PkgConfig::JANSSON. Installed too, for those who link lat statically.
# LAT_BLAS: which of the two interfaces is used, cblas or blis.
# LAT_FORTRAN_RUNTIME: the libraries that LAPACK's archive needs; its shared library names its own.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(JANSSON QUIET IMPORTED_TARGET GLOBAL jansson>=2.13)
endif()

# LAPACK is the library of that name, which Debian's alternatives choose, or with LAT_FIND_LAPACK what CMake's FindLAPACK
# finds by BLA_VENDOR: OpenBLAS, FlexiBLAS, ... A shared one brings its BLAS, which is not named: it may be another BLIS.
# Debian's BLIS has no package file, and its LAPACK's asks for a blas.pc that BLIS does not bring.
if(LAT_FIND_LAPACK)
  find_package(LAPACK QUIET)
  if(LAPACK_FOUND)
    set(LAT_LAPACK_LIBRARY ${LAPACK_LIBRARIES})
    if(NOT BLA_STATIC)
      list(REMOVE_ITEM LAT_LAPACK_LIBRARY ${BLAS_LIBRARIES})
    endif()
    if(NOT LAT_LAPACK_LIBRARY) # one library is both
      set(LAT_LAPACK_LIBRARY ${LAPACK_LIBRARIES})
    endif()
    list(APPEND LAT_LAPACK_LIBRARY ${LAPACK_LINKER_FLAGS})
  endif()
else()
  find_library(LAT_LAPACK_LIBRARY NAMES lapack)
endif()
if(LAT_CBLAS_LIBRARY)
  set(LAT_BLAS cblas)
  set(LAT_BLAS_LIBRARY ${LAT_CBLAS_LIBRARY})
else()
  if(LAT_SYSTEM_BLIS)
    find_library(LAT_BLIS_LIBRARY NAMES blis PATH_SUFFIXES blis-serial)
  else()
    find_library(LAT_BLIS_LIBRARY NAMES libblis.a PATH_SUFFIXES blis-serial)
  endif()
  set(LAT_BLAS blis)
  set(LAT_BLAS_LIBRARY ${LAT_BLIS_LIBRARY})
endif()
mark_as_advanced(LAT_LAPACK_LIBRARY LAT_BLIS_LIBRARY)

# They lie in the compiler's own folder, where find_library() does not look.
set(LAT_FORTRAN_RUNTIME "")
foreach(compiler C CXX)
  if(CMAKE_${compiler}_COMPILER AND NOT LAT_FORTRAN_RUNTIME)
    foreach(name gfortran quadmath)
      execute_process(COMMAND ${CMAKE_${compiler}_COMPILER} -print-file-name=lib${name}.a
                      OUTPUT_VARIABLE archive OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
      if(IS_ABSOLUTE "${archive}")
        list(APPEND LAT_FORTRAN_RUNTIME ${name})
      endif()
    endforeach()
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LatLibraries
  REQUIRED_VARS LAT_BLAS_LIBRARY LAT_LAPACK_LIBRARY JANSSON_LINK_LIBRARIES)

if(LatLibraries_FOUND)
  if(NOT TARGET lat::blas)
    add_library(lat::blas UNKNOWN IMPORTED GLOBAL)
    set(others ${LAT_BLAS_LIBRARY})
    list(POP_FRONT others library)
    if(LAT_CBLAS_LIBRARY AND library MATCHES "\\.a$")
      list(APPEND others ${LAT_FORTRAN_RUNTIME} Threads::Threads m)
    endif()
    set_target_properties(lat::blas PROPERTIES IMPORTED_LOCATION "${library}" INTERFACE_LINK_LIBRARIES "${others}")
  endif()
  if(NOT TARGET lat::lapack)
    add_library(lat::lapack UNKNOWN IMPORTED GLOBAL)
    set(others ${LAT_LAPACK_LIBRARY})
    list(POP_FRONT others library)
    if(library MATCHES "\\.a$") # before the BLAS that it needs
      list(APPEND others lat::blas ${LAT_FORTRAN_RUNTIME} m)
    endif()
    set_target_properties(lat::lapack PROPERTIES IMPORTED_LOCATION "${library}" INTERFACE_LINK_LIBRARIES "${others}")
  endif()
endif()
