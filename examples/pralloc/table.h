/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table on the standard output. */
#ifndef PRALLOC_TABLE_H
#define PRALLOC_TABLE_H

#include "app.h"

enum column_kind {
	COLUMN_LEFT = 1,
	COLUMN_RIGHT = 2,
	COLUMN_WRAP = 3, /* gives way where a terminal is narrow */
};

struct column {
	const char *name; /* NULL in a table without headings */
	int kind;	  /* enum column_kind */
};

/* Carries no meaning that the word itself does not. */
enum colour {
	COLOUR_NONE = 0,
	COLOUR_GOOD = 1,
	COLOUR_BAD = 2,
	COLOUR_FAINT = 3,
	COLOUR_STRONG = 4,
};

struct table {
	struct libscols_table *scols;
	struct libscols_line *line;
	size_t next_cell;
};

void table_begin(struct table *table, const struct app *app, const struct column *columns,
		 size_t count);
/* Start a line; the cells follow from left to right. */
void table_line(struct table *table);
void table_cell(struct table *table, const char *text);
void table_cell_colour(struct table *table, const char *text, enum colour colour);
/* Take over a malloc'ed text. */
void table_cell_take(struct table *table, char *text);
/* Do not show a column that has nothing to say. */
void table_hide(struct table *table, size_t column);
/* Print and free; nothing when it has no line. */
void table_end(struct table *table);

#endif /* PRALLOC_TABLE_H */
