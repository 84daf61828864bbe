/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "names.h"

#include <stddef.h>

#include <pralloc.h>

/* A number that a newer library may have given has no word here. */
#define NAME_FUNCTION(function, ...)                                                               \
	const char *function(int value)                                                            \
	{                                                                                          \
		static const char *const names[] = {__VA_ARGS__};                                  \
                                                                                                   \
		if (value < 1 || (size_t)value >= sizeof(names) / sizeof(names[0]))                \
			return "unknown";                                                          \
		return names[value];                                                               \
	}

NAME_FUNCTION(resource_name, [PRALLOC_RESOURCE_MEM] = "mem", [PRALLOC_RESOURCE_CPU] = "cpu",
	      [PRALLOC_RESOURCE_IO] = "io", [PRALLOC_RESOURCE_NET] = "net")

NAME_FUNCTION(attr_target_name, [PRALLOC_TARGET_DOMAIN] = "domain", [PRALLOC_TARGET_HOST] = "host")

NAME_FUNCTION(unit_name, [PRALLOC_UNIT_COUNT] = "count", [PRALLOC_UNIT_BYTES] = "bytes",
	      [PRALLOC_UNIT_BYTES_PER_SEC] = "bytes/s", [PRALLOC_UNIT_PER_SEC] = "1/s",
	      [PRALLOC_UNIT_USEC] = "us", [PRALLOC_UNIT_MSEC] = "ms", [PRALLOC_UNIT_SEC] = "s",
	      [PRALLOC_UNIT_SHARES] = "shares", [PRALLOC_UNIT_WEIGHT] = "weight",
	      [PRALLOC_UNIT_VCPUS] = "vcpus", [PRALLOC_UNIT_PAGES] = "pages",
	      [PRALLOC_UNIT_CENTIPERCENT] = "%/100", [PRALLOC_UNIT_CPULIST] = "cpu list",
	      [PRALLOC_UNIT_NAME] = "name")

NAME_FUNCTION(kind_name, [PRALLOC_KIND_HARD] = "hard", [PRALLOC_KIND_SOFT] = "soft",
	      [PRALLOC_KIND_PARAMETER] = "parameter", [PRALLOC_KIND_READING] = "reading")

NAME_FUNCTION(type_name, [PRALLOC_TYPE_U64] = "number", [PRALLOC_TYPE_TEXT] = "text")

NAME_FUNCTION(instance_name, [PRALLOC_INSTANCE_NONE] = "none", [PRALLOC_INSTANCE_VCPU] = "vcpu",
	      [PRALLOC_INSTANCE_DEVICE] = "device", [PRALLOC_INSTANCE_DISK] = "disk",
	      [PRALLOC_INSTANCE_NIC] = "nic", [PRALLOC_INSTANCE_LINK] = "link",
	      [PRALLOC_INSTANCE_MEMORY] = "memory")

NAME_FUNCTION(step_status_name, [PRALLOC_STEP_NEW] = "new", [PRALLOC_STEP_OK] = "ok",
	      [PRALLOC_STEP_REFUSED] = "refused", [PRALLOC_STEP_APPLIED] = "applied",
	      [PRALLOC_STEP_FAILED] = "failed", [PRALLOC_STEP_UNDONE] = "undone",
	      [PRALLOC_STEP_LEFT] = "left", [PRALLOC_STEP_WAITING] = "waiting")
