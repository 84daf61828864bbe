/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words for the library's enumerations. */
#ifndef PRALLOC_NAMES_H
#define PRALLOC_NAMES_H

const char *resource_name(int value);
const char *attr_target_name(int value);
const char *unit_name(int value);
const char *kind_name(int value);
const char *type_name(int value);
const char *instance_name(int value);
const char *step_status_name(int value);

#endif /* PRALLOC_NAMES_H */
