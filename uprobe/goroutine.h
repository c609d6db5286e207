/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/goroutine.h — sites of calls that goroutines and coroutines make (SITE_GO). Private to
 * uprobe/. */
#ifndef UTRAIL_UPROBE_GOROUTINE_H
#define UTRAIL_UPROBE_GOROUTINE_H

#include "uprobe/adding.h"

/* Makes `entry` the beginning of a call in a goroutine, or of one that is known by its frame, and
 * adds its ends. `keeps`: the kernel puts it together, too (SITE_GO_KEPT): in a goroutine only. */
struct err *goroutine_sites(struct adding *adding, struct probe_site *entry,
			    const struct place *place, bool keeps) must_check;
/* Gives the entry with this id and its ends the types of the spec at hand. */
struct err *goroutine_retype(struct adding *adding, uint32_t entry,
			     const struct function *function) must_check;

#endif
