/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "glib_loop.h"

#include <glib-unix.h>
#include <glib.h>
#include <libvirt/libvirt.h>

/* A handle or a timeout.  libvirt calls from any thread; the main loop is one thread's. */
struct entry {
	int id, fd; /* fd -1: a timeout */
	int wanted; /* VIR_EVENT_HANDLE_*, or milliseconds, -1: off */
	guint source;
	gboolean removed;
	virEventHandleCallback on_handle;
	virEventTimeoutCallback on_timeout;
	void *data;
	virFreeCallback release;
};

static GMutex lock;
static GHashTable *entries;
static int next_id;

static const struct {
	int libvirt, glib;
} conditions[] = {
	{VIR_EVENT_HANDLE_READABLE, G_IO_IN},
	{VIR_EVENT_HANDLE_WRITABLE, G_IO_OUT},
	{VIR_EVENT_HANDLE_ERROR, G_IO_ERR},
	{VIR_EVENT_HANDLE_HANGUP, G_IO_HUP},
};

static GIOCondition to_glib(int events)
{
	int condition = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(conditions); i++)
		if (events & conditions[i].libvirt)
			condition |= conditions[i].glib;
	return (GIOCondition)condition;
}

static int to_libvirt(GIOCondition condition)
{
	int events = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(conditions); i++)
		if (condition & (GIOCondition)conditions[i].glib)
			events |= conditions[i].libvirt;
	return events;
}

static gboolean is_removed(const struct entry *entry)
{
	gboolean removed;

	g_mutex_lock(&lock);
	removed = entry->removed;
	g_mutex_unlock(&lock);
	return removed;
}

static gboolean handle_ready(gint fd, GIOCondition condition, gpointer data)
{
	struct entry *entry = data;

	if (!is_removed(entry))
		entry->on_handle(entry->id, fd, to_libvirt(condition), entry->data);
	return G_SOURCE_CONTINUE;
}

static gboolean timeout_over(gpointer data)
{
	struct entry *entry = data;

	if (!is_removed(entry))
		entry->on_timeout(entry->id, entry->data);
	return G_SOURCE_CONTINUE;
}

/* With the lock held. */
static void watch(struct entry *entry, int wanted)
{
	if (entry->source)
		g_source_remove(entry->source);
	entry->source = 0;
	entry->wanted = wanted;
	if (entry->fd >= 0 && wanted)
		entry->source = g_unix_fd_add(entry->fd, to_glib(wanted), handle_ready, entry);
	else if (entry->fd < 0 && wanted >= 0)
		entry->source = g_timeout_add((guint)wanted, timeout_over, entry);
}

static int add(struct entry *entry, int wanted)
{
	int id;

	g_mutex_lock(&lock);
	id = entry->id = ++next_id;
	g_hash_table_insert(entries, GINT_TO_POINTER(id), entry);
	watch(entry, wanted);
	g_mutex_unlock(&lock);
	return id;
}

static int add_handle(int fd, int events, virEventHandleCallback callback, void *data,
		      virFreeCallback release)
{
	struct entry *entry = g_new0(struct entry, 1);

	*entry = (struct entry){.fd = fd, .on_handle = callback, .data = data, .release = release};
	return add(entry, events);
}

static int add_timeout(int interval, virEventTimeoutCallback callback, void *data,
		       virFreeCallback release)
{
	struct entry *entry = g_new0(struct entry, 1);

	*entry = (struct entry){.fd = -1, .on_timeout = callback, .data = data, .release = release};
	return add(entry, interval);
}

static void update(int id, int wanted)
{
	struct entry *entry;

	g_mutex_lock(&lock);
	entry = g_hash_table_lookup(entries, GINT_TO_POINTER(id));
	if (entry)
		watch(entry, wanted);
	g_mutex_unlock(&lock);
}

static gboolean forget(gpointer data)
{
	struct entry *entry = data;

	if (entry->release)
		entry->release(entry->data);
	g_free(entry);
	return G_SOURCE_REMOVE;
}

/* The callback may be under way: the entry is freed by the loop itself. */
static int take_out(int id)
{
	struct entry *entry;

	g_mutex_lock(&lock);
	entry = g_hash_table_lookup(entries, GINT_TO_POINTER(id));
	if (entry) {
		g_hash_table_remove(entries, GINT_TO_POINTER(id));
		if (entry->source)
			g_source_remove(entry->source);
		entry->removed = TRUE;
		g_idle_add(forget, entry);
	}
	g_mutex_unlock(&lock);
	return entry ? 0 : -1;
}

void glib_loop_register(void)
{
	entries = g_hash_table_new(g_direct_hash, g_direct_equal);
	virEventRegisterImpl(add_handle, update, take_out, add_timeout, update, take_out);
}

void glib_loop_iterate(void)
{
	while (g_main_context_iteration(NULL, /* may_block= */ FALSE))
		;
}
