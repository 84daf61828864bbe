/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* talk SOCKET TIMEOUT_MS COMMAND... - one line to a guest's agent, for bed.sh */
#include "talk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	char line[1024] = "", reply[2048];
	int r;

	if (argc < 4) {
		fprintf(stderr, "usage: talk SOCKET TIMEOUT_MS COMMAND...\n");
		return 2;
	}
	for (int i = 3; i < argc; i++) {
		size_t used = strlen(line);

		snprintf(line + used, sizeof(line) - used, "%s%s", i > 3 ? " " : "", argv[i]);
	}
	r = bed_talk(argv[1], line, reply, sizeof(reply), atoi(argv[2]));
	if (r == 0 || r == -EREMOTEIO)
		puts(reply);
	else
		fprintf(stderr, "talk: %s: %s\n", argv[1], strerror(-r));
	return r ? 1 : 0;
}
