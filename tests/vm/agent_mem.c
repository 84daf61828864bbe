/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the agent does with memory. */
#include "agent.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static pid_t holder;
static uint64_t held_bytes;

static void hold(uint64_t bytes, int done)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	char *memory;

	if (fd >= 0 && write(fd, "1000", 4) == 4)
		close(fd);
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		_exit(1);
	/* Every page differs, or the host's KSM would merge what the test believes to be used. */
	for (uint64_t at = 0; at < bytes; at += 4096)
		memcpy(memory + at, &(uint64_t){at + 1}, sizeof(uint64_t));
	if (write(done, "k", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

void do_mem(const char *arg)
{
	uint64_t bytes;
	int pipes[2];
	char ok;

	if (!parse_number(arg, &bytes))
		return say("error mem needs a number of bytes");
	bytes = (bytes + 4095) / 4096 * 4096;
	if (holder > 0)
		end_child(holder);
	holder = 0;
	held_bytes = 0;
	if (!bytes)
		return say("ok held=0");
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return say_errno("pipe");
	holder = spawn();
	if (holder == 0) {
		close(pipes[0]);
		hold(bytes, pipes[1]);
	}
	close(pipes[1]);
	/* End of file means that the child was killed, most likely for want of memory. */
	if (holder > 0 && read(pipes[0], &ok, 1) == 1) {
		held_bytes = bytes;
		say("ok held=%llu", (unsigned long long)bytes);
	} else {
		say("error mem: the holder did not get %llu bytes", (unsigned long long)bytes);
	}
	close(pipes[0]);
}

void do_meminfo(const char *arg)
{
	static const char *const fields[] = {"MemTotal:", "MemFree:", "MemAvailable:"};
	uint64_t bytes[3] = {0};
	char text[2048];

	(void)arg;
	if (!read_text("/proc/meminfo", text, sizeof(text)))
		return say_errno("meminfo");
	for (unsigned int i = 0; i < 3; i++) {
		const char *at = strstr(text, fields[i]);

		if (at)
			bytes[i] = strtoull(at + strlen(fields[i]), NULL, 10) * 1024;
	}
	say("ok total=%llu free=%llu available=%llu held=%llu", (unsigned long long)bytes[0],
	    (unsigned long long)bytes[1], (unsigned long long)bytes[2],
	    (unsigned long long)held_bytes);
}

void mem_reaped(pid_t pid)
{
	if (pid != holder)
		return;
	holder = 0;
	held_bytes = 0;
}
