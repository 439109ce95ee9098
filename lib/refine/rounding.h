/* What bounds on the rounding of a computation are made of. */
#ifndef LATI_ROUNDING_H
#define LATI_ROUNDING_H

#define LATI_UNIT 0x1p-53 /* of double precision */
#define LATI_TINY 1e-290  /* above what underflow takes from sums of scaled numbers */

#endif
