/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far two words are apart, for "did you mean". */
#ifndef PRI_DISTANCE_H
#define PRI_DISTANCE_H

#include <stddef.h>

/* Levenshtein distance; SIZE_MAX for words longer than 63 characters. */
size_t pri_edit_distance(const char *a, const char *b);

#endif /* PRI_DISTANCE_H */
