/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A GLib main loop as the event implementation of an application that uses libvirt. */
#ifndef PRALLOC_TESTS_GLIB_LOOP_H
#define PRALLOC_TESTS_GLIB_LOOP_H

/* Register it with libvirt; to be called before anything else of libvirt. */
void glib_loop_register(void);
/* Do what the main loop has to do now, without waiting. */
void glib_loop_iterate(void);

#endif /* PRALLOC_TESTS_GLIB_LOOP_H */
