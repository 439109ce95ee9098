/* The tile kernel on tiles kept in plain memory, with packing in plain loops: what AMX does, for
 * machines without it, and what the vector packing is compared with. */
#ifndef BF16_EMULATED_H
#define BF16_EMULATED_H

#include "compute/panel.h"

extern const lati_panel_kernel bf16_emulated;

/* The kernels that run here: in f32, and in bf16. Returns how many. */
enum { MAX_KERNELS = 6 };
int panel_kernels_here(const lati_panel_kernel *kernels[MAX_KERNELS]);

#endif
