/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel refused, in the words of the library. */
#include <errno.h>
#include <string.h>

#include "backend/tc/tc.h"

static const struct {
	int kernel, code;
	const char *remedy;
} codes[] = {
	{EPERM, -EACCES, " (needs root or CAP_NET_ADMIN)"},
	{EACCES, -EACCES, " (needs root or CAP_NET_ADMIN)"},
	{ENODEV, -ENODEV, " (an interface has gone meanwhile; try again)"},
	{EBUSY, -EBUSY, ""},
	{EEXIST, -EBUSY, " (somebody else has made it)"},
	{EAGAIN, -EBUSY, " (somebody else changes it all the time; try again)"},
	{ENOMEM, -ENOMEM, ""},
	{ETIMEDOUT, -ETIMEDOUT, ""},
	{ENOSPC, -ENOSPC, ""},
	{ENOTUNIQ, -EBUSY,
	 " (the filters of both directions cannot be told apart, and so not be put "
	 "back; remove them by hand)"},
	{EOVERFLOW, -EIO,
	 " (more records of NICs stand on its interfaces pr-out-* and pr-in-* than libpralloc "
	 "writes; somebody else has made them: remove the interfaces with ip link del)"},
};

/* Kinds that are missing are ENOENT, as objects that are missing are. */
static bool may_be_missing(int error)
{
	return error == ENOENT || error == EOPNOTSUPP || error == EINVAL || error == EPROTO;
}

int pri_tc_note_refusal(struct pri_call *call, int code, const char *what, int left)
{
	struct pri_tc_host *host = call->host;
	struct pri_tc_refusal refusal = host->nl.refusal;
	const char *text = refusal.error && *refusal.text ? refusal.text : strerror(-code);
	const char *rest = left ? "; a part of it could not be taken back" : "";
	const char *missing;

	if (code == -ENOMEM)
		return code;
	for (size_t i = 0; i < PRI_ARRAY_SIZE(codes); i++)
		if (codes[i].kernel == -code)
			return pri_tc_error(call, codes[i].code, "%s: %s%s%s", what, text,
					    codes[i].remedy, rest);
	missing = may_be_missing(-code) ? pri_tc_probe(&host->nl) : NULL;
	if (missing)
		return pri_tc_error(call, -EOPNOTSUPP, "%s: the kernel has no %s%s", what, missing,
				    rest);
	return pri_tc_error(call, -EIO, "%s: %s%s", what, text, rest);
}
