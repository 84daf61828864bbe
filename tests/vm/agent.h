/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PRALLOC_BED_AGENT_H
#define PRALLOC_BED_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WORKERS_MAX 64

/* Set the reply to the command in hand. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_errno(const char *what);

uint64_t now_us(void);
void nap_ms(long ms);
bool read_text(const char *path, char *text, size_t size);
/* The number at the start of an argument, which may be followed by others. */
bool parse_number(const char *arg, uint64_t *ret);
/* fork() for a worker: the child may be ended by signals again. */
pid_t spawn(void);
void end_child(pid_t pid);

/* agent_load.c: CPU, disk and network */
bool load_init(void);
bool load_command(const char *name, const char *arg);
void do_loads(const char *arg);
void do_write(const char *arg);
void do_send(const char *arg);
void do_netinfo(const char *arg);

/* agent_mem.c */
void do_mem(const char *arg);
void do_meminfo(const char *arg);
/* A child has ended by itself. */
void mem_reaped(pid_t pid);

#endif
