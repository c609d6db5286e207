/* SPDX-License-Identifier: Apache-2.0 */
#include "uprobe/layers.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "symbols/symbols.h"
#include "uprobe/trap.h"

/* Another file has none of them by chance. */
#define LOOKED_AT_MAX 16

/* One page of a file, as a process that maps the file has it. */
struct view {
	const uint8_t *page;
	size_t size;
};

static bool view_open(const struct image *image, uint64_t offset, struct view *ret)
{
	ret->size = (size_t)sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, ret->size, PROT_READ, MAP_PRIVATE, image_fd(image),
			  (off_t)(offset / ret->size * ret->size));
	if (page == MAP_FAILED)
		return false;
	ret->page = page;
	return true;
}

static void view_close(const struct view *view)
{
	munmap((void *)view->page, view->size);
}

/* What is mapped there is not what the file holds. */
static bool has_trap(const struct view *view, const struct image *image, uint64_t offset)
{
	uint8_t held[TRAP_BYTES];
	ssize_t n = pread(image_fd(image), held, sizeof(held), (off_t)offset);
	return n == (ssize_t)sizeof(held) &&
	       memcmp(view->page + offset % view->size, held, sizeof(held)) != 0;
}

static bool shows_trap(const struct image *image, uint64_t offset)
{
	struct view view;
	if (!view_open(image, offset, &view))
		return false;
	bool shown = has_trap(&view, image, offset);
	view_close(&view);
	return shown;
}

bool layers_may_share(const struct image *one, const struct image *other)
{
	const uint8_t *id, *other_id;
	size_t size = image_build_id(one, &id), other_size = image_build_id(other, &other_id);
	return image_is_layered(one) && image_is_layered(other) && size == other_size &&
	       (!size || memcmp(id, other_id, size) == 0);
}

/*
 * Somebody else may probe both files at the same places. So where nobody does, at the program's
 * entry, a probe is put into one and looked for in the other.
 */
static bool shows_ours(const struct image *one, const struct image *other,
		       const struct layer_prober *prober)
{
	struct view view;
	uint64_t offset;
	if (!image_entry_offset(one, &offset) || !view_open(other, offset, &view))
		return true;
	bool is_free = !has_trap(&view, other, offset);
	_cleanup_close_ int probe = is_free ? prober->probe(prober->context, one, offset) : -1;
	bool shown = probe < 0 || has_trap(&view, other, offset);
	view_close(&view);
	return shown;
}

bool layers_share_file(const struct image *one, const uint64_t *probed, size_t count,
		       const struct image *other, const struct layer_prober *prober)
{
	for (size_t i = 0; i < count && i < LOOKED_AT_MAX; i++)
		if (!shows_trap(other, probed[i]))
			return false;
	return count && shows_ours(one, other, prober);
}
