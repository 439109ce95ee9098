#include "measurement.h"

#include "report.h"

#include <stdlib.h>

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static lat_status measure_once(double *rate, double seconds, work_function *work, void *argument) {
  double started = seconds_now(), passed = 0;
  int64_t pieces = 0;
  do {
    lat_status status = work(argument);
    if (status != LAT_OK) {
      return status;
    }
    pieces += 1;
    passed = seconds_now() - started;
  } while (passed < seconds);
  *rate = (double)pieces / passed;
  return LAT_OK;
}

lat_status measure_rate(double *rate, const cli_settings *settings, work_function *work,
                        void *argument) {
  double rates[MAX_REPEATS];
  const int32_t repeats = settings->repeats;
  lat_status status = work(argument);
  for (int32_t i = 0; i < repeats && status == LAT_OK; ++i) {
    status = measure_once(&rates[i], settings->seconds, work, argument);
  }
  if (status == LAT_OK) {
    qsort(rates, (size_t)repeats, sizeof *rates, compare);
    *rate = (rates[(repeats - 1) / 2] + rates[repeats / 2]) / 2;
  }
  return status;
}
