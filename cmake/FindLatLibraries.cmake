# The libraries behind lat, as targets: lat::blis (private and static unless LAT_SYSTEM_BLIS),
# lat::lapack, PkgConfig::JANSSON. Installed too, for those who link lat statically.
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

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LatLibraries
  REQUIRED_VARS LAT_BLIS_LIBRARY LAT_LAPACK_LIBRARY JANSSON_LINK_LIBRARIES)

if(LatLibraries_FOUND)
  foreach(name BLIS LAPACK)
    string(TOLOWER ${name} target)
    if(NOT TARGET lat::${target})
      add_library(lat::${target} UNKNOWN IMPORTED GLOBAL)
      set_target_properties(lat::${target} PROPERTIES IMPORTED_LOCATION ${LAT_${name}_LIBRARY})
    endif()
  endforeach()
endif()
