/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/return_form.h — how the return of one function is seen. Private to uprobe/. */
#ifndef UTRAIL_UPROBE_RETURN_FORM_H
#define UTRAIL_UPROBE_RETURN_FORM_H

#include "uprobe/code.h"

struct return_form {
	const char *name, *why; /* as in struct probe */
	uint32_t flags;		/* enum site_flags of the entry; 0: the return is not seen */
	bool by_sites;
};

/*
 * Must the code be decoded whole for this function, although the trampoline is safe for others? For
 * what needs its own return address, and for what calls itself and may so nest deeper than the 64
 * pending returns that the kernel keeps for a thread (unless the user insists).
 */
bool return_form_wants_sites(const struct uprobe_options *options, const struct function *function,
			     const struct code *code);

/* Why there can be no probes on its returns; NULL: there can. */
const char *return_form_why_no_sites(const struct code *code);

/* `keeps`: should it be a call of Go, the kernel must put it together. */
struct err *return_form_choose(const struct uprobe_options *options,
			       const struct function *function, const struct code *code, bool keeps,
			       struct arena *arena, struct return_form *ret) must_check;

#endif
