/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that the symbolizer asks for: debug files of the image that it reads. It names them, as
 * the names stand in files; whether there is such a file, and whether it gets it, is said here. A
 * broken symbolizer must not be able to read what is none of its business: it gets regular ELF
 * files, no core dumps, and these only from where debug files are.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "symbols/child/client.h"
#include "symbols/child/remote.h"
#include "symbols/debug_file.h"
#include "symbols/sources/beneath.h"

/* Whose places are remembered; split DWARF has a file for each unit, and nobody asks for these. */
#define HANDED_MAX 64
/* More than any file without split DWARF needs. */
#define ASKED_MAX 64

/* More than all answers of a file have (symbols/answers.c). */
#define KEPT_BYTES_MAX (16u << 20)
#define BUILD_ID_MAX   64

/* --- where ------------------------------------------------------------------------------------ */

static bool begins_with(const char *path, const char *directory, const char **ret_rest)
{
	size_t length = strlen(directory);
	*ret_rest = path + length + 1;
	return strncmp(path, directory, length) == 0 && path[length] == '/';
}

/* In the directory of this file, or in .debug there. */
static bool is_beside(const char *path, const char *file)
{
	const char *slash = strrchr(file, '/'), *rest;
	char directory[PATH_MAX];
	if (file[0] != '/' || !slash || (size_t)(slash - file) >= sizeof(directory))
		return false;
	snprintf(directory, sizeof(directory), "%.*s", (int)(slash - file), file);
	if (!begins_with(path, directory, &rest))
		return false;
	rest += strncmp(rest, ".debug/", 7) == 0 ? 7 : 0;
	return !strchr(rest, '/');
}

static bool ends_with(const char *path, const char *end)
{
	size_t length = strlen(path), size = strlen(end);
	return length > size && strcmp(path + length - size, end) == 0;
}

const char *files_place_of(const struct image *image, char place[PATH_MAX])
{
	char link[64];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", image->file.fd);
	ssize_t length = readlink(link, place, PATH_MAX - 1);
	place[length > 0 ? length : 0] = '\0';
	return place;
}

static bool is_for_debug_files(const struct image *image, const char *path)
{
	char plain[PATH_MAX], place[PATH_MAX];
	const char *rest;
	if (path[0] != '/' || strlen(path) >= sizeof(plain))
		return false;
	line_file_normalise(path, plain);
	return begins_with(plain, DEBUG_DIRECTORY, &rest) || is_beside(plain, image->path) ||
	       is_beside(plain, files_place_of(image, place)) || ends_with(plain, ".dwo") ||
	       ends_with(plain, ".dwp");
}

/* --- what ------------------------------------------------------------------------------------- */

static bool is_debug_file(int fd)
{
	Elf64_Ehdr header;
	struct stat st;
	if (fstat(fd, &st) != 0 || pread(fd, &header, sizeof(header), 0) != sizeof(header))
		return false;
	struct err *e =
		elf_check_header("", &header, sizeof(header), (uint64_t)st.st_size, ELF_DEBUG_ONLY);
	bool ok = !e && header.e_type != ET_CORE;
	err_free(e);
	return ok;
}

static void remember(struct image *image, int fd, const char *path)
{
	struct remote *remote = image->remote;
	struct stat st;
	char link[64], place[PATH_MAX];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, place, sizeof(place) - 1);
	if (remote->handed.count >= HANDED_MAX || ends_with(path, ".dwo") || fstat(fd, &st) != 0 ||
	    length <= 0)
		return;
	place[length] = '\0';
	struct handed_file *handed = array_push(&remote->handed);
	if (handed)
		*handed = (struct handed_file){st.st_dev, st.st_ino,
					       arena_string(&image->arena, place)};
}

/* For image_asked(): that it was looked for, and what was found. */
static void note_asked(struct image *image, bool in_root, const char *path, int fd)
{
	struct remote *remote = image->remote;
	for (size_t i = 0; i < remote->asked.count && !in_root; i++)
		if (strcmp(remote->asked.items[i].path, path) == 0)
			return;
	bool fits = !in_root && remote->asked.count < ASKED_MAX;
	struct asked_file *asked = fits ? array_push(&remote->asked) : NULL;
	const char *kept = asked ? arena_string(&image->arena, path) : NULL;
	if (!kept) {
		remote->asked.count -= asked != NULL;
		remote->asked_elsewhere = true;
		return;
	}
	asked->path = kept;
	asked_file_look(asked, fd);
}

/* --- answers ---------------------------------------------------------------------------------- */

/* -1: there is none, or it is none of its business. */
static int open_named(struct image *image, bool in_root, const char *path)
{
	if (!path || (in_root && image->root < 0) || !is_for_debug_files(image, path))
		return -1;
	_cleanup_close_ int fd = open_regular_beneath(in_root ? image->root : -1, path);
	note_asked(image, in_root, path, fd);
	return fd >= 0 && is_debug_file(fd) ? take_fd(fd) : -1;
}

static void answer_open(struct image *image, struct wire *question, int *ret_fd)
{
	bool in_root = wire_take_bool(question);
	const char *path = wire_take_text(question);
	*ret_fd = open_named(image, in_root, path);
	if (*ret_fd >= 0)
		remember(image, *ret_fd, path);
}

static void answer_exist(struct image *image, struct wire *question, struct wire *answer)
{
	uint64_t there = 0;
	uint32_t count = wire_take_u32(question);
	question->bad |= count > 64;
	for (uint32_t i = 0; i < count && !question->bad; i++) {
		bool in_root = wire_take_bool(question);
		_cleanup_close_ int fd = open_named(image, in_root, wire_take_text(question));
		there |= (uint64_t)(fd >= 0) << i;
	}
	wire_put_u64(answer, there);
}

static void answer_place(const struct image *image, struct wire *question, struct wire *answer)
{
	const struct remote *remote = image->remote;
	uint64_t device = wire_take_u64(question), inode = wire_take_u64(question);
	char place[PATH_MAX];
	const char *found = NULL;
	if (image->file.device == device && image->file.inode == inode)
		found = files_place_of(image, place);
	for (size_t i = 0; i < remote->handed.count && !found; i++)
		if (remote->handed.items[i].device == device &&
		    remote->handed.items[i].inode == inode)
			found = remote->handed.items[i].place;
	wire_put_text(answer, found);
}

/* One file is unpacked for each image. */
static void answer_memory(struct image *image, int *ret_fd)
{
	if (image->remote->unpacked != image->remote->symbolizer->generation)
		*ret_fd = memfd_create("utrail-symbols", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	image->remote->unpacked = image->remote->symbolizer->generation;
}

/* Of the build id that was read here. Once: it may take minutes. */
static void answer_fetch(struct image *image, struct wire *answer, int *ret_fd)
{
	const struct debug_source *source = image->debug_source;
	struct err *e = NULL;
	if (source && image->build_id_size && !image->remote->fetched)
		e = source->fetch(source->context, image->path, image->build_id,
				  image->build_id_size, ret_fd);
	image->remote->fetched = true;
	image->remote->asked_elsewhere = true;
	wire_put_error(answer, e);
	err_free(e);
}

/* The cache's name of the image: its build id, as in symbols/kept.c. */
static bool has_kept_name(const struct image *image, char name[2 * BUILD_ID_MAX + 1])
{
	if (!image->cache || image->build_id_size < 8 || image->build_id_size > BUILD_ID_MAX)
		return false;
	for (size_t i = 0; i < image->build_id_size; i++)
		snprintf(name + i * 2, 3, "%02x", image->build_id[i]);
	return true;
}

static void answer_kept(const struct image *image, struct wire *answer)
{
	char name[2 * BUILD_ID_MAX + 1];
	size_t size = 0;
	_cleanup_free_ void *bytes =
		has_kept_name(image, name) ? image->cache->read(image->cache->context, name, &size)
					   : NULL;
	size = bytes && size < PROTOCOL_REQUEST_MAX - sizeof(uint64_t) ? size : 0;
	wire_put_u64(answer, size);
	wire_put_bytes(answer, bytes, size);
}

static void keep(const struct image *image, struct wire *question)
{
	char name[2 * BUILD_ID_MAX + 1];
	size_t size = wire_take_count(question, 1);
	const void *bytes = wire_take_bytes(question, size);
	if (bytes && size && size <= KEPT_BYTES_MAX && has_kept_name(image, name))
		image->cache->write(image->cache->context, name, bytes, size);
}

void files_answer(struct image *image, enum verb verb, struct wire *question, struct wire *answer,
		  int *ret_fd)
{
	const struct remote *remote = image->remote;
	const char *name;
	switch ((unsigned int)verb) {
	case VERB_ASK_OPEN:
		answer_open(image, question, ret_fd);
		break;
	case VERB_ASK_EXIST:
		answer_exist(image, question, answer);
		break;
	case VERB_ASK_PLACE:
		answer_place(image, question, answer);
		break;
	case VERB_ASK_MEMORY:
		answer_memory(image, ret_fd);
		break;
	case VERB_ASK_FETCH:
		answer_fetch(image, answer, ret_fd);
		break;
	case VERB_ASK_KEPT:
		answer_kept(image, answer);
		break;
	case VERB_ASK_KEEP:
		keep(image, question);
		break;
	case VERB_ASK_WANTED:
		name = wire_take_text(question);
		wire_put_u8(answer,
			    name && remote->wanted && remote->wanted(remote->wanted_context, name));
		break;
	default:
		question->bad = true;
	}
}
