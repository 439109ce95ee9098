/* Attention of one query over cached keys and values. */
#ifndef LATI_DECODE_ATTENTION_H
#define LATI_DECODE_ATTENTION_H

#include <stdint.h>

/* o (heads * head_width) = softmax(q_h k_h^T / sqrt(head_width)) v_h for every head h. kv[i] is key
 * i, its value `width` floats behind it. scores: scratch of heads * count. */
void lati_attend(float *o, const float *q, const float *const *kv, int64_t count, int32_t heads,
                 int32_t head_width, float *scores);

#endif
