/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/plan_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

struct pri_journal {
	char *path;
	int fd;	    /* -1: not opened so far */
	bool begun; /* of a run that has not come to its end */
	bool kept_open;
	/* of the plan's steps in the file; NULL: as in the plan */
	size_t *numbers, number_count;
};

int pri_journal_new(const char *path, struct pri_journal **ret_journal)
{
	struct pri_journal *journal = calloc(1, sizeof(*journal));

	if (!journal)
		return -ENOMEM;
	journal->fd = -1;
	journal->path = strdup(path);
	if (!journal->path) {
		free(journal);
		return -ENOMEM;
	}
	*ret_journal = journal;
	return 0;
}

void pri_journal_free(struct pri_journal *journal)
{
	if (!journal)
		return;
	if (journal->fd >= 0)
		close(journal->fd);
	free(journal->path);
	free(journal->numbers);
	free(journal);
}

void pri_journal_set_numbers(struct pri_journal *journal, size_t *numbers, size_t count)
{
	free(journal->numbers);
	journal->numbers = numbers;
	journal->number_count = count;
}

void pri_journal_keep_open(struct pri_journal *journal)
{
	if (journal)
		journal->kept_open = true;
}

/* -- the file -- */

static int fail_file(const struct pri_journal *journal, const char *what, char **error)
{
	int cause = errno;
	bool refused = cause == EACCES || cause == EPERM || cause == EROFS;
	int code = cause == ENOENT ? -ENOENT : refused ? -EACCES : -EIO;

	return pri_set_error(error, code, "cannot %s the journal %s: %s", what, journal->path,
			     strerror(cause));
}

static int read_whole(const struct pri_journal *journal, char **ret_text, char **error)
{
	struct stat st;
	ssize_t length;

	if (fstat(journal->fd, &st) < 0)
		return fail_file(journal, "read", error);
	*ret_text = calloc(1, (size_t)st.st_size + 1);
	if (!*ret_text)
		return -ENOMEM;
	length = pread(journal->fd, *ret_text, (size_t)st.st_size, 0);
	if (length == st.st_size)
		return 0;
	free(pri_steal(*ret_text));
	return fail_file(journal, "read", error);
}

static unsigned long process_of(const char *text)
{
	static const char word[] = "\nprocess ";
	const char *line = strstr(text, word);

	return line ? strtoul(line + strlen(word), NULL, 10) : 0;
}

/* It says what to put back, on which hosts: nobody else may have had a hand in it. */
static int check_owner(const struct pri_journal *journal, char **error)
{
	struct stat st;

	if (fstat(journal->fd, &st) < 0)
		return fail_file(journal, "look at", error);
	if (st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	return pri_set_error(error, -EACCES,
			     "the journal %s is of another user, or others can write to it",
			     journal->path);
}

/* Nobody else writes to it from here on: what is read behind this is what there is. */
static int lock(const struct pri_journal *journal, char **error)
{
	pri_autofree char *text = NULL, *ignored = NULL;

	if (flock(journal->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return fail_file(journal, "lock", error);
	read_whole(journal, &text, &ignored);
	return pri_set_error(error, -EBUSY,
			     "the journal %s is in use by a plan that goes on (PID %lu)",
			     journal->path, text ? process_of(text) : 0);
}

int pri_journal_open(struct pri_journal *journal, bool create, char **ret_text, char **error)
{
	static const char magic[] = PRI_JOURNAL_MAGIC "\n";
	int flags = O_RDWR | O_CLOEXEC | O_APPEND | (create ? O_CREAT : 0);
	int r;

	*ret_text = NULL;
	if (journal->fd < 0)
		journal->fd = open(journal->path, flags, 0600);
	if (journal->fd < 0)
		return fail_file(journal, "open", error);
	r = check_owner(journal, error);
	if (r == 0)
		r = lock(journal, error);
	if (r == 0)
		r = read_whole(journal, ret_text, error);
	if (r == 0 && **ret_text && strncmp(*ret_text, magic, strlen(magic)) != 0)
		r = pri_set_error(error, -EINVAL, "%s is something else than a journal",
				  journal->path);
	if (r < 0) {
		free(pri_steal(*ret_text));
		close(journal->fd);
		journal->fd = -1;
	}
	return r;
}

int pri_journal_mend(const struct pri_journal *journal, const char *text, char **error)
{
	const char *last = strrchr(text, '\n');
	size_t whole = last ? (size_t)(last + 1 - text) : 0;

	if (text[whole] && ftruncate(journal->fd, (off_t)whole) < 0)
		return fail_file(journal, "write", error);
	return 0;
}

static int append(const struct pri_journal *journal, const char *text, char **error)
{
	size_t length = strlen(text);

	while (length > 0) {
		ssize_t n = write(journal->fd, text, length);

		if (n < 0 && errno != EINTR)
			return fail_file(journal, "write", error);
		text += n > 0 ? n : 0;
		length -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* The entry of a file that was just made is in its directory. */
static int sync_directory(const struct pri_journal *journal, char **error)
{
	pri_autofree char *copy = strdup(journal->path);
	pri_autoclose int fd = -1;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		return fail_file(journal, "keep", error);
	return 0;
}

static int sync_file(const struct pri_journal *journal, char **error)
{
	/* What is no file, as a pipe in a test, has nothing to sync. */
	if (fdatasync(journal->fd) < 0 && errno != EINVAL)
		return fail_file(journal, "keep", error);
	return 0;
}

/* -- what is in it -- */

struct writer {
	FILE *file;
	const struct pr_plan *plan;
	struct pr_host **hosts; /* numbered from 1 */
	size_t count;
};

static const char *mode_word(const struct pri_item *item)
{
	return item->change.mode == PRALLOC_CONFIG ? "config" : "live";
}

static size_t step_number(const struct pr_plan *plan, const struct pri_item *item)
{
	const struct pri_journal *journal = plan->journal;
	size_t number = pri_plan_number(plan, item);

	return number < journal->number_count ? journal->numbers[number] : number + 1;
}

static size_t host_number(struct writer *writer, struct pr_host *host)
{
	size_t i = 0;
	pri_autofree char *uri = NULL;

	while (i < writer->count && writer->hosts[i] != host)
		i++;
	if (i < writer->count)
		return i + 1;
	writer->hosts[writer->count++] = host;
	uri = pri_journal_quote(host->uri);
	fprintf(writer->file, "host %zu %s\n", writer->count, uri ? uri : "?");
	return writer->count;
}

static void put_value(FILE *file, const struct pri_attr *attr, const struct pri_value *value)
{
	pri_autofree char *text = pri_value_text(attr, value);
	pri_autofree char *quoted = text ? pri_journal_quote(text) : NULL;

	fprintf(file, " %s", quoted && *quoted ? quoted : "?");
}

static void put_step(struct writer *writer, const struct pri_item *item)
{
	const struct pri_change *change = &item->change;
	const struct pr_domain *dom = item->target.domain;
	size_t host = host_number(writer, item->target.host);
	pri_autofree char *instance = pri_journal_quote(change->instance);
	pri_autofree char *name = pri_journal_quote(pri_target_name(&item->target));
	bool bare = !instance || !*instance;

	fprintf(writer->file, "step %zu %s %s %zu %s %" PRIu64 " %s%s%s%s",
		step_number(writer->plan, item), mode_word(item),
		item->phase == PRI_PHASE_GIVE ? "give" : "take", host,
		dom ? dom->identity.uuid : "-", item->incarnation, change->attr->name,
		bare ? "" : "[", bare ? "" : instance, bare ? "" : "]");
	put_value(writer->file, change->attr, &item->before);
	put_value(writer->file, change->attr, &change->wanted);
	fprintf(writer->file, " %s\n", name ? name : "?");
}

static char *whole_text(const struct pr_plan *plan, struct pri_item **items, size_t n)
{
	pri_autofree struct pr_host **hosts = calloc(n + 1, sizeof(*hosts));
	struct writer writer = {.plan = plan, .hosts = hosts};
	char *text = NULL;
	size_t length;

	writer.file = hosts ? open_memstream(&text, &length) : NULL;
	if (!writer.file)
		return NULL;
	fprintf(writer.file, PRI_JOURNAL_MAGIC "\nprocess %d\n", (int)getpid());
	for (size_t i = 0; i < n; i++)
		put_step(&writer, items[i]);
	fprintf(writer.file, "ready\n");
	if (fclose(writer.file) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

int pri_journal_begin(struct pri_journal *journal, const struct pr_plan *plan,
		      struct pri_item **items, size_t n, char **error)
{
	pri_autofree char *before = NULL, *text = NULL;
	int r;

	if (!journal)
		return 0;
	r = pri_journal_open(journal, /* create= */ true, &before, error);
	if (r < 0)
		return r;
	if (!pri_journal_is_over(before))
		return pri_set_error(error, -EBUSY,
				     "the journal %s holds what a plan has left (PID %lu): recover "
				     "that first",
				     journal->path, process_of(before));
	pri_journal_set_numbers(journal, NULL, 0);
	journal->kept_open = false;
	text = whole_text(plan, items, n);
	if (!text)
		return -ENOMEM;
	if (ftruncate(journal->fd, 0) < 0)
		return fail_file(journal, "write", error);
	r = append(journal, text, error);
	if (r == 0)
		r = sync_file(journal, error);
	if (r == 0)
		r = sync_directory(journal, error);
	journal->begun = r == 0;
	return r;
}

int pri_journal_sync(struct pri_journal *journal, const char *note, char **error)
{
	pri_autofree char *line = NULL;
	int r;

	if (!journal)
		return 0;
	if (asprintf(&line, "%s\n", note) < 0) {
		line = NULL;
		return -ENOMEM;
	}
	r = append(journal, line, error);
	return r < 0 ? r : sync_file(journal, error);
}

void pri_journal_note(struct pri_journal *journal, const char *note)
{
	pri_autofree char *ignored = NULL;

	if (!journal || journal->fd < 0)
		return;
	pri_journal_sync(journal, note, &ignored);
	journal->begun = true;
}

int pri_journal_wanted(struct pri_journal *journal, const struct pr_plan *plan,
		       struct pri_item **items, size_t n, char **error)
{
	char *text = NULL;
	size_t length;
	FILE *file;
	int r;

	if (!journal)
		return 0;
	file = open_memstream(&text, &length);
	if (!file)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (!pri_plan_step_of(items[i])->is_cut)
			continue;
		fprintf(file, "wanted %zu %s", step_number(plan, items[i]), mode_word(items[i]));
		put_value(file, items[i]->change.attr, &items[i]->change.wanted);
		fprintf(file, "\n");
	}
	r = fclose(file) == 0 ? append(journal, text, error) : -ENOMEM;
	free(text);
	return r;
}

void pri_journal_step(struct pri_journal *journal, const struct pr_plan *plan,
		      const struct pri_item *item, const char *word)
{
	pri_autofree char *ignored = NULL, *line = NULL;

	if (!journal || journal->fd < 0)
		return;
	if (asprintf(&line, "%s %zu %s\n", word, step_number(plan, item), mode_word(item)) < 0)
		line = NULL;
	if (line)
		append(journal, line, &ignored);
}

/* What another attempt would find the same again. */
static bool is_final(int error)
{
	return error == -EAGAIN || error == -ENOENT || error == -ESTALE || error == -ENODEV;
}

void pri_journal_end(struct pri_journal *journal, const struct pr_plan *plan)
{
	bool open;

	if (!journal || journal->fd < 0 || !journal->begun)
		return;
	journal->begun = false;
	open = journal->kept_open;
	for (size_t i = 0; i < plan->count; i++)
		for (size_t m = 0; m < PRI_STEP_MODES; m++)
			open = open || (plan->steps[m][i].status == PRALLOC_STEP_LEFT &&
					!is_final(plan->steps[m][i].item.change.error));
	if (!open)
		pri_journal_note(journal, "end");
	journal->begun = false;
}
