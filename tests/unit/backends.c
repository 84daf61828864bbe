/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the backend in a module is found.  Only where it is one: not in a static build with it. */
#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

#define MODULE "pralloc-libvirt.so"

static char directory[] = "/tmp/pralloc-backends-XXXXXX";
static char path[sizeof(directory) + sizeof(MODULE) + 1];

static void make_directory(void)
{
	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/%s", directory, MODULE);
	setenv("PRALLOC_MODULE_DIR", directory, 1);
}

static void remove_directory(void)
{
	unlink(path);
	rmdir(directory);
}

TestSuite(backends, .init = make_directory, .fini = remove_directory);

/* The code of opening, with the text in *text. */
static int open_uri(const char *uri, char text[PRI_ERRMSG_MAX])
{
	struct pr_ctx *ctx;
	struct pr_host *host = NULL;
	int r;

	cr_assert_eq(pr_ctx_new(&ctx), 0);
	r = pr_host_open(ctx, uri, 0, &host);
	snprintf(text, PRI_ERRMSG_MAX, "%s", pr_ctx_errmsg(ctx));
	pr_host_close(host);
	pr_ctx_unref(ctx);
	return r;
}

/* A static build with libvirt has no module to look for. */
static void need_module(char text[PRI_ERRMSG_MAX])
{
	open_uri("no-such-scheme:///", text);
	if (!strstr(text, "not installed"))
		cr_skip_test("the libvirt backend is built in");
}

Test(backends, module_that_is_not_there)
{
	char text[PRI_ERRMSG_MAX];

	need_module(text);
	cr_expect_eq(open_uri("qemu:///system", text), -EOPNOTSUPP);
	EXPECT_TEXT(text, "the libvirt backend is not installed");
	EXPECT_TEXT(text, path);
	cr_expect_eq(open_uri("fake:///1", text), 0, "the fake one needs none");
}

Test(backends, file_that_is_no_module)
{
	char text[PRI_ERRMSG_MAX];
	FILE *file;

	need_module(text);
	file = fopen(path, "w");
	cr_assert_not_null(file);
	fputs("no ELF", file);
	fclose(file);
	cr_expect_eq(open_uri("qemu:///system", text), -EOPNOTSUPP);
	EXPECT_TEXT(text, MODULE);
}

/* Some other library stands in for a module of another version: it has no entry of ours. */
Test(backends, module_of_another_version)
{
	char text[PRI_ERRMSG_MAX];
	Dl_info library;

	need_module(text);
	cr_assert_neq(dladdr((void *)(uintptr_t)&snprintf, &library), 0);
	cr_assert_eq(symlink(library.dli_fname, path), 0);
	cr_expect_eq(open_uri("qemu:///system", text), -EOPNOTSUPP);
	EXPECT_TEXT(text, "of another version of libpralloc");
	EXPECT_TEXT(text, PRI_BACKEND_ENTRY_NAME);
}

/* What root loads must be root's: a directory that others can write to is passed over. */
Test(backends, directory_that_others_can_write)
{
	char text[PRI_ERRMSG_MAX];

	need_module(text);
	if (geteuid() != 0)
		cr_skip_test("needs root: others may load what they like");
	cr_assert_eq(chmod(directory, 0777), 0);
	cr_expect_eq(open_uri("qemu:///system", text), -EOPNOTSUPP);
	cr_expect_null(strstr(text, directory), "%s", text);
}
