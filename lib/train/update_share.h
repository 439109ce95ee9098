/* An update that ranks share out: which one this is, and how each gets what the others made. */
#ifndef LATI_UPDATE_SHARE_H
#define LATI_UPDATE_SHARE_H

#include <lat/status.h>

#include <stddef.h>
#include <stdint.h>

typedef struct lati_update_share {
  int32_t rank, ranks;
  int32_t split; /* 1: each rank keeps the moments of its part of the parameters alone */
  /* The bytes offsets[r] .. offsets[r + 1] - 1 of `rows` are rank r's: its own in, all out. */
  lat_status (*gather)(void *user, void *rows, const size_t *offsets);
  void *user;
} lati_update_share;

#endif
