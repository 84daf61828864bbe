/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What reading and changing share: which link and NIC a change is about. */
#ifndef PRI_TC_SUBJECT_H
#define PRI_TC_SUBJECT_H

#include "backend/tc/tc.h"

/* What a change is about. */
struct pri_tc_subject {
	int owner;
	const char *owner_name;
	const struct pri_tc_nic *nic;	/* of a domain: the NIC, or the first one on the link */
	struct pri_tc_interface bridge; /* of a host */
};

int pri_tc_subject(struct pri_call *call, const struct pri_change *change,
		   struct pri_tc_subject *subject);
bool pri_tc_is_on(const struct pri_tc_nic *nic, const char *link);
/* Before changes of a target: its NICs. */
int pri_tc_prepare(struct pri_call *call);
/* The text of the call becomes that of the change. */
void pri_tc_blame(const struct pri_call *call, struct pri_change *change, int code);

/* read.c */
int pri_tc_read_one(struct pri_tc_session *session, struct pri_change *change);

/* want.c: a change in the trees that are wanted */
bool pri_tc_is_default(const struct pri_change *change);
int pri_tc_want(struct pri_tc_session *session, const struct pri_change *change,
		struct pri_tc_pair **ret_pair);

#endif /* PRI_TC_SUBJECT_H */
