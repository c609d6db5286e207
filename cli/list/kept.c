/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long lists are kept for the next run: what was written of a file, with what it was learnt from.
 *
 *	header	magic, sum of all that follows it, bytes of the list
 *	list	as it was written
 *	key	which question it answers, of which build of us
 *	shown	how many things it names
 *	files	path and state of the file, and of all that were looked for besides
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cache.h"
#include "cli/list/list.h"
#include "common/cleanup.h"
#include "symbols/asked.h"

/* Raised with every change of what is written. */
#define MAGIC "utrail list 0001"
/* Shorter lists are made as quickly as they are looked for. */
#define LIST_MIN 8192
/*
 * A file that was changed so short a time before may be changed again without another time of its
 * change: file systems count them in ticks, and old ones in seconds.
 */
#define SETTLED_NS 2000000000LL
#define FILES_MAX  128

struct kept_header {
	char magic[16];
	uint64_t sum;
	uint64_t size;
};

static uint64_t add(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * 1099511628211ULL; /* as FNV-1a does with bytes */
	return sum ^ sum >> 32;
}

/* Damage changes it. Megabytes are summed up: four sums that do not wait for each other. */
static uint64_t sum_of(const uint8_t *bytes, size_t size)
{
	uint64_t sums[4] = {1, 2, 3, 4}, sum = size, words[4];
	size_t at = 0;
	for (; at + sizeof(words) <= size; at += sizeof(words)) {
		memcpy(words, bytes + at, sizeof(words));
		for (int i = 0; i < 4; i++)
			sums[i] = add(sums[i], words[i]);
	}
	memset(words, 0, sizeof(words));
	memcpy(words, bytes + at, size - at);
	for (int i = 0; i < 4; i++)
		sum = add(sum, add(sums[i], words[i]));
	return sum;
}

static uint64_t sum_of_kept(const uint8_t *bytes, size_t size)
{
	size_t from = offsetof(struct kept_header, size);
	return sum_of(bytes + from, size - from);
}

/* --- the question ----------------------------------------------------------------------------- */

struct question {
	struct wire key;
	char name[24]; /* of the file that has the answer: the same for all builds of us */
};

/* Debug files are looked for beside where it really is. */
static bool place_of(int fd, char *place, size_t size)
{
	char link[64];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, place, size);
	if (length <= 0 || (size_t)length >= size)
		return false;
	place[length] = '\0';
	return true;
}

/* False: nothing is kept of it. */
static bool ask(const struct listing *listing, const struct plan_module *module, int fd,
		struct question *ret)
{
	char place[4096];
	const struct spec_list *patterns = &listing->patterns;
	*ret = (struct question){0};
	if (!place_of(fd, place, sizeof(place)))
		return false;
	wire_put_text(&ret->key, module->path);
	wire_put_text(&ret->key, place);
	wire_put_u8(&ret->key, list_is_json(listing));
	wire_put_u8(&ret->key, listing->options->verbose);
	wire_put_u64(&ret->key, patterns->count);
	for (size_t i = 0; i < patterns->count; i++)
		wire_put_text(&ret->key, patterns->items[i].text);
	if (ret->key.bad)
		return false;
	snprintf(ret->name, sizeof(ret->name), "l%016llx",
		 (unsigned long long)sum_of(ret->key.bytes, ret->key.size));
	wire_put_text(&ret->key, listing->plan.program);
	return !ret->key.bad;
}

static void question_deinit(struct question *question)
{
	wire_deinit(&question->key);
}

/* Only what we see ourselves: a process may see other files by the same names. */
static bool may_be_kept(const struct listing *listing, const struct plan_module *module)
{
	return listing->cache && !module->process && !listing->plan.server.is_asked;
}

/* --- showing ---------------------------------------------------------------------------------- */

static void take_file(struct wire *from, struct asked_file *ret)
{
	*ret = (struct asked_file){.path = wire_take_text(from)};
	ret->exists = wire_take_bool(from);
	ret->device = wire_take_u64(from);
	ret->inode = wire_take_u64(from);
	ret->size = wire_take_u64(from);
	ret->modified_ns = (int64_t)wire_take_u64(from);
	ret->changed_ns = (int64_t)wire_take_u64(from);
}

/* The first one is the file itself, which is open. */
static bool files_are_same(struct wire *from, int fd)
{
	size_t count = wire_take_count(from, 1);
	bool same = count >= 1 && count <= FILES_MAX;
	for (size_t i = 0; same && i < count; i++) {
		struct asked_file then, now;
		take_file(from, &then);
		if (from->bad || !then.path)
			return false;
		now.path = then.path;
		asked_file_look(&now, i == 0 ? fd : -1);
		same = asked_file_same(&then, &now);
	}
	return same;
}

/* False: this is no answer. */
static bool check(const void *bytes, size_t size, const struct question *question, int fd,
		  struct kept_header *ret, uint64_t *ret_shown)
{
	struct wire rest = {.bytes = (uint8_t *)bytes, .size = size};
	if (size < sizeof(*ret))
		return false;
	memcpy(ret, bytes, sizeof(*ret));
	if (memcmp(ret->magic, MAGIC, sizeof(ret->magic)) != 0 || ret->size > size - sizeof(*ret) ||
	    ret->sum != sum_of_kept(bytes, size))
		return false;
	rest.at = sizeof(*ret) + ret->size;
	size_t length = wire_take_count(&rest, 1);
	const void *key = wire_take_bytes(&rest, length);
	*ret_shown = wire_take_u64(&rest);
	return key && length == question->key.size &&
	       memcmp(key, question->key.bytes, length) == 0 && *ret_shown &&
	       files_are_same(&rest, fd) && wire_is_done(&rest);
}

static bool show(struct listing *listing, const struct question *question, int fd)
{
	struct kept_header header;
	uint64_t shown;
	size_t size;
	_cleanup_free_ char *bytes = cache_read(listing->cache, question->name, &size);
	if (!bytes || !check(bytes, size, question, fd, &header, &shown))
		return false;
	fwrite(bytes + sizeof(header), 1, header.size, listing->out->file);
	listing->shown += shown;
	return true;
}

bool list_kept_show(struct listing *listing, const struct plan_module *module)
{
	_cleanup_(question_deinit) struct question question = {0};
	struct stat status;
	if (!may_be_kept(listing, module) || stat(module->path, &status) != 0 ||
	    !S_ISREG(status.st_mode))
		return false;
	/* Who may not read it is told so, whatever was kept. */
	_cleanup_close_ int fd = open(module->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd >= 0 && ask(listing, module, fd, &question) && show(listing, &question, fd);
}

/* --- keeping ---------------------------------------------------------------------------------- */

static void put_file(struct wire *to, const struct asked_file *file)
{
	wire_put_text(to, file->path);
	wire_put_u8(to, file->exists);
	wire_put_u64(to, file->device);
	wire_put_u64(to, file->inode);
	wire_put_u64(to, file->size);
	wire_put_u64(to, (uint64_t)file->modified_ns);
	wire_put_u64(to, (uint64_t)file->changed_ns);
}

static bool has_settled(const struct listing *listing, const struct asked_file *file)
{
	return !file->exists || file->changed_ns < (int64_t)listing->started_ns - SETTLED_NS;
}

static bool put_files(const struct listing *listing, const struct image *image, struct wire *to)
{
	const struct asked_file *asked;
	struct asked_file own;
	size_t count;
	image_own_file(image, &own);
	bool ok = image_asked(image, &asked, &count) && count < FILES_MAX &&
		  has_settled(listing, &own);
	if (!ok)
		return false;
	wire_put_u64(to, count + 1);
	put_file(to, &own);
	for (size_t i = 0; ok && i < count; i++) {
		ok = has_settled(listing, &asked[i]);
		put_file(to, &asked[i]);
	}
	return ok;
}

size_t list_kept_begin(struct listing *listing, const struct plan_module *module)
{
	if (may_be_kept(listing, module))
		list_out_keep(listing->out, sizeof(struct kept_header));
	return listing->shown;
}

void list_kept_end(struct listing *listing, const struct plan_module *module,
		   const struct image *image, size_t shown_before)
{
	_cleanup_(question_deinit) struct question question = {0};
	struct wire *kept = &listing->out->kept;
	struct kept_header header = {.magic = MAGIC};
	if (!listing->out->keeps || !list_out_end_keeping(listing->out))
		return;
	header.size = kept->size - sizeof(header);
	if (header.size < LIST_MIN || listing->shown == shown_before ||
	    !ask(listing, module, image_fd(image), &question))
		return;
	wire_put_u64(kept, question.key.size);
	wire_put_bytes(kept, question.key.bytes, question.key.size);
	wire_put_u64(kept, listing->shown - shown_before);
	if (!put_files(listing, image, kept) || kept->bad)
		return;
	memcpy(kept->bytes, &header, sizeof(header));
	header.sum = sum_of_kept(kept->bytes, kept->size);
	memcpy(kept->bytes, &header, sizeof(header));
	cache_write(listing->cache, question.name, kept->bytes, kept->size);
}

void list_kept_give_up(struct listing *listing)
{
	listing->out->keeps = false;
}
