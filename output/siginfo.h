/* SPDX-License-Identifier: Apache-2.0 */
/* output/siginfo.h — what a siginfo_t says, member by member, for all formats. */
#ifndef UTRAIL_OUTPUT_SIGINFO_H
#define UTRAIL_OUTPUT_SIGINFO_H

#include <stddef.h>
#include <stdint.h>

#include "output/names.h"

enum siginfo_form {
	SIGINFO_NUMBER,
	SIGINFO_ADDRESS,
	SIGINFO_NAME,	/* text; number when that is empty */
	SIGINFO_SIGNAL, /* number of a signal */
};

struct siginfo_member {
	const char *name;
	enum siginfo_form form;
	int64_t number;
	const char *text;
};

#define SIGINFO_MEMBERS_MAX 12

/* Of EVENT_SIGINFO bytes; which of its members are valid is up to the signal and its code, as
 * sigaction(2) tells. The texts are constant. */
size_t siginfo_members(const void *info, struct siginfo_member ret[static SIGINFO_MEMBERS_MAX]);

#endif
