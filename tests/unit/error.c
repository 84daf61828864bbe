/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Error texts: which handle has them, and when they are empty. */
#include "fixture.h"

static const int set[] = {EINVAL, ERANGE,    ENOENT,	ENODEV,	   EOPNOTSUPP, ENOTCONN,
			  ESTALE, EACCES,    EBUSY,	EAGAIN,	   ENOSPC,     ENODATA,
			  EIO,	  EREMOTEIO, ETIMEDOUT, ECANCELED, ENOMEM};

Test(error, every_code_has_a_text_of_its_own)
{
	const char *unknown = pri_strerror(-EPIPE);

	for (size_t i = 0; i < PRI_ARRAY_SIZE(set); i++) {
		cr_expect_str_neq(pri_strerror(-set[i]), unknown, "%d", set[i]);
		for (size_t j = 0; j < i; j++)
			cr_expect_str_neq(pri_strerror(-set[i]), pri_strerror(-set[j]), "%d %d",
					  set[i], set[j]);
	}
}

Test(error, move)
{
	char errmsg[PRI_ERRMSG_MAX];
	char *error = NULL;

	cr_expect_eq(pri_move_error(errmsg, -EIO, &error), -EIO);
	cr_expect_str_eq(errmsg, pri_strerror(-EIO));
	cr_expect_eq(pri_set_error(&error, -EBUSY, "first"), -EBUSY);
	cr_expect_eq(pri_set_error(&error, -EBUSY, "%s", "second"), -EBUSY);
	cr_expect_eq(pri_move_error(errmsg, -EBUSY, &error), -EBUSY);
	cr_expect_str_eq(errmsg, "second");
	cr_expect_null(error);
	pri_set_error(&error, 0, "left over from a try that did not matter");
	cr_expect_eq(pri_move_error(errmsg, 1, &error), 1);
	cr_expect_str_empty(errmsg);
	cr_expect_null(error);
}

Test(error, long_text_is_cut)
{
	char errmsg[PRI_ERRMSG_MAX];
	char *error = NULL;

	pri_set_error(&error, -EIO, "%*s", 3 * PRI_ERRMSG_MAX, "end");
	pri_move_error(errmsg, -EIO, &error);
	cr_expect_eq(strlen(errmsg), PRI_ERRMSG_MAX - 1);
}

/* The innermost handle has the text; the others keep theirs. */
Test(error, text_stands_on_the_handle_of_the_call)
{
	struct bed bed;
	struct pr_domain *dom = NULL;
	struct pr_host *host = NULL;

	bed_open(&bed);
	cr_expect_eq(pr_cpu_set_shares(bed.dom, 1, 0), -ERANGE);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "cpu.shares of vm1");
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "2 to 262144");
	cr_expect_str_empty(pr_host_errmsg(bed.host));
	cr_expect_str_empty(pr_ctx_errmsg(bed.ctx));
	cr_expect_str_empty(pr_domain_errmsg(bed.other));
	cr_expect_eq(pr_domain_open(bed.host, "nobody", 0, &dom), -ENOENT);
	EXPECT_TEXT(pr_host_errmsg(bed.host), "nobody");
	cr_expect_eq(pr_host_open(bed.ctx, "fake:///x", 0, &host), -EINVAL);
	EXPECT_TEXT(pr_ctx_errmsg(bed.ctx), "fake:///x");
	cr_expect_null(dom);
	cr_expect_null(host);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "cpu.shares of vm1");
	cr_expect_eq(pr_cpu_set_shares(bed.dom, 2, 0), 0);
	cr_expect_str_empty(pr_domain_errmsg(bed.dom));
	bed_close(&bed);
}

/* Every error that a backend can have comes out as it is, with a text: no success by mistake. */
Test(error, every_code_of_a_backend_is_an_error)
{
	static const char *const names[] = {
		"EINVAL",    "ERANGE",	  "ENOENT",    "ENODEV", "EOPNOTSUPP", "ENOTCONN",
		"ESTALE",    "EACCES",	  "EBUSY",     "EAGAIN", "ENOSPC",     "ENODATA",
		"EREMOTEIO", "ETIMEDOUT", "ECANCELED", "ENOMEM", "EIO"};
	struct bed bed;

	bed_open(&bed);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(names); i++) {
		char directive[64];
		uint64_t value = 77;
		int r;

		snprintf(directive, sizeof(directive), "fail error=%s at=1", names[i]);
		bed_inject(&bed, directive);
		cr_expect_lt(pr_cpu_set_shares(bed.dom, 4096, 0), 0, "%s", names[i]);
		EXPECT_TEXT(pr_domain_errmsg(bed.dom), "was made to fail");
		cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 1024, "%s", names[i]);
		snprintf(directive, sizeof(directive), "failread error=%s at=1", names[i]);
		bed_inject(&bed, directive);
		r = pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0);
		cr_expect_lt(r, 0, "%s", names[i]);
		cr_expect_eq(value, 77, "%s: written on failure", names[i]);
	}
	bed_close(&bed);
}
