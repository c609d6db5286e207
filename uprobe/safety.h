/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/safety.h — what return_prove() and the choice of sites share. Private to uprobe/. */
#ifndef UTRAIL_UPROBE_SAFETY_H
#define UTRAIL_UPROBE_SAFETY_H

#include <stdbool.h>

#include "common/err.h"
#include "symbols/symbols.h"

/*
 * Does this function itself depend on its return address, so that even where the trampoline is
 * safe for others it is not for this one? (setjmp saves it, dlsym finds out by it who calls.)
 */
bool return_address_matters(const char *symbol);

enum text_risk {
	TEXT_HARMLESS,
	TEXT_SWITCHES,
	TEXT_WALKS,
	TEXT_SIGNALS,
	TEXT_INTERRUPTED,
	TEXT_MAKES_CODE,
};

/*
 * Looks through all text for instructions that load the stack pointer with a foreign value, as
 * every switch of stacks must, under whatever name; for functions that follow frame pointers to the
 * return addresses of others; and for handlers of signals that look at the stack they interrupt.
 * False positives are possible.
 */
struct err *text_search(struct image *image, enum text_risk *ret) must_check;

/*
 * Where text puts the stack pointer away and takes another one right behind that, as only
 * coroutines do: an address. False: it does not, or nobody knows.
 */
bool stack_switch_find(struct image *image, uint64_t *ret);

#endif
