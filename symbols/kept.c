/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was learnt from a file's DWARF is kept for the next run, where learning it takes long: the
 * debug information of libjvm is unpacked for a second before the first function is found.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "symbols/answers.h"
#include "symbols/debug_file.h"
#include "symbols/dwarf_info.h"
#include "symbols/image.h"
#include "symbols/sources/view.h"

/* Smaller files are read sooner than anyone notices: those with packed sections, and others, which
 * are mapped. */
#define PACKED_MIN (1U << 20)
#define SOURCE_MIN (64U << 20)
/* More than this in one run is no question but a survey. */
#define KEPT_MAX 2000

void image_use_cache(struct image *image, const struct image_cache *cache)
{
	image->cache = cache;
}

/* Hexadecimal; false: there is none, or one that is no file's name. */
static bool name_of(const struct image *image, char *name, size_t size)
{
	if (image->build_id_size < 8 || image->build_id_size * 2 >= size)
		return false;
	for (size_t i = 0; i < image->build_id_size; i++)
		snprintf(name + i * 2, size - i * 2, "%02x", image->build_id[i]);
	return true;
}

/* Of the file that has the DWARF; false: it is not worth it. */
static bool source_of(struct image *image, struct stat *ret)
{
	const struct dwarf_info *info = dwarf_info_part(image);
	if (!info)
		return false;
	bool is_own = !image->debug || info->source != image->debug->path;
	bool is_packed = debug_view_is_packed(info->view) ||
			 (info->alt_view && debug_view_is_packed(info->alt_view));
	return fstat(is_own ? image->file.fd : image->debug->file.fd, ret) == 0 &&
	       ret->st_size >= (is_packed ? PACKED_MIN : SOURCE_MIN);
}

static struct answers *open_answers(struct image *image)
{
	char name[128];
	struct stat status;
	if (!image->cache || !name_of(image, name, sizeof(name)) || !source_of(image, &status))
		return NULL;
	const struct answers_key key = {
		.build_id = image->build_id,
		.build_id_size = image->build_id_size,
		.source_size = (uint64_t)status.st_size,
		.source_time_ns = (uint64_t)status.st_mtim.tv_sec * 1000000000ULL +
				  (uint64_t)status.st_mtim.tv_nsec,
		.program = image->cache->program,
	};
	size_t size = 0;
	_cleanup_free_ void *bytes = image->cache->read(image->cache->context, name, &size);
	return answers_new(&key, bytes, size);
}

static struct answers *answers_of(struct image *image)
{
	if (!image->answers_opened) {
		image->answers_opened = true;
		image->answers = open_answers(image);
	}
	return image->answers;
}

bool image_kept_answer(struct image *image, uint64_t address, struct answer *ret)
{
	const struct answers *answers = image->cache ? answers_of(image) : NULL;
	return answers && answers_find(answers, address, image->type_pointers, &image->arena, ret);
}

/* A part that is missing may be there next time. */
void image_keep_answer(struct image *image, const struct answer *answer)
{
	struct answers *answers = image->cache ? answers_of(image) : NULL;
	if (answers && !image->debug_missing && answers_count(answers) < KEPT_MAX)
		answers_add(answers, answer);
}

bool image_has_to_keep(const struct image *image)
{
	return image->answers && answers_changed(image->answers);
}

void image_kept_free(struct image *image)
{
	char name[128];
	size_t size;
	if (image->answers && answers_changed(image->answers) &&
	    name_of(image, name, sizeof(name))) {
		_cleanup_free_ void *bytes = answers_bytes(image->answers, &size);
		if (bytes)
			image->cache->write(image->cache->context, name, bytes, size);
	}
	answers_free(image->answers);
	image->answers = NULL;
}
