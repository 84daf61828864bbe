/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The contract over a real guest of a libvirtd of our own; runs in a bed (tests/vm/bed.sh run). */
#include <criterion/criterion.h>

#include "bed.h"
#include "contract.h"

#define GUEST "pralloc-c1"
#define BOOT_SECONDS 120

static void boot(void)
{
	const char *why = "";

	if (!bed_available(&why))
		cr_skip_test("%s", why);
	cr_assert_eq(bed_guest_start(GUEST, NULL), 0, "%s", bed_error());
}

static void destroy(void)
{
	const char *why;

	if (bed_available(&why))
		bed_guest_destroy(GUEST);
}

TestSuite(contract_guest, .init = boot, .fini = destroy, .timeout = 2 * BOOT_SECONDS);

#define CASE(name)                                                                                 \
	Test(contract_guest, name)                                                                 \
	{                                                                                          \
		const struct contract contract = {                                                 \
			.uri = bed_uri(),                                                          \
			.domain = GUEST,                                                           \
			.write_flags = PRALLOC_ALLOW_HARM | PRALLOC_ALLOW_INEFFECTIVE,             \
		};                                                                                 \
		contract_##name(&contract);                                                        \
	}

CONTRACT_CASES(CASE)
