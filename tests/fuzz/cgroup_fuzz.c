/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: what the kernel's files say, tried with every reader of such a text.  The text stands in
 * memory of exactly its size, so that a sanitizer sees a reader that goes beyond its end.
 */
#include <stdlib.h>
#include <string.h>

#include "backend/cgroup/cgroup.h"

#include "fuzz.h"
#include "must.h"

#define TEXT_MAX 65536

/* Of each version, as mountinfo names their controllers. */
static const struct pri_cg_mount mounts[] = {
	{.version = 1, .top = "/", .controllers = UINT32_MAX},
	{.version = 2, .top = "/", .controllers = UINT32_MAX},
};

static void check_numbers(const char *text)
{
	uint64_t value = 0, period = 0;
	char again[PRI_CG_NUMBER_MAX];

	if (pri_cg_parse_number(text, &value) && value != PRALLOC_UNLIMITED) {
		uint64_t same = 0;

		pri_cg_print_number(value, again);
		MUST(pri_cg_parse_number(again, &same));
		MUST(same == value);
	}
	(void)pri_cg_parse_bandwidth(text, &value, &period);
	if (pri_cg_parse_pressure(text, &value))
		MUST(value <= 10000);
}

static void check_lines(const char *text)
{
	static const char *const keys[] = {"anon", "nr_throttled", "8:0", "default", "some"};
	static const char *const nested[] = {"rbps", "wiops", "rbytes", "avg10"};
	const char *line;
	uint64_t value;

	for (size_t i = 0; i < PRI_ARRAY_SIZE(keys); i++) {
		(void)pri_cg_parse_keyed(text, keys[i], &value);
		line = pri_cg_parse_line(text, keys[i]);
		MUST(!line || (line > text && line <= text + strlen(text)));
		for (size_t k = 0; line && k < PRI_ARRAY_SIZE(nested); k++)
			(void)pri_cg_parse_nested(line, nested[k], &value);
	}
}

static void check_membership(const char *text)
{
	static const size_t sizes[] = {1, 16, 4096};
	size_t unit;

	for (size_t i = 0; i < PRI_ARRAY_SIZE(mounts); i++) {
		for (size_t k = 0; k < PRI_ARRAY_SIZE(sizes); k++) {
			char *path = malloc(sizes[k]);

			if (path && pri_cg_membership(&mounts[i], text, path, sizes[k])) {
				MUST(strlen(path) < sizes[k]);
				pri_cg_split_levels(path, &unit);
				MUST(unit <= strlen(path));
			}
			free(path);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *first;

	if (size >= TEXT_MAX)
		return 0;
	text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check_numbers(text);
	check_lines(text);
	check_membership(text);
	first = pri_cg_first_line(text);
	MUST(!first || !strchr(first, '\n'));
	free(first);
	free(text);
	return 0;
}
