# Warnings every target of ours is clean under, with gcc and clang. Inside another project nobody is
# there to mend one, and the parent's -Werror must not make it fatal: the compiler is silent.
function(lat_warnings target)
  if(NOT LAT_IS_TOP_LEVEL AND NOT LAT_WERROR)
    target_compile_options(${target} PRIVATE -w)
    return()
  endif()
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic
    $<$<COMPILE_LANGUAGE:C,CXX>:-Wconversion;-Wshadow>
    $<$<COMPILE_LANGUAGE:C>:-Wvla;-Wmissing-prototypes;-Wstrict-prototypes>
    $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast;-Wsign-conversion>
    $<$<COMPILE_LANGUAGE:Fortran>:-std=f2008>)
  if(LAT_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
