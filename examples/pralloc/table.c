/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libsmartcols.h>

static const char *const sequences[] = {
	[COLOUR_GOOD] = "\033[32m",
	[COLOUR_BAD] = "\033[31m",
	[COLOUR_FAINT] = "\033[2m",
	[COLOUR_STRONG] = "\033[1m",
};

static int column_flags(int kind)
{
	return kind == COLUMN_RIGHT ? SCOLS_FL_RIGHT : kind == COLUMN_WRAP ? SCOLS_FL_WRAP : 0;
}

void table_begin(struct table *table, const struct app *app, const struct column *columns,
		 size_t count)
{
	size_t i;

	*table = (struct table){.scols = need(scols_new_table())};
	scols_table_set_column_separator(table->scols, "  ");
	scols_table_enable_colors(table->scols, app->colours);
	scols_table_enable_noheadings(table->scols, !columns[0].name);
	for (i = 0; i < count; i++)
		need(scols_table_new_column(table->scols, columns[i].name ? columns[i].name : "",
					    /* whint= */ 0, column_flags(columns[i].kind)));
}

void table_line(struct table *table)
{
	table->line = need(scols_table_new_line(table->scols, /* parent= */ NULL));
	table->next_cell = 0;
}

void table_cell(struct table *table, const char *text)
{
	if (scols_line_set_data(table->line, table->next_cell++, text) < 0)
		need(NULL);
}

void table_cell_colour(struct table *table, const char *text, enum colour colour)
{
	struct libscols_cell *cell = scols_line_get_cell(table->line, table->next_cell);

	if (cell && colour != COLOUR_NONE && scols_cell_set_color(cell, sequences[colour]) < 0)
		need(NULL);
	table_cell(table, text);
}

void table_cell_take(struct table *table, char *text)
{
	table_cell(table, text);
	free(text);
}

void table_hide(struct table *table, size_t column)
{
	scols_column_set_flags(scols_table_get_column(table->scols, column), SCOLS_FL_HIDDEN);
}

/* Without the blanks that empty cells at the end of a line leave. */
static void print_trimmed(char *text)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		size_t length = strlen(line);

		while (length > 0 && line[length - 1] == ' ')
			length--;
		printf("%.*s\n", (int)length, line);
	}
}

void table_end(struct table *table)
{
	char *text = NULL;

	if (scols_table_get_nlines(table->scols) > 0) {
		if (scols_print_table_to_string(table->scols, &text) < 0)
			need(NULL);
		print_trimmed(text);
	}
	free(text);
	scols_unref_table(table->scols);
	*table = (struct table){0};
}
