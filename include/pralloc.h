/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libpralloc: reallocates memory, CPU time, disk I/O and network bandwidth among running
 * virtual machines.  This header includes all others; each can also be included alone.
 *
 * Rules that hold for every call are in pralloc(7) and, in short, in <pralloc/base.h>.
 */
#ifndef PRALLOC_H
#define PRALLOC_H

#include <pralloc/attr.h>
#include <pralloc/base.h>
#include <pralloc/cpu.h>
#include <pralloc/ctx.h>
#include <pralloc/domain.h>
#include <pralloc/event.h>
#include <pralloc/fake.h>
#include <pralloc/host.h>
#include <pralloc/io.h>
#include <pralloc/mem.h>
#include <pralloc/net.h>
#include <pralloc/plan.h>
#include <pralloc/value.h>
#include <pralloc/version.h>

#endif /* PRALLOC_H */
