/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a fuzz target once for each file given: replay of a corpus, with any compiler. */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

#define INPUT_MAX (1024 * 1024)

static int replay(const char *path, uint8_t *input)
{
	FILE *file = fopen(path, "rb");
	size_t size;
	int failed;

	if (!file) {
		perror(path);
		return -1;
	}
	size = fread(input, 1, INPUT_MAX, file);
	failed = ferror(file);
	fclose(file);
	if (failed) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return -1;
	}
	/* Named before it runs: a crash is then of the last file named. */
	printf("%s: %zu bytes\n", path, size);
	fflush(stdout);
	LLVMFuzzerTestOneInput(input, size);
	return 0;
}

int main(int argc, char **argv)
{
	uint8_t *input = malloc(INPUT_MAX);
	int status = EXIT_SUCCESS;

	if (!input || argc < 2) {
		fprintf(stderr, "usage: %s FILE...\n", argv[0]);
		free(input);
		return EXIT_FAILURE;
	}
	for (int i = 1; i < argc; i++)
		if (replay(argv[i], input) < 0)
			status = EXIT_FAILURE;
	free(input);
	return status;
}
