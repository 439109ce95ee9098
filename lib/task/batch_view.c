/* Looking into a batch. */
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

/* The matrices of one side of an example. */
static lat_status find_matrices(lati_matrices *out, const lat_batch *batch, int32_t side,
                                int64_t index) {
  if (!holds(batch, index)) {
    return lati_fail(LAT_ERROR_ARGUMENT, "example %lld is outside the batch of %lld",
                     (long long)index, (long long)batch->size);
  }
  const lati_batch_side *from = &batch->side[side];
  if (from->forms[index].count == 0) {
    return lati_fail(LAT_ERROR_STATE, "example %lld was appended without an output",
                     (long long)index);
  }
  *out = lati_matrices_at(from->values + from->value_offsets[index], &from->forms[index]);
  return LAT_OK;
}

lat_status lat_batch_matrix(lat_matrix *out, const lat_batch *batch, int32_t side, int64_t index) {
  lat_status status = LAT_OK;
  lati_matrices found;
  LATI_TRY(check_side(out, batch, side));
  LATI_TRY(find_matrices(&found, batch, side, index));
  if (found.count > 1) {
    LATI_TRY(lati_fail(LAT_ERROR_STATE,
                       "example %lld has %d matrices that are written one after the other: see "
                       "lat_batch_operand()",
                       (long long)index, found.count));
  }
  *out = found.written[0];
done:
  return status;
}

int32_t lat_batch_operand_count(const lat_batch *batch, int32_t side, int64_t index) {
  const int known = holds(batch, index) && (side == LAT_INPUT || side == LAT_OUTPUT);
  return known ? batch->side[side].forms[index].count : 0;
}

lat_status lat_batch_operand(lat_matrix *out, const lat_batch *batch, int32_t side, int64_t index,
                             int32_t operand) {
  lat_status status = LAT_OK;
  lati_matrices found;
  LATI_TRY(check_side(out, batch, side));
  LATI_TRY(find_matrices(&found, batch, side, index));
  if (operand < 0 || operand >= found.form.count) {
    LATI_TRY(lati_fail(LAT_ERROR_ARGUMENT, "operand %d is outside 0..%d", operand,
                       found.form.count - 1));
  }
  *out = lati_matrices_operand(&found, operand);
done:
  return status;
}

int32_t lat_batch_component(const lat_batch *batch, int64_t index) {
  return holds(batch, index) ? batch->components[index] : 0;
}

/* FNV-1a of 64 bits over tokens and lengths. */
static uint64_t hash_side(uint64_t hash, const lati_batch_side *side, int64_t size) {
  for (int64_t i = 0; i < side->offsets[size]; ++i) {
    hash = (hash ^ (uint32_t)side->tokens[i]) * UINT64_C(0x100000001B3);
  }
  for (int64_t i = 1; i <= size; ++i) {
    hash = (hash ^ (uint64_t)side->offsets[i]) * UINT64_C(0x100000001B3);
  }
  return hash;
}

uint64_t lati_batch_fingerprint(const lat_batch *batch) {
  const uint64_t input =
      hash_side(UINT64_C(0xCBF29CE484222325), &batch->side[LAT_INPUT], batch->size);
  return hash_side(input, &batch->side[LAT_OUTPUT], batch->size);
}

const char *lati_batch_distribution(const lat_batch *batch, int64_t index) {
  return holds(batch, index) ? lati_spectrum_name(batch->distributions[index]) : NULL;
}

const char *lati_batch_structure(const lat_batch *batch, int64_t index) {
  return holds(batch, index) ? lati_structure_name(batch->structures[index]) : NULL;
}

const double *lati_batch_factors(const lat_batch *batch, int64_t index) {
  const int64_t *offsets = batch->factor_offsets;
  return holds(batch, index) && offsets[index + 1] > offsets[index]
             ? batch->factors + offsets[index]
             : NULL;
}
