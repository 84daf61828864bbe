/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every backend must do, as cases that run over any host and domain.  A file of a backend
 * makes them Criterion tests:
 *
 *     static const struct contract contract = {.uri = "fake:", .domain = "vm1"};
 *     #define CASE(name) Test(contract_fake, name) { contract_##name(&contract); }
 *     CONTRACT_CASES(CASE)
 *
 * What a host does not serve is learnt from pr_host_route and from -EOPNOTSUPP with its text, and
 * printed.  Each case leaves the domain as it found it.
 */
#ifndef PRALLOC_TESTS_CONTRACT_H
#define PRALLOC_TESTS_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pralloc.h>

struct contract {
	const char *uri;
	const char *domain;   /* name of a running domain */
	const char *root;     /* of the context, or NULL */
	uint32_t write_flags; /* with every write, such as PRALLOC_ALLOW_HARM */
	bool everything;      /* this host serves all attributes: nothing may be missing */
};

#define CONTRACT_CASES(X)                                                                          \
	X(list_contains)                                                                           \
	X(open_by_uuid)                                                                            \
	X(unknown_domain)                                                                          \
	X(reads)                                                                                   \
	X(read_pass)                                                                               \
	X(unknown_attribute)                                                                       \
	X(unknown_instance)                                                                        \
	X(unserved_attribute)                                                                      \
	X(unknown_flags)                                                                           \
	X(null_arguments)                                                                          \
	X(error_texts)                                                                             \
	X(out_of_range)                                                                            \
	X(zero_limit)                                                                              \
	X(unlimited_weight)                                                                        \
	X(set_live)                                                                                \
	X(set_config)                                                                              \
	X(set_both)                                                                                \
	X(reset)                                                                                   \
	X(plan)                                                                                    \
	X(plan_single_step)

#define CONTRACT_DECLARE(name) void contract_##name(const struct contract *contract);
CONTRACT_CASES(CONTRACT_DECLARE)

/* An open domain. */
struct contract_bed {
	const struct contract *contract;
	struct pr_ctx *ctx;
	struct pr_host *host;
	struct pr_domain *dom;
	size_t done; /* by whoever counts */
};

/* A host that does not open fails the test: whoever builds it has the backend. */
void contract_open(struct contract_bed *bed, const struct contract *contract);
void contract_close(struct contract_bed *bed);

/* A served attribute of the domain, with its first instance ("" for none). */
struct contract_attr {
	struct pr_attr_info info;
	char instance[256];
};
typedef void (*contract_visit)(struct contract_bed *bed, const struct contract_attr *attr);
/* All served attributes of the domain; those that are not are printed with the reason. */
void contract_each(struct contract_bed *bed, contract_visit visit);
/* The first served attribute for which wanted says so; false when there is none. */
bool contract_find(struct contract_bed *bed, bool (*wanted)(const struct pr_attr_info *info),
		   struct contract_attr *ret_attr);

/* The first served setting that is a number and holds at once; without one the test is skipped. */
void contract_setting(struct contract_bed *bed, struct contract_attr *ret_attr);

/* Whether a result means that the host cannot do this; printed then, after its text was looked
 * at. */
bool contract_missing(struct contract_bed *bed, const struct contract_attr *attr, int result);

/* Another value than the present one, in range, harmless.  Text for a text attribute. */
void contract_other(struct contract_bed *bed, const struct contract_attr *attr, uint32_t mode,
		    char text[PRALLOC_VALUE_TEXT_MAX]);
/* What an attribute builds upon ("x_max" on "x"); false when it stands alone. */
bool contract_base(const struct contract_attr *attr, struct contract_attr *ret_base);
/* The text of a value now (malloc'ed), or NULL when it cannot be read (checked and printed). */
char *contract_get(struct contract_bed *bed, const struct contract_attr *attr, uint32_t mode);
int contract_set(struct contract_bed *bed, const struct contract_attr *attr, uint32_t mode,
		 const char *text);
/* Same value but for the grain of 2.5 %.  Waits for what takes its time. */
void contract_expect(struct contract_bed *bed, const struct contract_attr *attr, uint32_t mode,
		     const char *text);
bool contract_same(const struct contract_attr *attr, const char *a, const char *b);

#endif /* PRALLOC_TESTS_CONTRACT_H */
