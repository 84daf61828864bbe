/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of the fake host share. */
#ifndef PRALLOC_TESTS_CONTRACT_FAKE_H
#define PRALLOC_TESTS_CONTRACT_FAKE_H

#include "contract.h"

#define FAKE_MIB (UINT64_C(1) << 20)
#define FAKE_TIMEOUT_MS 2000
#define FAKE_CHANGES 3

extern const struct contract fake_contract;

/* Changes of one domain, so that they are one call of the backend. */
struct fake_change {
	const char *attribute, *value;
	uint64_t number, before;
};
extern const struct fake_change fake_changes[FAKE_CHANGES];

void fake_inject(struct contract_bed *bed, const char *directive);
/* The live value; the test fails when it cannot be read. */
uint64_t fake_get(struct pr_domain *dom, const char *attribute);
struct pr_plan *fake_three_changes(struct contract_bed *bed);
void fake_expect_before(struct contract_bed *bed, const char *when);

#endif /* PRALLOC_TESTS_CONTRACT_FAKE_H */
