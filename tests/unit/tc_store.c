/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of what was taken over: whole, or not believed. */
#include <fcntl.h>
#include <sys/stat.h>

#include "backend/tc/tc.h"
#include "fixture.h"

#define FILE_MAX 4096

struct store {
	char directory[32], path[64];
	struct pri_tc_batch written;
};

static void begin(struct store *store)
{
	*store = (struct store){.directory = "/tmp/pralloc-store-XXXXXX"};
	cr_assert_not_null(mkdtemp(store->directory));
	snprintf(store->path, sizeof(store->path), "%s/replaced", store->directory);
	pri_tc_clsact(&store->written, 7);
	pri_tc_bfifo(&store->written, 7, 0x10, 1000);
	cr_assert_eq(pri_tc_store_write(store->path, &store->written), 0);
}

static void end(struct store *store)
{
	unlink(store->path);
	cr_expect_eq(rmdir(store->directory), 0, "something else was left: %s", strerror(errno));
	pri_tc_batch_clear(&store->written);
}

static size_t slurp(const struct store *store, char *data)
{
	FILE *file = fopen(store->path, "re");
	size_t size;

	cr_assert_not_null(file);
	size = fread(data, 1, FILE_MAX, file);
	fclose(file);
	return size;
}

static void spill(const struct store *store, const char *data, size_t size)
{
	FILE *file = fopen(store->path, "we");

	cr_assert_not_null(file);
	cr_assert_eq(fwrite(data, 1, size, file), size);
	fclose(file);
}

static int try(const struct store *store, struct pri_tc_batch *batch)
{
	*batch = (struct pri_tc_batch){0};
	return pri_tc_store_read(store->path, batch);
}

Test(tc_store, what_is_written_is_read)
{
	struct pri_tc_batch batch;
	struct store store;
	struct stat status;

	begin(&store);
	cr_assert_eq(try(&store, &batch), 0);
	cr_expect_eq(batch.count, 2);
	cr_assert_eq(batch.used, store.written.used);
	cr_expect_arr_eq(batch.data, store.written.data, batch.used);
	cr_assert_eq(stat(store.path, &status), 0);
	cr_expect_eq(status.st_mode & 0777, 0600);
	pri_tc_batch_clear(&batch);
	end(&store);
}

/* Also one that ends where a message does: it was replayed as far as it went, and removed. */
Test(tc_store, cut_anywhere)
{
	char whole[FILE_MAX];
	struct store store;
	size_t size;

	begin(&store);
	size = slurp(&store, whole);
	cr_assert_lt(store.written.used, size);
	for (size_t length = 0; length < size; length++) {
		struct pri_tc_batch batch;

		spill(&store, whole, length);
		cr_expect_eq(try(&store, &batch), -EBADMSG, "%zu of %zu bytes", length, size);
		pri_tc_batch_clear(&batch);
	}
	end(&store);
}

Test(tc_store, longer_or_changed)
{
	char whole[FILE_MAX];
	struct pri_tc_batch batch;
	struct store store;
	size_t size;

	begin(&store);
	size = slurp(&store, whole);
	memset(whole + size, 0, 4);
	spill(&store, whole, size + 4);
	cr_expect_eq(try(&store, &batch), -EBADMSG);
	pri_tc_batch_clear(&batch);
	/* the length of the first message */
	whole[0]++;
	spill(&store, whole, size);
	cr_expect_eq(try(&store, &batch), -EBADMSG);
	pri_tc_batch_clear(&batch);
	end(&store);
}

Test(tc_store, none_or_not_ours)
{
	struct pri_tc_batch batch;
	struct store store;

	begin(&store);
	cr_assert_eq(unlink(store.path), 0);
	cr_expect_eq(try(&store, &batch), -ENOENT);
	cr_assert_eq(symlink("/dev/null", store.path), 0);
	cr_expect_eq(try(&store, &batch), -ELOOP);
	cr_assert_eq(unlink(store.path), 0);
	cr_assert_eq(mkfifo(store.path, 0600), 0);
	cr_expect_eq(try(&store, &batch), -EACCES);
	end(&store);
}

/* A disk that is full takes a part of it, or nothing. */
Test(tc_store, what_cannot_be_written)
{
	struct store store;
	char temporary[128];

	begin(&store);
	snprintf(temporary, sizeof(temporary), "%s.new", store.path);
	cr_assert_eq(unlink(store.path), 0);
	cr_assert_eq(mkdir(temporary, 0700), 0);
	cr_expect_eq(pri_tc_store_write(store.path, &store.written), -EISDIR);
	cr_expect_eq(access(store.path, F_OK), -1);
	cr_assert_eq(rmdir(temporary), 0);
	end(&store);
}
