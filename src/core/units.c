/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of units: sizes and rates in bits, times in microseconds, all else as it is. */
#include "core/units.h"

#include "util/cleanup.h"

#define BYTE UINT64_C(8)
#define BYTES(n) ((n)*BYTE)
#define KI UINT64_C(1024)
#define MI (KI * KI)
#define GI (MI * KI)
#define TI (GI * KI)
#define PI (TI * KI)
#define EI (PI * KI)
#define K UINT64_C(1000)
#define M (K * K)
#define G (M * K)
#define T (G * K)
#define P (T * K)
#define E (P * K)
#define MINUTE (60 * M)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static const struct pri_unit bytes_accepted[] = {
	{"B", BYTE, 0},	       {"K", BYTES(KI), 0},   {"M", BYTES(MI), 0},   {"G", BYTES(GI), 0},
	{"T", BYTES(TI), 0},   {"P", BYTES(PI), 0},   {"KiB", BYTES(KI), 0}, {"MiB", BYTES(MI), 0},
	{"GiB", BYTES(GI), 0}, {"TiB", BYTES(TI), 0}, {"PiB", BYTES(PI), 0}, {"kB", BYTES(K), 0},
	{"MB", BYTES(M), 0},   {"GB", BYTES(G), 0},   {"TB", BYTES(T), 0},   {"PB", BYTES(P), 0},
	{"E", BYTES(EI), 0},   {"EiB", BYTES(EI), 0}, {"EB", BYTES(E), 0},   {NULL, 0, 0},
};

static const struct pri_unit bits_accepted[] = {
	{"bit", 1, 0}, {"kbit", K, 0}, {"mbit", M, 0}, {"gbit", G, 0}, {"tbit", T, 0}, {NULL, 0, 0},
};

static const struct pri_unit times_accepted[] = {
	{"us", 1, 0},
	{"ms", K, 0},
	{"s", M, 0},
	{NULL, 0, 0},
};

static const struct pri_unit counts_accepted[] = {
	{"k", K, 0},
	{"M", M, 0},
	{"G", G, 0},
	{NULL, 0, 0},
};

static const struct pri_unit percent_accepted[] = {
	{"%", 100, 0},
	{NULL, 0, 0},
};

static const struct pri_unit bytes_exact[] = {
	{"PiB", BYTES(PI), 0}, {"TiB", BYTES(TI), 0}, {"GiB", BYTES(GI), 0}, {"MiB", BYTES(MI), 0},
	{"KiB", BYTES(KI), 0}, {"", BYTE, 0},	      {NULL, 0, 0},
};

static const struct pri_unit rate_exact[] = {
	{"PiB/s", BYTES(PI), 0}, {"PB/s", BYTES(P), 0},	  {"TiB/s", BYTES(TI), 0},
	{"TB/s", BYTES(T), 0},	 {"GiB/s", BYTES(GI), 0}, {"GB/s", BYTES(G), 0},
	{"MiB/s", BYTES(MI), 0}, {"MB/s", BYTES(M), 0},	  {"KiB/s", BYTES(KI), 0},
	{"kB/s", BYTES(K), 0},	 {"B/s", BYTE, 0},	  {NULL, 0, 0},
};

static const struct pri_unit net_exact[] = {
	{"Tbit/s", T, 0}, {"Gbit/s", G, 0}, {"Mbit/s", M, 0},
	{"kbit/s", K, 0}, {"B/s", BYTE, 0}, {NULL, 0, 0},
};

/* One for each base unit: the last row has to be it. */
static const struct pri_unit usec_exact[] = {{"s", M, 0}, {"ms", K, 0}, {"us", 1, 0}, {NULL, 0, 0}};
static const struct pri_unit msec_exact[] = {{"s", M, 0}, {"ms", K, 0}, {NULL, 0, 0}};
static const struct pri_unit sec_exact[] = {{"s", M, 0}, {NULL, 0, 0}};
static const struct pri_unit count_exact[] = {{"", 1, 0}, {NULL, 0, 0}};

static const struct pri_unit bytes_brief[] = {
	{"B", BYTE, KI},      {"K", BYTES(KI), KI}, {"M", BYTES(MI), KI}, {"G", BYTES(GI), KI},
	{"T", BYTES(TI), KI}, {"P", BYTES(PI), KI}, {"E", BYTES(EI), 0},  {NULL, 0, 0},
};

static const struct pri_unit rate_brief[] = {
	{" B/s", BYTE, K},	{" kB/s", BYTES(K), K}, {" MB/s", BYTES(M), K},
	{" GB/s", BYTES(G), K}, {" TB/s", BYTES(T), K}, {" PB/s", BYTES(P), K},
	{" EB/s", BYTES(E), 0}, {NULL, 0, 0},
};

static const struct pri_unit net_brief[] = {
	{" bit/s", 1, K},  {" kbit/s", K, K}, {" Mbit/s", M, K}, {" Gbit/s", G, K},
	{" Tbit/s", T, K}, {" Pbit/s", P, K}, {" Ebit/s", E, 0}, {NULL, 0, 0},
};

const struct pri_unit pri_times_brief[] = {
	{" us", 1, K},	  {" ms", K, K},  {" s", M, K}, {" min", MINUTE, 60},
	{" h", HOUR, 48}, {" d", DAY, 0}, {NULL, 0, 0},
};

/* Four digits are read more easily than three and a suffix. */
static const struct pri_unit count_brief[] = {
	{"", 1, 10 * K}, {"k", K, K}, {"M", M, K}, {"G", G, K},
	{"T", T, K},	 {"P", P, K}, {"E", E, 0}, {NULL, 0, 0},
};

static const struct pri_unit per_sec_brief[] = {
	{"/s", 1, 10 * K}, {"k/s", K, K}, {"M/s", M, K}, {"G/s", G, K},
	{"T/s", T, K},	   {"P/s", P, K}, {"E/s", E, 0}, {NULL, 0, 0},
};

static const struct pri_unit percent_brief[] = {{" %", 100, 0}, {NULL, 0, 0}};

#define PLAIN .exact = count_exact, .brief = count_brief, .base_factor = 1
#define TIME(list, factor)                                                                         \
	.noun = "a time", .accepted = {times_accepted}, .exact = (list), .brief = pri_times_brief, \
	.base_factor = (factor)

static const struct pri_scale scales[] = {
	[PRALLOC_UNIT_COUNT] = {.noun = "a number",
				.examples = "3, 10k",
				.base = "units",
				.accepted = {counts_accepted},
				PLAIN},
	[PRALLOC_UNIT_BYTES] = {.noun = "a size",
				.examples = "512MiB, 2G, 10MB",
				.base = "bytes",
				.accepted = {bytes_accepted},
				.exact = bytes_exact,
				.brief = bytes_brief,
				.base_factor = BYTE},
	[PRALLOC_UNIT_BYTES_PER_SEC] = {.noun = "a rate",
					.examples = "10MB/s, 512KiB/s, 80Mbit/s",
					.base = "bytes per second",
					.accepted = {bytes_accepted, bits_accepted},
					.exact = rate_exact,
					.brief = rate_brief,
					.base_factor = BYTE,
					.per_second = true,
					.exact_is_brief = true},
	[PRALLOC_UNIT_PER_SEC] = {.noun = "a number of operations per second",
				  .examples = "500, 2k",
				  .base = "operations per second",
				  .accepted = {counts_accepted},
				  .exact = count_exact,
				  .brief = per_sec_brief,
				  .base_factor = 1,
				  .per_second = true},
	[PRALLOC_UNIT_USEC] = {TIME(usec_exact, 1), .examples = "50000us, 100ms, 1.5s",
			       .base = "microseconds"},
	[PRALLOC_UNIT_MSEC] = {TIME(msec_exact, K), .examples = "20ms, 1.5s",
			       .base = "milliseconds"},
	[PRALLOC_UNIT_SEC] = {TIME(sec_exact, M), .examples = "10s, 2000ms", .base = "seconds"},
	[PRALLOC_UNIT_SHARES] = {.noun = "a number of shares",
				 .examples = "1024, 2048",
				 .base = "shares",
				 PLAIN},
	[PRALLOC_UNIT_WEIGHT] = {.noun = "a weight",
				 .examples = "100, 500",
				 .base = "units",
				 PLAIN},
	[PRALLOC_UNIT_VCPUS] = {.noun = "a number of vCPUs",
				.examples = "1, 4",
				.base = "vCPUs",
				PLAIN},
	[PRALLOC_UNIT_PAGES] = {.noun = "a number of pages",
				.examples = "100, 4096",
				.base = "pages",
				PLAIN},
	[PRALLOC_UNIT_CENTIPERCENT] = {.noun = "a percentage",
				       .examples = "25%, 12.34%",
				       .base = "hundredths of a percent",
				       .accepted = {percent_accepted},
				       .exact = percent_accepted,
				       .brief = percent_brief,
				       .base_factor = 1,
				       .hundredths = true},
};

static const struct pri_scale net_rate = {
	.noun = "a rate",
	.examples = "80Mbit/s, 1.5gbit, 10MB/s",
	.base = "bytes per second",
	.accepted = {bytes_accepted, bits_accepted},
	.exact = net_exact,
	.brief = net_brief,
	.base_factor = BYTE,
	.per_second = true,
};

_Static_assert(PRI_ARRAY_SIZE(scales) == PRALLOC_UNIT_CPULIST, "a unit without a scale");

const struct pri_scale *pri_scale_of(const struct pri_attr *attr)
{
	if (attr->unit == PRALLOC_UNIT_BYTES_PER_SEC && attr->resource == PRALLOC_RESOURCE_NET)
		return &net_rate;
	return &scales[attr->unit];
}
