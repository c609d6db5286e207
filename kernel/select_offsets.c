/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/select_offsets.h"

#include "common/array.h"
#include "probe/offsets.h"

#define WANTED(type, member, place)                                               \
	{                                                                         \
		type, member, NULL, offsetof(struct select_offsets, place), false \
	}

static const struct offset_wanted all_wanted[] = {
	WANTED("pid", "level", pid_level),
	WANTED("pid", "numbers", pid_numbers),
	WANTED("upid", NULL, upid_size),
	WANTED("upid", "nr", upid_nr),
	WANTED("upid", "ns", upid_ns),
	WANTED("css_set", "dfl_cgrp", css_set_cgroup),
	WANTED("cgroup", "kn", cgroup_node),
	WANTED("cgroup", "self", cgroup_css),
	WANTED("cgroup_subsys_state", "parent", css_parent),
	WANTED("cgroup_subsys_state", "cgroup", css_cgroup),
	WANTED("kernfs_node", "id", node_id),
	WANTED("cred", "uid", cred_uid),
};
_Static_assert(sizeof(all_wanted) / sizeof(all_wanted[0]) ==
		       sizeof(struct select_offsets) / sizeof(__u32),
	       "one for each");

struct err *select_offsets_find(struct select_offsets *ret)
{
	return offsets_find(
		all_wanted, array_size(all_wanted), "who a process belongs to",
		"--comm, -u, --cgroup and --container, or run outside of PID namespaces", ret);
}
