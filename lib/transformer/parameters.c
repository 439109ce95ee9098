/* Declaring parameters: each declaration appends an entry to the table, named after its place. */
#include "transformer/parameters.h"

#include <stdio.h>
#include <string.h>

static void name_entry(lati_parameter *entry, const lati_declaration *to, const char *name) {
  if (to->layer < 0) {
    snprintf(entry->name, sizeof entry->name, "%s.%s", to->stack, name);
  } else {
    snprintf(entry->name, sizeof entry->name, "%s.layers.%d.%s", to->stack, (int)to->layer, name);
  }
}

void lati_declare(lati_declaration *to, const char *name, int32_t rows, int32_t cols,
                  lati_init init, int32_t fan_in) {
  lati_parameter_table *table = to->table;
  if (to->status == LAT_OK) {
    to->status = lati_grow((void **)&table->entries, &to->capacity, to->ctx,
                           (size_t)table->count + 1, sizeof *table->entries);
  }
  if (to->status != LAT_OK) {
    return;
  }
  lati_parameter *entry = &table->entries[table->count++];
  memset(entry, 0, sizeof *entry);
  name_entry(entry, to, name);
  entry->rank = cols > 0 ? 2 : 1;
  entry->shape[0] = rows;
  entry->shape[1] = cols > 0 ? cols : 1;
  entry->offset = table->total;
  entry->size = (size_t)rows * (size_t)entry->shape[1];
  entry->init = init;
  entry->fan_in = fan_in;
  entry->side = to->side;
  entry->hidden = to->layer >= 0 && cols > 0;
  table->total += entry->size;
}

void lati_declare_norm(lati_declaration *to, const char *name) {
  char part[32];
  snprintf(part, sizeof part, "%s.weight", name);
  lati_declare(to, part, to->width, 0, LATI_INIT_ONE, 0);
  if (!to->rms) {
    snprintf(part, sizeof part, "%s.bias", name);
    lati_declare(to, part, to->width, 0, LATI_INIT_ZERO, 0);
  }
}

void lati_declare_linear_part(lati_declaration *to, const char *block, const char *name,
                              const char *part, int32_t out, int32_t in) {
  char text[40];
  const int is_weight = strcmp(part, "weight") == 0;
  snprintf(text, sizeof text, "%s.%s.%s", block, name, part);
  lati_declare(to, text, out, is_weight ? in : 0, LATI_INIT_LINEAR, in);
}

void lati_declare_linear(lati_declaration *to, const char *block, const char *name, int32_t out,
                         int32_t in) {
  lati_declare_linear_part(to, block, name, "weight", out, in);
  lati_declare_linear_part(to, block, name, "bias", out, in);
}

void lati_parameter_table_free(lati_parameter_table *table) {
  lati_free(table->entries);
  memset(table, 0, sizeof *table);
}

const lati_parameter *lati_parameter_find(const lati_parameter_table *table, const char *name) {
  for (int32_t i = 0; i < table->count; ++i) {
    if (strcmp(table->entries[i].name, name) == 0) {
      return &table->entries[i];
    }
  }
  return NULL;
}
