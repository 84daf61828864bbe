/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words for the library's enumerations. */
#ifndef PRALLOC_NAMES_H
#define PRALLOC_NAMES_H

const char *resource_name(int resource);
const char *attr_target_name(int target);
const char *unit_name(int unit);
const char *kind_name(int kind);
const char *type_name(int type);
const char *instance_name(int instance);
const char *step_status_name(int status);

#endif /* PRALLOC_NAMES_H */
