/* An evaluation as the paper's table, or as JSON. */
#ifndef ACCURACY_TABLE_H
#define ACCURACY_TABLE_H

#include <jansson.h>
#include <lat/lat.h>

/* rate: examples a second. ceiling: 1 to show the exact solver's rows. */
void accuracy_print(const lat_evaluation *evaluation, double rate, int ceiling);

/* What became of the failed answers, where that was asked for. */
void diagnosis_print(const lat_evaluation *evaluation);

/* Keys count, accuracy, exact, well_formed, within_1pct, candidates, certified and ceiling (where
 * measured), examples_per_second, groups, diagnosis (where asked for), distribution (unless NULL).
 */
json_t *accuracy_json(const lat_evaluation *evaluation, double rate, const char *distribution);

#endif
