/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of the processes of a group, shared pages divided among those that share them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cgroup/cgroup.h"

#define ROLLUP_MAX 4096
#define KIB 1024

/* "Pss:      1234 kB" of one process; one that has just ended counts nothing.  -errno */
static int add_process(const struct pri_cg_host *host, const char *pid, size_t digits,
		       uint64_t *sum)
{
	char path[64], text[ROLLUP_MAX];
	const char *line;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.*s/smaps_rollup", (int)digits, pid);
	n = pri_cg_slurp(host->root, path, text, sizeof(text));
	if (n == -ENOENT || n == -ESRCH || n == 0)
		return 0;
	if (n < 0)
		return (int)n;
	line = strstr(text, "\nPss:");
	*sum += line ? strtoull(line + strlen("\nPss:"), NULL, 10) * KIB : 0;
	return 0;
}

int pri_cg_pss_read(struct pri_cg_op *op)
{
	int r = pri_cg_text(op, "", op->way->file);
	uint64_t sum = 0;

	if (r < 0)
		return r;
	for (const char *at = op->host->text; *at;) {
		size_t digits = strspn(at, "0123456789");

		if (digits > 0 && digits < 12)
			r = add_process(op->host, at, digits, &sum);
		if (r < 0)
			return pri_cg_fail(op, r == -EACCES || r == -EPERM ? -EACCES : -EIO,
					   "cannot read /proc/%.*s/smaps_rollup: %s", (int)digits,
					   at, strerror(-r));
		if (pri_cg_core->now_ns() >= op->call->deadline_ns)
			return pri_cg_fail(op, -ETIMEDOUT, "the group has too many processes");
		at += digits + strcspn(at + digits, "\n");
		at += *at == '\n';
	}
	op->change->held.number = sum;
	return 0;
}
