/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target/selection.h — processes that are chosen by what they are: name, user, control group.
 *
 * What is given of one kind are alternatives; a process must have one of each kind that is given.
 */
#ifndef UTRAIL_TARGET_SELECTION_H
#define UTRAIL_TARGET_SELECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "target/select.h"

/* A control group (version 2): the inode of its directory, by which the kernel knows it, and the
 * hash of its path, by which one that is made anew is known. */
struct selected_cgroup {
	uint64_t id, path_hash;
};

struct selection {
	struct comm_patterns names;
	size_t n_names;
	uint32_t users[SELECT_MAX];
	size_t n_users;
	struct selected_cgroup cgroups[SELECT_MAX];
	size_t n_cgroups;
	char words[256]; /* what was asked for, to be shown; cut when it is long */
};

bool selection_is_empty(const struct selection *selection);

/* --comm GLOB: `*`, `?`, `[a-z]`, `[!a-z]`, and `\` before what is meant as it stands. */
struct err *selection_add_comm(struct selection *selection, const char *glob) must_check;
/* --user: names or numbers, with commas. The real user, as events show it. */
struct err *selection_add_users(struct selection *selection, const char *text) must_check;
/* --cgroup PATH: below the mount of version 2, or with it; what is below it, too. */
struct err *selection_add_cgroup(struct selection *selection, const char *path) must_check;
/* --container ID: or a beginning of it that no other one has; a machine by its name. */
struct err *selection_add_container(struct selection *selection, const char *id) must_check;

/* Would it match a process of this name? For tests: the kernel side does the same. */
bool comm_patterns_match(const struct comm_patterns *patterns, const char *comm);

/* --- between selection.c and container.c ------------------------------------------------------ */

/* Where control groups of version 2 are seen. */
struct cgroup_mount {
	char path[256]; /* mount point */
	char root[256]; /* what of the hierarchy is mounted there, mostly "/" */
};

struct err *cgroup_find_mount(struct cgroup_mount *ret) must_check;
/* `path` is below the mount, "/" the mount itself. */
struct err *selection_keep_cgroup(struct selection *selection, const struct cgroup_mount *mount,
				  const char *path) must_check;
/* Adds to what is shown. */
void selection_describe(struct selection *selection, const char *kind, const char *word);

/* The part of a control group's name that names a container, of the programs that are known; NULL:
 * it is none. Writes at most `size` bytes to `buffer`. */
const char *container_of_name(const char *name, const char *parent, char *buffer, size_t size);

#endif
