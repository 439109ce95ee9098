/* Examples of the host's own. The order of a pass is a permutation of 0..n-1 that can be asked for
 * one place: a Feistel network on numbers of 2 b bits, 4^b >= n, whose keys are a function of seed,
 * stream and pass; results that are not below n are put through it again (cycle walking). */
#include "task/example_source.h"

#include "task/registry.h"

enum { ROUNDS = 6 };

/* Set in the stream's number, which lies below: a drawing sampler's choices, that these have none
 * of. */
#define STREAM_ORDER UINT32_C(0x80000000)

/* The component that an example is of, by the letter in front of it; NULL: none is. */
static const lat_task *component_of(int32_t *index, const lat_batch *source, const lat_task *task,
                                    int64_t place) {
  const lati_batch_side *side = &source->side[LAT_INPUT];
  const int32_t letter = lati_token_letter(side->tokens[side->offsets[place]]);
  *index = 0;
  if (lat_task_letter(task) != 0) {
    return letter != 0 ? NULL : task;
  }
  for (int32_t i = 0; letter != 0 && i < lat_task_component_count(task); ++i) {
    const lat_task *component = lat_task_component(task, i);
    if (lat_task_letter(component) == letter) {
      *index = i;
      return component;
    }
  }
  return NULL;
}

static lat_status check_example(const lat_batch *source, const lat_task *task, int64_t place) {
  int32_t index = 0;
  char given[LATI_SHAPES_TEXT], wanted[LATI_SHAPES_TEXT];
  lati_form results;
  const lat_task *own = component_of(&index, source, task, place);
  const lati_form *input = &source->side[LAT_INPUT].forms[place];
  const lati_form *output = &source->side[LAT_OUTPUT].forms[place];
  if (own == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "its letter is none of the task's");
  }
  if (output->count == 0) {
    return lati_fail(LAT_ERROR_ARGUMENT, "it has no answer");
  }
  if (input->count != own->operands.count || input->layout != own->operands.layout) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "it has %d operands as lat_batch_append_operands() takes "
                     "them, the task has %d",
                     input->count, own->operands.count);
  }
  const lat_status status = lati_task_result_form(&results, own, input);
  if (status == LAT_OK && !lati_form_same(&results, output)) {
    return lati_fail(LAT_ERROR_ARGUMENT, "its answer is %s, not %s",
                     lati_shapes_text(given, output), lati_shapes_text(wanted, &results));
  }
  return status;
}

lat_status lati_source_check(const lat_batch *source, const lat_task *task,
                             const lat_tokenizer *tokenizer) {
  if (source->size == 0) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the source holds no example");
  }
  if (!lati_tokenizer_same(source->tokenizer, tokenizer)) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the source's encodings are not the sampler's");
  }
  for (int64_t i = 0; i < source->size; ++i) {
    const lat_status status = check_example(source, task, i);
    if (status != LAT_OK) {
      return lati_fail_prefix(status, "the source's example %lld", (long long)i);
    }
  }
  return LAT_OK;
}

/* A bijection of 64-bit numbers that mixes their bits (the finalizer of MurmurHash3). */
static uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 33)) * UINT64_C(0xFF51AFD7ED558CCD);
  x = (x ^ (x >> 33)) * UINT64_C(0xC4CEB9FE1A85EC53);
  return x ^ (x >> 33);
}

static uint64_t encipher(uint64_t place, int32_t bits, const uint64_t keys[ROUNDS]) {
  const uint64_t mask = (UINT64_C(1) << bits) - 1;
  uint64_t left = place >> bits, right = place & mask;
  for (int32_t i = 0; i < ROUNDS; ++i) {
    const uint64_t next = left ^ (mix(right ^ keys[i]) & mask);
    left = right;
    right = next;
  }
  return left << bits | right;
}

int64_t lati_source_place(const lat_batch *source, const lat_sampler_options *options,
                          uint64_t index) {
  const uint64_t count = (uint64_t)source->size;
  uint64_t place = index % count, keys[ROUNDS];
  int32_t bits = 0;
  lat_random random;
  if (options->source_in_order) {
    return (int64_t)place;
  }
  while (UINT64_C(1) << 2 * bits < count) {
    ++bits;
  }
  lati_random_start(&random, options->seed, STREAM_ORDER | options->stream, index / count);
  for (int32_t i = 0; i < ROUNDS; ++i) {
    keys[i] = lati_random_u64(&random);
  }
  do {
    place = encipher(place, bits, keys);
  } while (place >= count);
  return (int64_t)place;
}

lat_status lati_source_take(lat_batch *batch, const lat_batch *source, const lat_task *task,
                            int64_t place) {
  const lat_status status = lati_batch_append_range(batch, source, place, 1);
  if (status == LAT_OK) {
    (void)component_of(&batch->components[batch->size - 1], source, task, place);
  }
  return status;
}
