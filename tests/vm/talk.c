/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "talk.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int talk_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

/* Wait for one whole line in @line. */
static int talk_line(int fd, char *line, size_t size, int64_t until)
{
	size_t used = 0;

	while (used < size - 1) {
		struct pollfd poller = {.fd = fd, .events = POLLIN};
		int64_t left = until - now_ms();
		ssize_t n;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&poller, 1, (int)left) <= 0)
			continue;
		n = recv(fd, line + used, 1, 0);
		if (n <= 0)
			return n ? -errno : -EPIPE;
		if (line[used] == '\n') {
			line[used] = '\0';
			return 0;
		}
		used++;
	}
	return -EMSGSIZE;
}

static int talk_reply(int fd, const char *id, char *reply, size_t size, int64_t until)
{
	char line[2048];
	int r;

	for (;;) {
		r = talk_line(fd, line, sizeof(line), until);
		if (r < 0)
			return r;
		/* The late reply to a caller who gave up carries another id. */
		if (strncmp(line, id, strlen(id)))
			continue;
		snprintf(reply, size, "%s", line + strlen(id));
		return strncmp(reply, "ok", 2) ? -EREMOTEIO : 0;
	}
}

int bed_talk(const char *path, const char *line, char *reply, size_t size, int timeout_ms)
{
	int64_t until = now_ms() + timeout_ms;
	char id[48], request[2048];
	static unsigned int serial;
	int fd, length, r;

	reply[0] = '\0';
	snprintf(id, sizeof(id), "#%d.%u.%x ", (int)getpid(),
		 __atomic_add_fetch(&serial, 1, __ATOMIC_RELAXED), (unsigned int)until);
	length = snprintf(request, sizeof(request), "\n%s%s\n", id, line);
	if (length < 0 || (size_t)length >= sizeof(request))
		return -EMSGSIZE;
	fd = talk_connect(path);
	if (fd < 0)
		return fd;
	if (send(fd, request, (size_t)length, MSG_NOSIGNAL) != length)
		r = -errno;
	else
		r = talk_reply(fd, id, reply, size, until);
	close(fd);
	return r;
}
