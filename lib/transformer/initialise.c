#include "transformer/initialise.h"

#include <math.h>

#define HALF_PI 1.57079632679489661923

/* Fourier features of number symbols: feature j of value v is 0.05 sqrt 2 cos(w_j v + b_j), |w|
 * log-uniform over 1..100 times pi/2 (reference.md section 5). */
#define FOURIER_SCALE 0.05
#define FOURIER_OCTAVES 100.0

/* What an fp15 value is divided by, so that coefficients of +-10 become +-1. */
#define VALUE_SCALE 10.0

/* Decades of fp15's magnitudes, 10^-9 to 10^9. */
#define SMALLEST_DECADE (-9.0)
#define DECADES 18.0

/* One tensor being filled; tasks are its rows. */
typedef struct init_job {
  const lat_model *model;
  const lati_parameter *parameter;
  uint64_t tensor; /* index in the table */
  int32_t cols;
  float *data;        /* (rows, cols), on the host */
  double *waves;      /* (2, cols): w and b; NULL without Fourier features */
  int32_t *symbol_of; /* (rows): the encoding's symbol that a row stands for, -1 for none */
} init_job;

static void fill_uniform(float *row, int32_t cols, double bound, lat_random *random) {
  for (int32_t i = 0; i < cols; ++i) {
    row[i] = (float)(bound * (2 * lat_random_uniform(random) - 1));
  }
}

static void fill_normal(float *row, int32_t cols, lat_random *random) {
  const double deviation = 1 / sqrt((double)cols);
  for (int32_t i = 0; i < cols; ++i) {
    row[i] = (float)(deviation * lat_random_normal(random));
  }
}

static void fill_constant(float *row, int32_t cols, float value) {
  for (int32_t i = 0; i < cols; ++i) {
    row[i] = value;
  }
}

/* Where a symbol lies for its first and second half of features, both in about -1..1: a mantissa by
 * itself; an fp15 number by its value and by the signed logarithm of its magnitude. Returns 0 for
 * symbols without a mantissa. */
static int symbol_places(double places[2], const lati_vocabulary *vocabulary, int factored,
                         int32_t symbol) {
  lati_symbol_value parts;
  double value = 0;
  if (symbol < 0) {
    return 0;
  }
  vocabulary->encoding->symbol_value(&parts, vocabulary->digits, symbol);
  places[0] = places[1] = parts.mantissa;
  if (parts.has_mantissa && parts.has_exponent && !factored) {
    vocabulary->encoding->decode(&value, vocabulary->digits, &symbol, 1);
    places[0] = value / VALUE_SCALE;
    places[1] = 0;
    if (value != 0) {
      places[1] = copysign((log10(fabs(value)) - SMALLEST_DECADE) / DECADES, value);
    }
  }
  return parts.has_mantissa;
}

static void fill_waves(float *row, int32_t cols, const double *waves, const double places[2]) {
  for (int32_t i = 0; i < cols; ++i) {
    const double place = places[2 * i >= cols];
    row[i] = (float)(FOURIER_SCALE * sqrt(2.0) * cos(waves[i] * place + waves[cols + i]));
  }
}

static void fill_symbol(float *row, const init_job *job, int32_t index, lat_random *random) {
  const int32_t side = job->parameter->side;
  const int factored = job->model->dimensions.mantissas[side] > 0;
  double places[2];
  if (job->waves != NULL &&
      symbol_places(places, &job->model->tokenizer->side[side], factored, job->symbol_of[index])) {
    fill_waves(row, job->cols, job->waves, places);
  } else {
    fill_normal(row, job->cols, random);
  }
}

static void start_random(lat_random *random, const init_job *job, uint32_t index) {
  lati_random_start(random, job->model->options.seed, LATI_STREAM_INIT, job->tensor << 32 | index);
}

static void fill_row(void *argument, int64_t task, int32_t worker) {
  const init_job *job = argument;
  const lati_parameter *parameter = job->parameter;
  float *row = job->data + task * job->cols;
  lat_random random;
  (void)worker;
  start_random(&random, job, (uint32_t)task);
  switch (parameter->init) {
  case LATI_INIT_LINEAR:
    fill_uniform(row, job->cols, 1 / sqrt((double)parameter->fan_in), &random);
    break;
  case LATI_INIT_SYMBOLS:
    fill_symbol(row, job, (int32_t)task, &random);
    break;
  case LATI_INIT_EMBEDDING:
    fill_normal(row, job->cols, &random);
    break;
  case LATI_INIT_ONE:
  case LATI_INIT_ZERO:
  default:
    fill_constant(row, job->cols, parameter->init == LATI_INIT_ONE ? 1.0f : 0.0f);
    break;
  }
}

/* Frequencies and phases of a tensor, from the stream after its last possible row. */
static void draw_waves(const init_job *job) {
  lat_random random;
  start_random(&random, job, UINT32_MAX);
  for (int32_t i = 0; i < job->cols; ++i) {
    const double magnitude = HALF_PI * pow(FOURIER_OCTAVES, lat_random_uniform(&random));
    job->waves[i] = lat_random_uniform(&random) < 0.5 ? -magnitude : magnitude;
    job->waves[job->cols + i] = 4 * HALF_PI * lat_random_uniform(&random);
  }
}

/* Rows of a vocabulary's table are its symbols; rows of a mantissa table are mantissas, each told
 * by the first symbol that has it. */
static void find_symbols(const init_job *job) {
  const int32_t side = job->parameter->side, rows = job->parameter->shape[0];
  const lati_vocabulary *vocabulary = &job->model->tokenizer->side[side];
  const int factored = job->model->dimensions.mantissas[side] > 0;
  int32_t exponent = 0;
  for (int32_t row = 0; row < rows; ++row) {
    job->symbol_of[row] = -1;
  }
  for (int32_t symbol = vocabulary->size - LAT_TOKEN_NUMBER - 1; symbol >= 0; --symbol) {
    int32_t row = LAT_TOKEN_NUMBER + symbol;
    if (!factored || vocabulary->encoding->factors(&row, &exponent, symbol)) {
      job->symbol_of[row] = symbol;
    }
  }
}

static lat_status prepare_waves(init_job *job) {
  lat_status status = LAT_OK;
  LATI_TRY(LATI_NEW(job->waves, job->model->ctx, 2 * job->cols));
  LATI_TRY(LATI_NEW(job->symbol_of, job->model->ctx, job->parameter->shape[0]));
  draw_waves(job);
  find_symbols(job);
done:
  return status;
}

static lat_status initialise_tensor(lat_model *model, int32_t index) {
  lat_status status = LAT_OK;
  const lati_parameter *parameter = &model->table.entries[index];
  const int is_matrix = parameter->rank == 2;
  init_job job = {.model = model, .parameter = parameter, .tensor = (uint64_t)index};
  job.cols = is_matrix ? parameter->shape[1] : parameter->shape[0];
  LATI_TRY(LATI_NEW(job.data, model->ctx, parameter->size));
  if (parameter->init == LATI_INIT_SYMBOLS && model->options.init == LAT_INIT_FOURIER) {
    LATI_TRY(prepare_waves(&job));
  }
  lati_pool_run(model->ctx->device.pool, fill_row, &job, is_matrix ? parameter->shape[0] : 1);
  lati_device_write(&model->ctx->device, model->parameters + parameter->offset, job.data,
                    parameter->size * sizeof *job.data);
done:
  lati_free(job.data);
  lati_free(job.waves);
  lati_free(job.symbol_of);
  return status;
}

lat_status lati_initialise(lat_model *model) {
  lat_status status = LAT_OK;
  for (int32_t i = 0; i < model->table.count && status == LAT_OK; ++i) {
    status = initialise_tensor(model, i);
  }
  return status;
}
