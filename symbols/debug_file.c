/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/debug_file.h"

#include <elfutils/libdwelf.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "symbols/image.h"
#include "symbols/sources/beneath.h"

/* Build ids are 8 to 20 bytes (a hash); ones of 2 or less would make every file match. */
#define BUILD_ID_MIN 4
#define BUILD_ID_MAX 64

/* Which file a candidate must be: the build id decides; without one, the CRC does. */
struct wanted {
	const uint8_t *id;
	size_t id_size;
	bool has_crc;
	uint32_t crc;
};

static bool id_is_usable(const uint8_t *id, size_t size)
{
	return id && size >= BUILD_ID_MIN && size <= BUILD_ID_MAX;
}

/*
 * CRC-32 of IEEE 802.3, as the format of .gnu_debuglink has it, see
 * https://sourceware.org/gdb/current/onlinedocs/gdb.html/Separate-Debug-Files.html
 */
static void crc_table(uint32_t table[256])
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? (crc >> 1) ^ 0xedb88320u : crc >> 1;
		table[i] = crc;
	}
}

static bool file_crc(const struct elf_file *file, uint32_t *ret)
{
	enum { CHUNK = 65536 };
	uint32_t table[256], crc = 0xffffffff;
	_cleanup_free_ uint8_t *chunk = malloc(CHUNK);
	crc_table(table);
	for (uint64_t at = 0; chunk && at < file->size; at += CHUNK) {
		size_t size = file->size - at < CHUNK ? (size_t)(file->size - at) : CHUNK;
		if (!elf_file_read(file, at, chunk, size))
			return false;
		for (size_t i = 0; i < size; i++)
			crc = table[(crc ^ chunk[i]) & 0xff] ^ (crc >> 8);
	}
	*ret = ~crc;
	return chunk;
}

static bool is_wanted(const struct elf_file *file, const struct wanted *wanted)
{
	const void *id;
	uint32_t crc;
	ssize_t size = dwelf_elf_gnu_build_id(file->elf, &id);
	if (size > 0 && wanted->id_size)
		return (size_t)size == wanted->id_size && !memcmp(id, wanted->id, (size_t)size);
	return wanted->has_crc && file_crc(file, &crc) && crc == wanted->crc;
}

/* The open file, of which a duplicate is kept. NULL too when memory runs out: a debug file is a
 * gain, never a need. */
static struct debug_file *take_wanted(const char *path, int fd, const struct wanted *wanted)
{
	_cleanup_(debug_file_freep) struct debug_file *ret = calloc(1, sizeof(*ret));
	if (!ret)
		return NULL;
	ret->file.fd = -1;
	ret->path = strdup(path);
	struct err *e = elf_file_open(path, fd, ELF_DEBUG_ONLY, &ret->file);
	bool ok = ret->path && !e && is_wanted(&ret->file, wanted);
	err_free(e);
	return ok ? take_ptr(ret) : NULL;
}

static struct debug_file *open_wanted(int root, const char *path, const struct wanted *wanted)
{
	_cleanup_close_ int fd = open_regular_beneath(root, path);
	return fd >= 0 ? take_wanted(path, fd, wanted) : NULL;
}

/* In the root of the process whose file it is, then in ours. */
static struct debug_file *open_in_roots(int root, const char *path, const struct wanted *wanted)
{
	struct debug_file *found = root >= 0 ? open_wanted(root, path, wanted) : NULL;
	return found ?: open_wanted(-1, path, wanted);
}

struct debug_file *debug_file_at(int root, const char *path, const uint8_t *id, size_t size)
{
	const struct wanted wanted = {.id = id, .id_size = size};
	return id_is_usable(id, size) ? open_in_roots(root, path, &wanted) : NULL;
}

static bool build_id_path(const char *directory, const uint8_t *id, size_t size,
			  char path[PATH_MAX])
{
	char hex[BUILD_ID_MAX * 2 + 1];
	if (!id_is_usable(id, size))
		return false;
	for (size_t i = 0; i < size; i++)
		snprintf(hex + i * 2, 3, "%02x", id[i]);
	int length =
		snprintf(path, PATH_MAX, "%s/.build-id/%.2s/%s.debug", directory, hex, hex + 2);
	return length >= 0 && length < PATH_MAX;
}

struct debug_file *debug_file_by_build_id(int root, const char *directory, const uint8_t *id,
					  size_t size)
{
	char path[PATH_MAX];
	return build_id_path(directory, id, size, path) ? debug_file_at(root, path, id, size)
							: NULL;
}

/* Where the file really lies, without its name; false for a memfd, a deleted file. */
static bool directory_of(const struct image *image, char directory[PATH_MAX])
{
	char link[64];
	ssize_t length = image->place ? snprintf(directory, PATH_MAX, "%s", image->place) : 0;
	if (!image->place) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", image->file.fd);
		length = readlink(link, directory, PATH_MAX - 1);
	}
	if (length <= 0 || length >= PATH_MAX || directory[0] != '/')
		return false;
	directory[length] = '\0';
	*strrchr(directory, '/') = '\0';
	return true;
}

/* A section: the name, padded with NUL to a multiple of 4, and the CRC. */
static const char *read_debuglink(const struct image *image, uint32_t *ret_crc)
{
	Elf_Scn *section = elf_file_section(&image->file, ".gnu_debuglink", SHT_NULL);
	Elf_Data *data = section ? elf_file_content(&image->file, section) : NULL;
	if (!data || data->d_size > NAME_MAX + 8)
		return NULL;
	const char *name = data->d_buf;
	size_t length = strnlen(name, data->d_size);
	size_t crc_at = (length + 4) & ~(size_t)3;
	if (!length || crc_at + sizeof(*ret_crc) > data->d_size)
		return NULL;
	if (memchr(name, '/', length) || !strcmp(name, ".") || !strcmp(name, ".."))
		return NULL;
	memcpy(ret_crc, name + crc_at, sizeof(*ret_crc));
	return name;
}

/* --- where it may be -------------------------------------------------------------------------- */

/* By build id and by name, each in the process's root and in ours. */
#define CANDIDATES_MAX 8

struct candidates {
	struct debug_candidate items[CANDIDATES_MAX];
	size_t count;
	size_t by_link; /* the first one that is named by .gnu_debuglink */
};

static void candidates_deinit(struct candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++)
		free(candidates->items[i].path);
}

__attribute__((format(printf, 3, 4))) static void add(struct candidates *to, int root,
						      const char *format, ...)
{
	char *path = NULL;
	va_list args;
	va_start(args, format);
	int length = to->count < CANDIDATES_MAX ? vasprintf(&path, format, args) : -1;
	va_end(args);
	if (length >= 0 && length < PATH_MAX)
		to->items[to->count++] = (struct debug_candidate){root, path};
	else if (length >= 0)
		free(path);
}

/* In the three directories of gdb, as the process sees them (root >= 0) or as we do. */
static void add_in_root(struct candidates *to, int root, const char *directory, const char *global,
			const char *name)
{
	add(to, root, "%s/%s", directory, name);
	add(to, root, "%s/.debug/%s", directory, name);
	add(to, root, "%s%s/%s", global, directory, name);
}

/* The path as the process sees it, without its name. */
static bool own_directory_of(const struct image *image, char directory[PATH_MAX])
{
	int length = snprintf(directory, PATH_MAX, "%s", image->path);
	if (image->path[0] != '/' || length < 0 || length >= PATH_MAX)
		return false;
	*strrchr(directory, '/') = '\0';
	return true;
}

static void add_by_link(const struct image *image, const char *global, const char *name,
			struct candidates *to)
{
	char directory[PATH_MAX];
	if (image->root >= 0 && own_directory_of(image, directory))
		add_in_root(to, image->root, directory, global, name);
	if (directory_of(image, directory))
		add_in_root(to, -1, directory, global, name);
}

struct debug_file *debug_file_find(const struct image *image, const char *directory)
{
	_cleanup_(candidates_deinit) struct candidates all = {0};
	struct wanted wanted = {.id = image->build_id, .id_size = image->build_id_size};
	struct debug_file *found = NULL;
	char path[PATH_MAX];
	bool has_id = build_id_path(directory, wanted.id, wanted.id_size, path);
	if (has_id && image->root >= 0)
		add(&all, image->root, "%s", path);
	if (has_id)
		add(&all, -1, "%s", path);
	all.by_link = all.count;
	const char *name = read_debuglink(image, &wanted.crc);
	if (name)
		add_by_link(image, directory, name, &all);
	uint64_t there = image->which_exist ? image->which_exist(all.items, all.count) : UINT64_MAX;
	for (size_t i = 0; i < all.count && !found; i++) {
		wanted.has_crc = i >= all.by_link;
		if (there & UINT64_C(1) << i)
			found = open_wanted(all.items[i].root, all.items[i].path, &wanted);
	}
	return found;
}

/* From a server. What it sends must have the build id, whatever it was asked for. */
static struct debug_file *fetch_file(struct image *image)
{
	const struct debug_source *source = image->debug_source;
	const struct wanted wanted = {.id = image->build_id, .id_size = image->build_id_size};
	int fd = -1;
	if (!source || !id_is_usable(wanted.id, wanted.id_size))
		return NULL;
	struct err *e = source->fetch(source->context, image->path, wanted.id, wanted.id_size, &fd);
	if (e)
		image_note_missing(image, err_what(e), err_reason(e));
	err_free(e);
	_cleanup_close_ int got = fd;
	struct debug_file *file = got >= 0 ? take_wanted("debuginfod", got, &wanted) : NULL;
	if (got >= 0 && !file)
		image_note_missing(image, "debuginfod", "what it has sent is for another file");
	return file;
}

const struct debug_file *debug_file_of(struct image *image)
{
	if (!image->debug_searched) {
		image->debug_searched = true;
		image->debug = debug_file_find(image, image->debug_root);
		image->debug = image->debug ?: fetch_file(image);
	}
	return image->debug;
}

void debug_file_free(struct debug_file *file)
{
	if (!file)
		return;
	elf_file_close(&file->file);
	free(file->path);
	free(file);
}

void debug_file_freep(struct debug_file **file)
{
	debug_file_free(*file);
}
