# Warnings every target of ours is clean under, with gcc and clang.
function(lat_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wvla
                                           -Wmissing-prototypes -Wstrict-prototypes)
  if(LAT_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
