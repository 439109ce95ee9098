# The libraries behind lat, as targets: lat::blis (private and static unless LAT_SYSTEM_BLIS),
# lat::lapack, PkgConfig::JANSSON. Installed too, for those who link lat statically.
# LAT_FORTRAN_RUNTIME: the libraries that LAPACK's archive needs; its shared library names its own.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(JANSSON QUIET IMPORTED_TARGET GLOBAL jansson>=2.13)
endif()

# Debian's BLIS has no package file, and its LAPACK's asks for a blas.pc that BLIS does not bring.
find_library(LAT_LAPACK_LIBRARY NAMES lapack)
if(LAT_SYSTEM_BLIS)
  find_library(LAT_BLIS_LIBRARY NAMES blis PATH_SUFFIXES blis-serial)
else()
  find_library(LAT_BLIS_LIBRARY NAMES libblis.a PATH_SUFFIXES blis-serial)
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
  REQUIRED_VARS LAT_BLIS_LIBRARY LAT_LAPACK_LIBRARY JANSSON_LINK_LIBRARIES)

if(LatLibraries_FOUND)
  foreach(name BLIS LAPACK)
    string(TOLOWER ${name} target)
    if(NOT TARGET lat::${target})
      add_library(lat::${target} UNKNOWN IMPORTED GLOBAL)
      set_target_properties(lat::${target} PROPERTIES IMPORTED_LOCATION "${LAT_${name}_LIBRARY}")
    endif()
  endforeach()
  if(LAT_LAPACK_LIBRARY MATCHES "\\.a$")
    set_target_properties(lat::lapack PROPERTIES INTERFACE_LINK_LIBRARIES "lat::blis;${LAT_FORTRAN_RUNTIME};m")
  endif()
endif()
