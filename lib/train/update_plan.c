/* Which parameters a rank updates, and in which stretches Adam goes over them. */
#include "train/optimizer_impl.h"

/* Where the part of a rank begins: an even share, but never inside a matrix of Muon's or, without
 * them, a block of the norm's sum. */
static size_t first_of(const lati_parameter_table *table, const lati_update_share *share,
                       int32_t rank, int orthogonalises) {
  const size_t whole = table->total / (size_t)share->ranks,
               rest = table->total % (size_t)share->ranks;
  const size_t even = (size_t)rank * whole + (size_t)rank * rest / (size_t)share->ranks;
  for (int32_t i = 0; i < table->count && orthogonalises; ++i) {
    const lati_parameter *entry = &table->entries[i];
    if (entry->hidden && entry->offset < even && even < entry->offset + entry->size) {
      return entry->offset;
    }
  }
  return orthogonalises || rank == share->ranks ? even : even - even % LATI_UPDATE_BLOCK;
}

lat_status lati_optimizer_plan_parts(lat_optimizer *optimizer, const lati_parameter_table *table,
                                     int orthogonalises) {
  const lati_update_share *share = &optimizer->share;
  optimizer->end = optimizer->count;
  if (!share->split) {
    return LAT_OK;
  }
  lat_status status = LAT_OK;
  LATI_TRY(LATI_NEW(optimizer->parts, optimizer->ctx, (size_t)share->ranks + 1));
  LATI_TRY(LATI_NEW(optimizer->offsets, optimizer->ctx, (size_t)share->ranks + 1));
  for (int32_t rank = 0; rank <= share->ranks; ++rank) {
    optimizer->parts[rank] = first_of(table, share, rank, orthogonalises);
  }
  optimizer->first = optimizer->parts[share->rank];
  optimizer->end = optimizer->parts[share->rank + 1];
done:
  return status;
}

/* The last stretch grows by a parameter that follows it, up to a task's size; then another begins.
 */
static void add_to_stretches(lat_optimizer *optimizer, const lati_parameter *entry) {
  const size_t behind = entry->offset + entry->size;
  const size_t begin = entry->offset > optimizer->first ? entry->offset : optimizer->first;
  const size_t end = behind < optimizer->end ? behind : optimizer->end;
  size_t at = begin - optimizer->first, left = end > begin ? end - begin : 0;
  while (left > 0) {
    const int32_t count = optimizer->stretch_count;
    lati_stretch *last = count > 0 ? &optimizer->stretches[count - 1] : NULL;
    if (last == NULL || last->offset + last->size != at || last->size == LATI_UPDATE_BLOCK) {
      last = &optimizer->stretches[optimizer->stretch_count++];
      *last = (lati_stretch){at, 0};
    }
    const size_t room = LATI_UPDATE_BLOCK - last->size, part = left < room ? left : room;
    last->size += part;
    at += part;
    left -= part;
  }
}

lat_status lati_optimizer_plan_stretches(lat_optimizer *optimizer,
                                         const lati_parameter_table *table) {
  const size_t most = (size_t)table->count + table->total / LATI_UPDATE_BLOCK;
  lat_status status = LATI_NEW(optimizer->stretches, optimizer->ctx, most);
  for (int32_t i = 0; i < table->count && status == LAT_OK; ++i) {
    const lati_parameter *entry = &table->entries[i];
    if (optimizer->muon == NULL || !entry->hidden) {
      add_to_stretches(optimizer, entry);
    }
  }
  return status;
}
