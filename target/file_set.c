/* SPDX-License-Identifier: Apache-2.0 */
#include "target/file_set.h"

#include <stdlib.h>

static struct file_key *find(const struct file_set *set, uint64_t device, uint64_t inode)
{
	size_t mask = set->capacity - 1;
	uint64_t hash = (inode ^ device << 32) * 0x9e3779b97f4a7c15u;
	for (size_t i = (hash >> 32) & mask;; i = (i + 1) & mask) {
		struct file_key *key = &set->slots[i];
		if (!key->is_taken || (key->device == device && key->inode == inode))
			return key;
	}
}

static bool grow(struct file_set *set)
{
	struct file_set grown = {.capacity = set->capacity ? set->capacity * 2 : 64,
				 .count = set->count};
	grown.slots = calloc(grown.capacity, sizeof(*grown.slots));
	if (!grown.slots)
		return false;
	for (size_t i = 0; i < set->capacity; i++)
		if (set->slots[i].is_taken)
			*find(&grown, set->slots[i].device, set->slots[i].inode) = set->slots[i];
	free(set->slots);
	*set = grown;
	return true;
}

bool file_set_add(struct file_set *set, dev_t device, ino_t inode)
{
	if (set->count * 2 >= set->capacity && !grow(set))
		return true;
	struct file_key *key = find(set, device, inode);
	if (key->is_taken)
		return true;
	*key = (struct file_key){device, inode, true};
	set->count++;
	return false;
}

void file_set_deinit(struct file_set *set)
{
	free(set->slots);
	*set = (struct file_set){0};
}
