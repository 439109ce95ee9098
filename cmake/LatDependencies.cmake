# What the library is built from; what it is linked with is FindLatLibraries's.
find_package(Threads REQUIRED)
find_package(LatLibraries REQUIRED)
find_path(LAT_BLIS_INCLUDE_DIR blis.h PATH_SUFFIXES blis-serial blis REQUIRED)
find_path(LAT_RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)
mark_as_advanced(LAT_BLIS_INCLUDE_DIR LAT_RANDOM123_INCLUDE_DIR)
