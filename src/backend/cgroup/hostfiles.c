/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attributes of the host: its memory, its CPUs, and same-page merging. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pralloc/base.h>

#include "backend/cgroup/cgroup.h"

#define KSM "/sys/kernel/mm/ksm/"
#define FILE_MAX 8192
#define KIB 1024

int pri_cg_meminfo_read(struct pri_cg_op *op)
{
	char text[FILE_MAX], *at;
	ssize_t n = pri_cg_slurp(op->host->root, "/proc/meminfo", text, sizeof(text));

	if (n < 0)
		return pri_cg_fail(op, -EIO, "cannot read /proc/meminfo: %s", strerror((int)-n));
	at = strstr(text, op->way->key);
	if (!at)
		return pri_cg_fail(op, -EIO, "/proc/meminfo has no %s", op->way->key);
	op->change->held.number = strtoull(at + strlen(op->way->key), NULL, 10) * KIB;
	return 0;
}

int pri_cg_cpus_read(struct pri_cg_op *op)
{
	struct pri_host_facts facts = {0};
	int r = pri_cg_cpu_facts(op->host, &facts);

	if (r < 0)
		return pri_cg_fail(op, -EIO, "cannot read which CPUs are online: %s", strerror(-r));
	op->change->held.number = facts.cpus;
	return 0;
}

static int fail_ksm(struct pri_cg_op *op, int error)
{
	if (error == ENOENT)
		return pri_cg_fail(op, -EOPNOTSUPP, "the kernel has no " KSM "%s", op->way->file);
	if (error == EACCES || error == EPERM)
		return pri_cg_fail(op, -EACCES, "cannot write " KSM "%s: %s (needs root)",
				   op->way->file, strerror(error));
	if (error == EINVAL || error == EBUSY)
		return pri_cg_fail(op, error == EINVAL ? -EINVAL : -EBUSY, "the kernel refuses: %s",
				   op->way->refusal);
	return pri_cg_fail(op, -EIO, KSM "%s: %s", op->way->file, strerror(error));
}

/* "[none] scan-time": the one in brackets holds. */
static int hold_choice(struct pri_cg_op *op, char *text)
{
	char *begin = strchr(text, '['), *end = begin ? strchr(begin, ']') : NULL;

	if (!end)
		return pri_cg_fail(op, -EIO, KSM "%s says \"%.40s\"", op->way->file, text);
	*end = '\0';
	op->change->held.number = 0;
	return pri_cg_core->value_set_text(&op->change->held, begin + 1);
}

int pri_cg_ksm_read(struct pri_cg_op *op)
{
	char path[128], text[256];
	ssize_t n;

	snprintf(path, sizeof(path), KSM "%s", op->way->file);
	n = pri_cg_slurp(op->host->root, path, text, sizeof(text));
	if (n < 0)
		return fail_ksm(op, (int)-n);
	if (op->change->attr->unit == PRALLOC_UNIT_NAME)
		return hold_choice(op, text);
	/* general_profit can be negative: then nothing is won. */
	if (*text == '-')
		op->change->held.number = 0;
	else if (!pri_cg_parse_number(text, &op->change->held.number))
		return pri_cg_fail(op, -EIO, "%s says \"%.40s\"", path, text);
	return 0;
}

int pri_cg_ksm_write(struct pri_cg_op *op)
{
	const struct pri_value *wanted = &op->change->wanted;
	pri_autofree char *path = NULL;
	pri_autoclose int fd = -1;
	char number[32];
	const char *text = wanted->text ? wanted->text : number;

	snprintf(number, sizeof(number), "%" PRIu64, wanted->number);
	if (!wanted->text && wanted->number == PRALLOC_DEFAULT)
		text = op->way->unset;
	if (asprintf(&path, "%s" KSM "%s", op->host->root, op->way->file) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	fd = open(path, O_WRONLY | O_CLOEXEC | (*op->host->root ? O_TRUNC : 0));
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return fail_ksm(op, errno);
	return 0;
}
