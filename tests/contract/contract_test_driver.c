/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The contract over libvirt's test driver, which lives in this process. */
#include <criterion/criterion.h>

#include "contract.h"

static const struct contract contract = {
	.uri = "test:///default",
	.domain = "test",
	.write_flags = PRALLOC_ALLOW_HARM | PRALLOC_ALLOW_INEFFECTIVE,
};

#define CASE(name)                                                                                 \
	Test(contract_test_driver, name)                                                           \
	{                                                                                          \
		contract_##name(&contract);                                                        \
	}

CONTRACT_CASES(CASE)
