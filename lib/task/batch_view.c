/* Looking into a batch. */
#include "linalg/matrix.h"
#include "linalg/spectra.h"
#include "linalg/structures.h"
#include "task/task_impl.h"

int64_t lat_batch_size(const lat_batch *batch) {
  return batch == NULL ? 0 : batch->size;
}

static lat_status check_side(const void *out, const lat_batch *batch, int32_t side) {
  if (out == NULL || batch == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out or the batch is NULL");
  }
  if (side != LAT_INPUT && side != LAT_OUTPUT) {
    return lati_fail(LAT_ERROR_ARGUMENT, "side %d is neither input (%d) nor output (%d)", side,
                     LAT_INPUT, LAT_OUTPUT);
  }
  return LAT_OK;
}

lat_status lat_batch_sequences(lat_sequences *out, const lat_batch *batch, int32_t side) {
  const lat_status status = check_side(out, batch, side);
  if (status == LAT_OK) {
    const lati_batch_side *from = &batch->side[side];
    *out = (lat_sequences){from->tokens, from->offsets, batch->size};
  }
  return status;
}

static int holds(const lat_batch *batch, int64_t index) {
  return batch != NULL && index >= 0 && index < batch->size;
}

lat_status lat_batch_matrix(lat_matrix *out, const lat_batch *batch, int32_t side, int64_t index) {
  const lat_status status = check_side(out, batch, side);
  if (status != LAT_OK) {
    return status;
  }
  if (!holds(batch, index)) {
    return lati_fail(LAT_ERROR_ARGUMENT, "example %lld is outside the batch of %lld",
                     (long long)index, (long long)batch->size);
  }
  const lati_batch_side *from = &batch->side[side];
  if (from->value_rows[index] == 0) {
    return lati_fail(LAT_ERROR_STATE, "example %lld was appended without an output",
                     (long long)index);
  }
  *out = lati_matrix_view(from->values + from->value_offsets[index], from->value_rows[index],
                          from->value_cols[index]);
  return LAT_OK;
}

int32_t lat_batch_component(const lat_batch *batch, int64_t index) {
  return holds(batch, index) ? batch->components[index] : 0;
}

const char *lati_batch_distribution(const lat_batch *batch, int64_t index) {
  return holds(batch, index) ? lati_spectrum_name(batch->distributions[index]) : NULL;
}

const char *lati_batch_structure(const lat_batch *batch, int64_t index) {
  return holds(batch, index) ? lati_structure_name(batch->structures[index]) : NULL;
}
