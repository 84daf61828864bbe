/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tree.h"

#define LINE_MAX_BYTES 8192

static void full_path(const struct tree *tree, const char *path, char full[PATH_MAX])
{
	cr_assert_lt(snprintf(full, PATH_MAX, "%s/%s", tree->root, path), PATH_MAX);
}

static void make_parents(const struct tree *tree, const char *path)
{
	char full[PATH_MAX];

	full_path(tree, path, full);
	for (char *slash = full + strlen(tree->root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		cr_assert(mkdir(full, 0755) == 0 || errno == EEXIST, "%s: %s", full,
			  strerror(errno));
		*slash = '/';
	}
}

static void write_file(const struct tree *tree, const char *path, const char *mode,
		       const char *text)
{
	char full[PATH_MAX];
	FILE *file;

	full_path(tree, path, full);
	file = fopen(full, mode);
	if (!file && errno == ENOENT) {
		make_parents(tree, path);
		file = fopen(full, mode);
	}
	cr_assert(file, "%s: %s", full, strerror(errno));
	cr_assert_geq(fputs(text, file), 0);
	cr_assert_eq(fclose(file), 0);
}

/* What a line says of one path, braces expanded; sign is " -> ", ":" or "/". */
static void make(const struct tree *tree, const char *path, const char *sign, const char *text)
{
	char full[PATH_MAX], line[LINE_MAX_BYTES];

	if (strcmp(sign, ":") == 0) {
		snprintf(line, sizeof(line), "%s\n", text);
		write_file(tree, path, "a", *text ? line : "");
		return;
	}
	make_parents(tree, path);
	full_path(tree, path, full);
	if (strcmp(sign, "/") == 0)
		cr_assert(mkdir(full, 0755) == 0 || errno == EEXIST, "%s", full);
	else
		cr_assert_eq(symlink(text, full), 0, "%s: %s", full, strerror(errno));
}

static void expand(const struct tree *tree, const char *path, const char *sign, const char *text)
{
	const char *open = strchr(path, '{'), *close = open ? strchr(open, '}') : NULL;
	char one[PATH_MAX];

	if (!close) {
		make(tree, path, sign, text);
		return;
	}
	for (const char *word = open + 1; word <= close;) {
		size_t length = strcspn(word, ",}");

		snprintf(one, sizeof(one), "%.*s%.*s%s", (int)(open - path), path, (int)length,
			 word, close + 1);
		expand(tree, one, sign, text);
		word += length + 1;
	}
}

static void add_line(const struct tree *tree, char *line)
{
	char *arrow = strstr(line, " -> "), *colon = strstr(line, ": ");
	size_t length = strlen(line);

	if (!length || *line == '#')
		return;
	if (arrow && (!colon || arrow < colon)) {
		*arrow = '\0';
		expand(tree, line, "->", arrow + strlen(" -> "));
	} else if (colon) {
		*colon = '\0';
		expand(tree, line, ":", colon + strlen(": "));
	} else {
		char sign[] = {line[length - 1], '\0'};

		cr_assert(*sign == ':' || *sign == '/', "not a line of a tree: %s", line);
		line[length - 1] = '\0';
		expand(tree, line, sign, "");
	}
}

void tree_add(const struct tree *tree, const char *lines)
{
	char line[LINE_MAX_BYTES];

	while (*lines) {
		size_t length = strcspn(lines, "\n");

		cr_assert_lt(length, sizeof(line));
		memcpy(line, lines, length);
		line[length] = '\0';
		add_line(tree, line);
		lines += length + (lines[length] == '\n');
	}
}

void tree_open(struct tree *tree, const char *name)
{
	char line[LINE_MAX_BYTES];
	FILE *file;

	strcpy(tree->root, "/tmp/pralloc-tree.XXXXXX");
	cr_assert(mkdtemp(tree->root));
	if (!name)
		return;
	snprintf(line, sizeof(line), "%s/%s.tree", TREES, name);
	file = fopen(line, "r");
	cr_assert(file, "%s: %s", line, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		add_line(tree, line);
	}
	fclose(file);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)type;
	(void)at;
	return remove(path);
}

void tree_close(const struct tree *tree)
{
	cr_expect_eq(nftw(tree->root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0, "%s: %s",
		     tree->root, strerror(errno));
}

void tree_put(const struct tree *tree, const char *path, const char *text)
{
	write_file(tree, path, "w", text);
}

void tree_get(const struct tree *tree, const char *path, char *text, size_t size)
{
	char full[PATH_MAX];
	size_t length;
	FILE *file;

	full_path(tree, path, full);
	file = fopen(full, "r");
	cr_assert(file, "%s: %s", full, strerror(errno));
	length = fread(text, 1, size - 1, file);
	text[length] = '\0';
	fclose(file);
}

void tree_remove(const struct tree *tree, const char *path)
{
	char full[PATH_MAX];

	full_path(tree, path, full);
	cr_assert_eq(nftw(full, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0, "%s: %s", full,
		     strerror(errno));
}
