/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PRI_READING_H
#define PRI_READING_H

struct pr_domain;

/* Free what pr_read keeps in a handle. */
void pri_readings_clear(struct pr_domain *dom);

#endif /* PRI_READING_H */
