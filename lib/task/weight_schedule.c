/* Weights over the examples of a run. Between two points, which hold shares that add up to 1, the
 * shares of example i are (1 - t) of the first and t of the second, t = (i - a) / (b - a). */
#include "task/weight_schedule.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

typedef struct weight_point {
  double at; /* examples */
  double shares[LATI_WEIGHT_SLOTS];
} weight_point;

struct lati_weight_schedule {
  int32_t count;
  weight_point *points;
};

/* Text being read, and whose names it uses. */
typedef struct schedule_reader {
  const lati_weight_names *names;
  const char *text;
} schedule_reader;

static lat_status refuse(const schedule_reader *reader, const char *what, const char *place) {
  return lati_fail(LAT_ERROR_ARGUMENT, "%s: %s '%.40s'", reader->names->option, what, place);
}

/* One "name[:weight]". */
static lat_status read_share(weight_point *point, schedule_reader *reader) {
  const char *start = reader->text;
  const size_t length = strcspn(start, ":,@;");
  const int32_t slot = reader->names->find(start, length, reader->names->user);
  double weight = 1;
  if (slot < 0) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s: '%.*s' is none of %s", reader->names->option,
                     (int)(length < 40 ? length : 40), start, reader->names->known);
  }
  if (point->shares[slot] > 0) {
    return refuse(reader, "a name is given twice:", start);
  }
  reader->text += length;
  if (*reader->text == ':') {
    char *end = NULL;
    weight = lati_parse_double(reader->text + 1, &end);
    if (end == reader->text + 1 || !(weight > 0 && weight <= 1e100)) {
      return refuse(reader, "a weight is not in 0..1e100, without 0:", reader->text + 1);
    }
    reader->text = end;
  }
  point->shares[slot] = weight;
  return LAT_OK;
}

static lat_status read_examples(weight_point *point, schedule_reader *reader) {
  char *end = NULL;
  const double at = lati_parse_double(reader->text, &end);
  if (end == reader->text || !(at >= 0 && at <= 0x1p53) || at != floor(at)) {
    return refuse(reader, "not a number of examples:", reader->text);
  }
  point->at = at;
  reader->text = end;
  return LAT_OK;
}

static void normalise(weight_point *point) {
  double sum = 0;
  for (int32_t i = 0; i < LATI_WEIGHT_SLOTS; ++i) {
    sum += point->shares[i];
  }
  for (int32_t i = 0; i < LATI_WEIGHT_SLOTS; ++i) {
    point->shares[i] /= sum;
  }
}

/* Names with their weights, and the examples that they hold at. */
static lat_status read_point(weight_point *point, schedule_reader *reader, int first) {
  lat_status status = LAT_OK;
  LATI_TRY(read_share(point, reader));
  while (*reader->text == ',') {
    ++reader->text;
    LATI_TRY(read_share(point, reader));
  }
  if (*reader->text == '@') {
    ++reader->text;
    LATI_TRY(read_examples(point, reader));
  } else if (!first) {
    LATI_TRY(refuse(reader, "a later point needs @EXAMPLES:", reader->text));
  }
  if (*reader->text != ';' && *reader->text != '\0') {
    LATI_TRY(refuse(reader, "unexpected", reader->text));
  }
  normalise(point);
done:
  return status;
}

static int32_t count_points(const char *text) {
  int32_t count = 1;
  for (; *text != '\0'; ++text) {
    count += *text == ';';
  }
  return count;
}

static lat_status read_points(lati_weight_schedule *schedule, schedule_reader *reader) {
  lat_status status = LAT_OK;
  for (;;) {
    weight_point *point = &schedule->points[schedule->count];
    LATI_TRY(read_point(point, reader, schedule->count == 0));
    if (schedule->count > 0 && !(point->at > point[-1].at)) {
      LATI_TRY(lati_fail(LAT_ERROR_ARGUMENT, "%s: %.0f examples follow %.0f: points must ascend",
                         reader->names->option, point->at, point[-1].at));
    }
    ++schedule->count;
    if (*reader->text == '\0') {
      return LAT_OK;
    }
    ++reader->text;
  }
done:
  return status;
}

lat_status lati_weight_schedule_parse(lati_weight_schedule **out, const lat_context *ctx,
                                      const char *text, const lati_weight_names *names) {
  lat_status status = LAT_OK;
  lati_weight_schedule *schedule = NULL;
  schedule_reader reader = {names, text};
  *out = NULL;
  if (text == NULL) {
    return LAT_OK;
  }
  LATI_TRY(LATI_NEW(schedule, ctx, 1));
  LATI_TRY(LATI_NEW(schedule->points, ctx, count_points(text)));
  LATI_TRY(read_points(schedule, &reader));
  *out = schedule;
  schedule = NULL;
done:
  lati_weight_schedule_free(schedule);
  return status;
}

void lati_weight_schedule_free(lati_weight_schedule *schedule) {
  if (schedule != NULL) {
    lati_free(schedule->points);
    lati_free(schedule);
  }
}

/* The points around an example, and the share of the second. */
static double find_points(const weight_point **from, const weight_point **to,
                          const lati_weight_schedule *schedule, double index) {
  int32_t next = 0;
  while (next < schedule->count && schedule->points[next].at <= index) {
    ++next;
  }
  *from = &schedule->points[next > 0 ? next - 1 : 0];
  *to = &schedule->points[next < schedule->count ? next : schedule->count - 1];
  return *from == *to ? 0 : (index - (*from)->at) / ((*to)->at - (*from)->at);
}

int32_t lati_weight_schedule_draw(const lati_weight_schedule *schedule, uint64_t index,
                                  lat_random *random) {
  const weight_point *from = NULL, *to = NULL;
  const double t = find_points(&from, &to, schedule, (double)index);
  const double u = lat_random_uniform(random);
  double sum = 0;
  int32_t chosen = -1;
  for (int32_t i = 0; i < LATI_WEIGHT_SLOTS; ++i) {
    const double share = (1 - t) * from->shares[i] + t * to->shares[i];
    if (share > 0) {
      chosen = i;
      sum += share;
    }
    if (u < sum) {
      break;
    }
  }
  return chosen;
}
