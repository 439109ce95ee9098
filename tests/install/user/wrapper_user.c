/* A program that uses lat through another library. */
#include <lat/lat.h>

#include <stdio.h>

const char *wrapper_version(void);

int main(void) {
  return puts(wrapper_version()) < 0;
}
