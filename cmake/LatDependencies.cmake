# BLIS (private, static), LAPACK, jansson, Random123, threads.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.13)

# Not through lapack.pc: it asks for blas.pc, which no BLAS but the reference one brings.
find_library(LAPACK_LIBRARY NAMES lapack REQUIRED)

find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)
find_path(BLIS_INCLUDE_DIR blis.h PATH_SUFFIXES blis-serial blis REQUIRED)
if(LAT_SYSTEM_BLIS)
  find_library(BLIS_LIBRARY NAMES blis PATH_SUFFIXES blis-serial REQUIRED)
else()
  find_library(BLIS_LIBRARY NAMES libblis.a PATH_SUFFIXES blis-serial REQUIRED)
endif()
