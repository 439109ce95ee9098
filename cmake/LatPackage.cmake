# Debian packages by cpack: liblat<SOVERSION>, liblat-dev, lat-tools, lat-models,
# liblat-mpi, and with -DLAT_BUILD_DOCS=ON liblat-doc. The preset "debian" configures
# for /usr, where libraries lie in the folder of their architecture:
#   cmake --preset debian && cmake --build --preset debian && cpack --preset debian
get_target_property(soversion lat_shared SOVERSION)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The lat authors <lat@localhost>" CACHE STRING "Maintainer named in packages")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL runtime development models)
if(TARGET lat)
  list(APPEND CPACK_COMPONENTS_ALL tools)
endif()
if(LAT_MPI)
  list(APPEND CPACK_COMPONENTS_ALL mpi)
endif()
if(LAT_BUILD_DOCS)
  list(APPEND CPACK_COMPONENTS_ALL doc)
endif()
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
                                                WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/lib)

# Each package's description has a first line of its own.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(about "lat trains and runs small transformers on problems of linear algebra:\n\
transposition, products, eigenvalues and eigenvectors, inverses, singular\n\
values.")

# Packages of libraries say which version others need, and have the list of libraries renewed by a trigger in place
# of a script.
function(lat_package_libraries component)
  string(TOUPPER ${component} name)
  set(control ${PROJECT_BINARY_DIR}/packages/${component})
  string(REPLACE ";" "\n" lines "${ARGN}")
  file(WRITE ${control}/shlibs "${lines}\n")
  file(WRITE ${control}/triggers "activate-noawait ldconfig\n")
  set(CPACK_DEBIAN_${name}_PACKAGE_CONTROL_EXTRA ${control}/shlibs ${control}/triggers PARENT_SCOPE)
endfunction()

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME liblat${soversion})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "transformers that learn linear algebra (shared library)\n${about}\n\
.\nThis package holds the shared library.")

lat_package_libraries(runtime "liblat ${soversion} liblat${soversion} (>= ${PROJECT_VERSION})")

# The archive asks for the libraries that it is built on.
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME liblat-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "liblat${soversion} (= ${PROJECT_VERSION}), libblis-serial-dev, liblapack-dev, libjansson-dev")
execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=libgfortran.a OUTPUT_VARIABLE fortran_runtime)
if(fortran_runtime MATCHES "/([0-9]+)/libgfortran")
  string(APPEND CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS ", libgfortran-${CMAKE_MATCH_1}-dev")
endif()
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "transformers that learn linear algebra (development files)\n${about}\n\
.\nThis package holds headers, the static library, and files for CMake and\n\
pkg-config.")

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME lat-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION math)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "liblat${soversion} (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_TOOLS_PACKAGE_RECOMMENDS lat-models)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS gnuplot-nox)
set(CPACK_DEBIAN_TOOLS_DESCRIPTION "transformers that learn linear algebra (command line)\n${about}\n\
.\nThis package holds the command lat.")

set(CPACK_DEBIAN_MPI_PACKAGE_NAME liblat-mpi)
set(CPACK_DEBIAN_MPI_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_MPI_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_MPI_PACKAGE_DEPENDS "liblat${soversion} (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_MPI_PACKAGE_SUGGESTS "liblat-dev (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_MPI_DESCRIPTION "transformers that learn linear algebra (training over MPI)\n${about}\n\
.\nThis package holds the library that trains over the ranks of MPI, for Open MPI\n\
and for MPICH, with its header.")
lat_package_libraries(mpi "liblat_mpi ${soversion} liblat-mpi (>= ${PROJECT_VERSION})"
                      "liblat_mpi_mpich ${soversion} liblat-mpi (>= ${PROJECT_VERSION})")

# Files that every processor and every version of the library can read.
set(CPACK_DEBIAN_MODELS_PACKAGE_NAME lat-models)
set(CPACK_DEBIAN_MODELS_PACKAGE_SECTION math)
set(CPACK_DEBIAN_MODELS_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_MODELS_DESCRIPTION "transformers that learn linear algebra (trained models)\n${about}\n\
.\nThis package holds trained models, which lat and liblat find by their names.")

set(CPACK_DEBIAN_DOC_PACKAGE_NAME liblat-doc)
set(CPACK_DEBIAN_DOC_PACKAGE_SECTION doc)
set(CPACK_DEBIAN_DOC_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_DOC_DESCRIPTION "transformers that learn linear algebra (manual)\n${about}\n\
.\nThis package holds the manual in HTML, in /usr/share/doc/liblat-doc/html.")

# The libraries hold code of BLIS and Random123, whose licenses want to be told.
set(copyright ${PROJECT_BINARY_DIR}/copyright)
file(READ ${PROJECT_SOURCE_DIR}/LICENSE text)
foreach(package libblis-serial-dev librandom123-dev)
  if(EXISTS /usr/share/doc/${package}/copyright)
    file(READ /usr/share/doc/${package}/copyright inner)
    string(APPEND text "\n\nContains parts of ${package}:\n\n${inner}")
  endif()
endforeach()
file(WRITE ${copyright} "${text}")

string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC) # of SOURCE_DATE_EPOCH where that is set
set(changelog ${PROJECT_BINARY_DIR}/packages/changelog)
file(WRITE ${changelog} "lat (${PROJECT_VERSION}) unstable; urgency=medium\n\n  * See CHANGELOG.md of the sources.\n\n\
 -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
find_program(GZIP gzip REQUIRED)
execute_process(COMMAND ${GZIP} -9nf ${changelog})

# What lintian need not say, with the reason.
set(exceptions "# Whoever builds packages for others names the maintainer by CPACK_PACKAGE_CONTACT.\n\
PACKAGE: bogus-mail-host Maintainer *\nPACKAGE: bogus-mail-host-in-debian-changelog *\n\
# These packages are made from the sources, in no distribution's name.\nPACKAGE: initial-upload-closes-no-bugs *\n")
set(runtime_exceptions "# CPack's own scripts, beside the trigger.\nPACKAGE: maintscript-calls-ldconfig *\n")
set(mpi_exceptions "${runtime_exceptions}\
# One library for each MPI, which the command loads by itself: one package for users and developers.\n\
PACKAGE: package-name-doesnt-match-sonames *\nPACKAGE: link-to-shared-library-in-wrong-package *\n")
foreach(component ${CPACK_COMPONENTS_ALL})
  string(TOUPPER ${component} name)
  set(package ${CPACK_DEBIAN_${name}_PACKAGE_NAME})
  string(REPLACE PACKAGE ${package} text "${exceptions}${${component}_exceptions}")
  file(WRITE ${PROJECT_BINARY_DIR}/packages/overrides/${package} "${text}")
  install(FILES ${copyright} ${changelog}.gz DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/${package}
          COMPONENT ${component} EXCLUDE_FROM_ALL)
  install(FILES ${PROJECT_BINARY_DIR}/packages/overrides/${package} DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/lintian/overrides
          COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()

include(CPack)
