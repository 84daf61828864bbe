/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The contract over a real guest of a libvirtd of our own; runs in a bed (tests/vm/bed.sh run). */
#include "contract.h"
#include "host.h"

#define GUEST "contract"

static void need_guest(void)
{
	host_need_bed();
	host_need_guest(GUEST, NULL);
}

TestSuite(contract_guest, .init = need_guest, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(GUEST)

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
