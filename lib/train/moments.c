/* Moments that ranks keep a part each of (the first stage of ZeRO): together for as long as a
 * checkpoint, which is that of one process, is written or read. */
#include "train/optimizer_impl.h"

static int is_split(const lat_optimizer *optimizer) {
  return optimizer->parts != NULL;
}

lat_status lati_moments_open(lat_optimizer *optimizer) {
  lat_status status = LAT_OK;
  for (int i = 0; i < 2 && is_split(optimizer); ++i) {
    if (optimizer->whole[i] == NULL) {
      LATI_TRY(LATI_NEW_ON_DEVICE(optimizer->whole[i], optimizer->ctx, optimizer->count));
    }
  }
done:
  return status;
}

static float *part_of(const lat_optimizer *optimizer, int which) {
  return which == 0 ? optimizer->m : optimizer->v;
}

static size_t part_bytes(const lat_optimizer *optimizer) {
  return (optimizer->end - optimizer->first) * sizeof(float);
}

lat_status lati_moments_gather(lat_optimizer *optimizer, float *buffer, int keeps) {
  lat_status status = LAT_OK;
  const lati_device *device = &optimizer->ctx->device;
  for (int i = 0; i < 2 && is_split(optimizer) && status == LAT_OK; ++i) {
    lati_device_copy(device, buffer + optimizer->first, part_of(optimizer, i),
                     part_bytes(optimizer));
    status = lati_optimizer_gather(optimizer, buffer);
    if (status == LAT_OK && keeps) {
      lati_device_copy(device, optimizer->whole[i], buffer, optimizer->count * sizeof *buffer);
    }
    lati_device_fill(device, buffer, 0, optimizer->count);
  }
  return status;
}

void lati_moments_take(lat_optimizer *optimizer, const float *all, int which) {
  lati_device_copy(&optimizer->ctx->device, part_of(optimizer, which), all + optimizer->first,
                   part_bytes(optimizer));
}

void lati_moments_close(lat_optimizer *optimizer) {
  for (int i = 0; i < 2; ++i) {
    lati_device_free(optimizer->ctx, optimizer->whole[i]);
    optimizer->whole[i] = NULL;
  }
}
