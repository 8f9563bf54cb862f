/* The customers that are looked up: the driver creates them, the measured programs ask for them. */
#ifndef PAYNOW_BENCH_CUSTOMERS_H
#define PAYNOW_BENCH_CUSTOMERS_H

#include <stdio.h>

#define BENCH_CUSTOMERS 2000u
#define BENCH_UUID_SIZE 37u

/* The player of a number. Those from BENCH_CUSTOMERS on are not yet customers. */
static inline void bench_player_uuid(unsigned player, char *out) {
  const unsigned n = player + 1u;
  snprintf(out, BENCH_UUID_SIZE, "%08x-0000-4000-8000-%012x", n, n);
}

/* One request after the other asks for another customer, so that no client gains by remembering. */
static inline void bench_uuid(unsigned index, char *out) { bench_player_uuid(index % BENCH_CUSTOMERS, out); }

#endif
