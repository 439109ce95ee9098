# The library's faces in other languages. C++'s is a header and Python's a file. Fortran's is installed
# as source, since a compiled module fits one compiler only; lat::fortran is it, compiled here. Where
# there are compilers for them, tests and examples are built.
option(LAT_CXX "Build the C++ example and tests if there is a C++ compiler" ON)
option(LAT_FORTRAN "Build the Fortran example and tests if there is a Fortran compiler" ON)
option(LAT_PYTHON "Install the Python module, and test it if there is an interpreter" ON)
set(LAT_PYTHON_DIR ${CMAKE_INSTALL_DATADIR}/lat/python CACHE STRING "Folder the Python module is installed to")

include(CheckLanguage)
foreach(language CXX Fortran)
  string(TOUPPER LAT_${language} wanted)
  if(${wanted} AND (LAT_BUILD_TESTS OR LAT_BUILD_EXAMPLES))
    check_language(${language})
    if(CMAKE_${language}_COMPILER)
      enable_language(${language})
    endif()
  endif()
endforeach()

if(CMAKE_Fortran_COMPILER_LOADED)
  add_library(lat_fortran STATIC EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/include/lat/lat.f90)
  add_library(lat::fortran ALIAS lat_fortran)
  lat_warnings(lat_fortran)
  set_target_properties(lat_fortran PROPERTIES Fortran_MODULE_DIRECTORY ${PROJECT_BINARY_DIR}/fortran)
  target_include_directories(lat_fortran PUBLIC ${PROJECT_BINARY_DIR}/fortran)
  target_link_libraries(lat_fortran PUBLIC lat::lat)
endif()
if(LAT_PYTHON AND LAT_BUILD_TESTS)
  # The system's python3 is the one that has the system's numpy.
  find_program(LAT_PYTHON_INTERPRETER NAMES python3 HINTS /usr/bin)
  mark_as_advanced(LAT_PYTHON_INTERPRETER)
endif()
