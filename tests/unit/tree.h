/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Trees of /proc and /sys files written after real hosts, for pr_ctx_set_root(): without root,
 * without the kernel that they are of.  tests/data/cgroup/NAME.tree has lines of
 *
 *   path: a line of the file     several lines of the same path are the file's lines
 *   path:                        an empty file
 *   path/                        a directory
 *   path -> target               a symbolic link
 *   # a comment
 *
 * {a,b} in a path stands for both.
 */
#ifndef PRALLOC_TEST_TREE_H
#define PRALLOC_TEST_TREE_H

#include <stddef.h>

struct tree {
	char root[40];
};

/* Unfold a tree into a directory of its own; name NULL: an empty one. */
void tree_open(struct tree *tree, const char *name);
void tree_close(const struct tree *tree);
/* Add lines as they stand in a tree file. */
void tree_add(const struct tree *tree, const char *lines);
/* Replace the text of a file. */
void tree_put(const struct tree *tree, const char *path, const char *text);
/* The text of a file; fails where there is none. */
void tree_get(const struct tree *tree, const char *path, char *text, size_t size);
void tree_remove(const struct tree *tree, const char *path);

#endif /* PRALLOC_TEST_TREE_H */
