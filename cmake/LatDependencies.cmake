# What the library is built from; what it is linked with is FindLatLibraries's.
find_package(Threads REQUIRED)
find_package(LatLibraries REQUIRED)
find_path(LAT_BLIS_INCLUDE_DIR blis.h PATH_SUFFIXES blis-serial blis REQUIRED)
find_path(LAT_RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)
mark_as_advanced(LAT_BLIS_INCLUDE_DIR LAT_RANDOM123_INCLUDE_DIR)

# A function that is not public.
if(NOT LAT_SYSTEM_BLIS)
  include(CheckSymbolExists)
  set(CMAKE_REQUIRED_INCLUDES ${LAT_BLIS_INCLUDE_DIR})
  set(CMAKE_REQUIRED_LIBRARIES ${LAT_BLIS_LIBRARY} Threads::Threads m)
  check_symbol_exists(bli_gks_lookup_nat_cntx blis.h LAT_CHOOSES_BLIS_KERNELS)
  unset(CMAKE_REQUIRED_INCLUDES)
  unset(CMAKE_REQUIRED_LIBRARIES)
else()
  set(LAT_CHOOSES_BLIS_KERNELS OFF)
endif()
