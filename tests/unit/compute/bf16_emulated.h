/* The tile kernel on tiles kept in plain memory, with packing in plain loops: what AMX does, for
 * machines without it, and what the vector packing is compared with. */
#ifndef BF16_EMULATED_H
#define BF16_EMULATED_H

#include "compute/panel.h"

extern const lati_panel_kernel bf16_emulated;

/* Nearest bf16, ties to even, as a float. */
float bf16_nearest(float x);

#endif
