# Warnings every target of ours is clean under, with gcc and clang.
function(lat_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic
    $<$<COMPILE_LANGUAGE:C,CXX>:-Wconversion;-Wshadow>
    $<$<COMPILE_LANGUAGE:C>:-Wvla;-Wmissing-prototypes;-Wstrict-prototypes>
    $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast;-Wsign-conversion>
    $<$<COMPILE_LANGUAGE:Fortran>:-std=f2008>)
  if(LAT_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
