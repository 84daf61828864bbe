/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app.h"

#include <stdio.h>

static void print_general(void)
{
	size_t i;

	puts("Usage: pralloc [OPTION...] SUB-COMMAND [ARGUMENT...]\n"
	     "Move memory, CPU time, disk I/O and network bandwidth among virtual machines.\n");
	for (i = 0; i < command_count; i++)
		printf("  %-10s  %s\n", commands[i].name, commands[i].summary);
	puts("\nOptions of all sub-commands, before or after them:");
	options_help(OPTIONS_ALWAYS);
	puts("\nThe host is $PRALLOC_URI, else qemu:///system.  pralloc SUB-COMMAND --help tells\n"
	     "more, pralloc(1) everything.  Exit status: 0 done, 1 refused or failed, 2 usage.");
}

void help_print(const struct command *command)
{
	size_t i;

	if (!command) {
		print_general();
		return;
	}
	printf("Usage: pralloc %s%s%s\n", command->name, *command->usage ? " " : "",
	       command->usage);
	printf("%s\n", command->summary);
	if (command->details)
		printf("\n%s\n", command->details);
	puts("\nOptions:");
	options_help(OPTIONS_ALWAYS | command->options);
	puts("\nExamples:");
	for (i = 0; i < sizeof(command->examples) / sizeof(command->examples[0]); i++)
		printf("  %s\n      %s\n", command->examples[i].line, command->examples[i].meaning);
}

void help_version(void)
{
	uint32_t version = pr_version();

	printf("pralloc %d.%d.%d, libpralloc %u.%u.%u\n", PRALLOC_VERSION_MAJOR,
	       PRALLOC_VERSION_MINOR, PRALLOC_VERSION_PATCH, version / 1000000,
	       version / 1000 % 1000, version % 1000);
}
