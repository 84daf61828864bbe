/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Print pralloc-attributes(7) from the attribute table of the library, so that the page says what
 * the library does.
 */
#include <stdio.h>
#include <string.h>

#include <pralloc.h>

/* Longer exact texts are rounded. */
#define BOUND_MAX 10

static const struct {
	int target, resource;
	const char *title;
} sections[] = {
	{PRALLOC_TARGET_DOMAIN, PRALLOC_RESOURCE_MEM, "Memory of a domain"},
	{PRALLOC_TARGET_DOMAIN, PRALLOC_RESOURCE_CPU, "CPU time of a domain"},
	{PRALLOC_TARGET_DOMAIN, PRALLOC_RESOURCE_IO, "Disk I/O of a domain"},
	{PRALLOC_TARGET_DOMAIN, PRALLOC_RESOURCE_NET, "Network of a domain"},
	{PRALLOC_TARGET_HOST, PRALLOC_RESOURCE_MEM, "Memory of the host"},
	{PRALLOC_TARGET_HOST, PRALLOC_RESOURCE_CPU, "CPU of the host"},
	{PRALLOC_TARGET_HOST, PRALLOC_RESOURCE_NET, "Network of the host"},
};

static const char *const units[] = {
	[PRALLOC_UNIT_COUNT] = "number",
	[PRALLOC_UNIT_BYTES] = "bytes",
	[PRALLOC_UNIT_BYTES_PER_SEC] = "bytes per second",
	[PRALLOC_UNIT_PER_SEC] = "operations per second",
	[PRALLOC_UNIT_USEC] = "microseconds",
	[PRALLOC_UNIT_MSEC] = "milliseconds",
	[PRALLOC_UNIT_SEC] = "seconds",
	[PRALLOC_UNIT_SHARES] = "shares",
	[PRALLOC_UNIT_WEIGHT] = "weight",
	[PRALLOC_UNIT_VCPUS] = "vCPUs",
	[PRALLOC_UNIT_PAGES] = "pages",
	[PRALLOC_UNIT_CENTIPERCENT] = "hundredths of a percent",
	[PRALLOC_UNIT_CPULIST] = "CPU list",
	[PRALLOC_UNIT_NAME] = "name",
};

static const char *const kinds[] = {
	[PRALLOC_KIND_HARD] = "hard limit",
	[PRALLOC_KIND_SOFT] = "soft limit",
	[PRALLOC_KIND_PARAMETER] = "parameter",
	[PRALLOC_KIND_READING] = "reading",
};

static const char *const instances[] = {
	[PRALLOC_INSTANCE_NONE] = NULL,	      [PRALLOC_INSTANCE_VCPU] = "vCPU",
	[PRALLOC_INSTANCE_DEVICE] = "device", [PRALLOC_INSTANCE_DISK] = "disk",
	[PRALLOC_INSTANCE_NIC] = "interface", [PRALLOC_INSTANCE_LINK] = "link",
	[PRALLOC_INSTANCE_MEMORY] = "memory",
};

static void print_number(const struct pr_attr_info *info, uint64_t number)
{
	struct pr_value value = {sizeof(value), PRALLOC_TYPE_U64, number, NULL};
	char text[PRALLOC_VALUE_TEXT_MAX] = "";

	pr_value_format(NULL, info->name, &value, text, sizeof(text), 0);
	if (strlen(text) > BOUND_MAX && number < PRALLOC_DEFAULT)
		pr_value_format(NULL, info->name, &value, text, sizeof(text), PRALLOC_FORMAT_SHORT);
	printf("%s", text);
}

static void print_range(const struct pr_attr_info *info)
{
	printf(", ");
	print_number(info, info->minimum);
	printf(" to ");
	print_number(info, info->maximum);
	if (info->properties & PRALLOC_ATTR_UNLIMITED)
		printf(", or unlimited");
	if (info->default_value != PRALLOC_DEFAULT) {
		printf("; default ");
		print_number(info, info->default_value);
	}
}

static void print_properties(const struct pr_attr_info *info)
{
	if (info->percent_of)
		printf("100\\ %% is\n.Va %s .\n", info->percent_of);
	if (info->properties & PRALLOC_ATTR_ASYNC)
		printf("Asynchronous.\n");
	if (info->properties & PRALLOC_ATTR_ADDITIVE)
		printf("Additive.\n");
	if (info->properties & PRALLOC_ATTR_INSTANCE_OPTIONAL)
		printf("Without %s: all of them.\n", instances[info->instance]);
}

static void print_attribute(const struct pr_attr_info *info)
{
	const char *instance = instances[info->instance];

	printf(".It Va %s", info->name);
	if (instance)
		printf(" Ns Bq Ar %s", instance);
	printf("\n%s.\n.br\n", info->summary);
	printf("%s: %s", kinds[info->kind], units[info->unit]);
	if ((info->properties & PRALLOC_ATTR_WRITABLE) && info->type == PRALLOC_TYPE_U64)
		print_range(info);
	printf(".\n");
	print_properties(info);
}

static int print_section(size_t section)
{
	struct pr_attr_info info = {.size = sizeof(info)};
	int printed = 0;

	printf(".Sh %s\n.Bl -tag -width Ds\n", sections[section].title);
	for (const char *name = pr_attr_next(NULL); name; name = pr_attr_next(name)) {
		if (pr_attr_info(NULL, name, &info) < 0 ||
		    info.target != sections[section].target ||
		    info.resource != sections[section].resource)
			continue;
		print_attribute(&info);
		printed++;
	}
	printf(".El\n");
	return printed;
}

static const char head[] =
	".\\\" SPDX-License-Identifier: LGPL-2.1-or-later\n"
	".\\\" Made by attr_page.c from the attribute table.\n"
	".Dd November 23, 2026\n"
	".Dt PRALLOC-ATTRIBUTES 7\n"
	".Os\n"
	".Sh NAME\n"
	".Nm pralloc-attributes\n"
	".Nd everything that libpralloc reads and sets\n"
	".Sh DESCRIPTION\n"
	"Each entry tells the attribute with its instance in brackets, what it is, its kind, its\n"
	"unit, and for what can be set the range and the default.\n"
	".Bl -tag -width \"hard limit\"\n"
	".It hard limit\n"
	"A ceiling, whatever the others do.\n"
	".It soft limit\n"
	"A weight, guarantee or protection: it acts when the resource is scarce, in relation to\n"
	"the others; a larger number gets more.\n"
	".It parameter\n"
	"How something is done.\n"
	".It reading\n"
	"Can only be read.\n"
	".El\n"
	".Pp\n"
	"An\n"
	".Em asynchronous\n"
	"attribute takes effect with the help of the guest, and is waited for instead of read back.\n"
	"Amounts of an\n"
	".Em additive\n"
	"attribute add up over domains: what one gives another can take.\n"
	"Where no default is told, the attribute can be \"not set\", or the hypervisor has a value\n"
	"of its own.\n"
	"Which of them a host serves tells\n"
	".Xr pr_host_route 3\n"
	"or\n"
	".Ic pralloc host .\n";

static const char tail[] = ".Sh SEE ALSO\n"
			   ".Xr pralloc 1 ,\n"
			   ".Xr pralloc-attributes 3 ,\n"
			   ".Xr pralloc 7\n";

int main(void)
{
	struct pr_attr_info info = {.size = sizeof(info)};
	int printed = 0, known = 0;

	for (const char *name = pr_attr_next(NULL); name; name = pr_attr_next(name))
		known += pr_attr_info(NULL, name, &info) == 0;
	printf("%s", head);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		printed += print_section(i);
	printf("%s", tail);
	/* A resource or target without a section would be missing from the page. */
	return known == 0 || printed != known || fflush(stdout) != 0;
}
