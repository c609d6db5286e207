/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/descriptors.h"
#include "output/escape.h"

#define FILE_MAX  (16U << 20)
#define NAME_MAX_ 128
#define TEMPORARY "new-"
/* Of a run that was killed while it wrote. */
#define TEMPORARY_MAX_AGE_S 3600

struct cache {
	const char *name;
	FILE *report;
	struct cache_limits limits;
	int folder; /* -1: none */
	bool refused;
	char path[4096];
};

struct cache *cache_new(const char *folder, FILE *report)
{
	struct cache *cache = calloc(1, sizeof(*cache));
	if (!cache)
		return NULL;
	cache->name = folder;
	cache->report = report;
	cache->folder = -1;
	cache->limits = (struct cache_limits){.bytes = 64ULL << 20, .files = 256};
	return cache;
}

void cache_free(struct cache *cache)
{
	if (!cache)
		return;
	closep(&cache->folder);
	free(cache);
}

void cache_set_limits(struct cache *cache, const struct cache_limits *limits)
{
	cache->limits = *limits;
}

/* --- the folder ------------------------------------------------------------------------------- */

static __attribute__((format(printf, 3, 4))) void complain(struct cache *cache, const char *path,
							   const char *why, ...)
{
	va_list args;
	cache->refused = true;
	if (!cache->report)
		return;
	fputs("utrail: note: the cache '", cache->report);
	escape_print(cache->report, path, "");
	fputs("' is not used: ", cache->report);
	va_start(args, why);
	vfprintf(cache->report, why, args);
	va_end(args);
	fputc('\n', cache->report);
}

/* Nobody else may put anything there. */
static bool is_ours(struct cache *cache, const char *path, const struct stat *status,
		    mode_t forbidden)
{
	if (status->st_uid != geteuid())
		complain(cache, path, "it belongs to user %u, and we are %u",
			 (unsigned int)status->st_uid, (unsigned int)geteuid());
	else if (status->st_mode & forbidden)
		complain(cache, path, "its mode is %03o: others may %s it",
			 (unsigned int)status->st_mode & 07777,
			 forbidden & 0044 ? "read or write" : "write");
	else
		return true;
	return false;
}

/* The folder `name` in `at`; -1: it is not there, or cannot be used. `path` is for words. */
static int open_below(struct cache *cache, int at, const char *name, bool make, const char *path,
		      mode_t forbidden)
{
	struct stat status;
	if (make && mkdirat(at, name, 0700) != 0 && errno != EEXIST)
		return -1;
	_cleanup_close_ int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && !make && errno == ENOENT)
		return -1;
	if (fd < 0) {
		complain(cache, path, "%s",
			 errno == ELOOP || errno == ENOTDIR ? "it is no folder" : strerror(errno));
		return -1;
	}
	if (fstat(fd, &status) != 0 || !is_ours(cache, path, &status, forbidden))
		return -1;
	return take_fd(fd);
}

/* $XDG_CACHE_HOME, or ~/.cache; a home of somebody else's (`sudo -E`) gets no files of ours. */
static int open_base(struct cache *cache, bool make)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	bool has_base = base && base[0] == '/';
	int length = has_base ? snprintf(cache->path, sizeof(cache->path), "%s", base)
			      : snprintf(cache->path, sizeof(cache->path), "%s/.cache",
					 home ? home : "");
	struct stat status;
	if (length < 0 || (size_t)length > sizeof(cache->path) - 64 ||
	    (!has_base && (!home || home[0] != '/')))
		return -1;
	if (!has_base && (stat(home, &status) != 0 || !is_ours(cache, home, &status, 0022)))
		return -1;
	if (make && mkdir(cache->path, 0700) != 0 && errno != EEXIST)
		return -1;
	_cleanup_close_ int fd = open(cache->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) != 0 || !is_ours(cache, cache->path, &status, 0022))
		return -1;
	return take_fd(fd);
}

static int open_folder(struct cache *cache, bool make)
{
	_cleanup_close_ int base = open_base(cache, make);
	if (base < 0)
		return -1;
	strcat(cache->path, "/utrail");
	_cleanup_close_ int own = open_below(cache, base, "utrail", make, cache->path, 0022);
	if (own < 0)
		return -1;
	strcat(cache->path, "/");
	strcat(cache->path, cache->name);
	return open_below(cache, own, cache->name, make, cache->path, 0077);
}

/* What was complained of is not tried again; what was not there may be made. */
static int folder_of(struct cache *cache, bool make)
{
	if (cache->folder >= 0 || cache->refused)
		return cache->folder;
	cache->folder = open_folder(cache, make);
	cache->refused |= make && cache->folder < 0;
	return cache->folder;
}

/* --- a file ----------------------------------------------------------------------------------- */

static bool is_name(const char *name)
{
	size_t length = strspn(name, "0123456789abcdefghijklmnopqrstuvwxyz");
	return length && length < NAME_MAX_ && !name[length];
}

/* O_NONBLOCK: a pipe in its place would wait for ever. */
static int open_file(struct cache *cache, const char *name, size_t *ret_size)
{
	struct stat status;
	char path[2 * NAME_MAX_];
	_cleanup_close_ int fd =
		openat(cache->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/%s", cache->name, name);
	if (!S_ISREG(status.st_mode) || !is_ours(cache, path, &status, 0077) ||
	    status.st_size <= 0 || status.st_size > FILE_MAX)
		return -1;
	*ret_size = (size_t)status.st_size;
	return take_fd(fd);
}

void *cache_read(void *context, const char *name, size_t *ret_size)
{
	struct cache *cache = context;
	size_t size = 0;
	if (!is_name(name) || folder_of(cache, false) < 0)
		return NULL;
	_cleanup_close_ int fd = open_file(cache, name, &size);
	_cleanup_free_ char *bytes = fd >= 0 ? malloc(size) : NULL;
	if (!bytes || !descriptors_read(fd, 0, bytes, size))
		return NULL;
	*ret_size = size;
	return take_ptr(bytes);
}

/* --- the bounds ------------------------------------------------------------------------------- */

struct entry {
	int64_t time_ns;
	uint64_t size;
	char name[NAME_MAX_ + 8];
};

struct entries {
	ARRAY_OF(struct entry) list;
	uint64_t bytes;
};

static int by_age(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	return (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
}

static void take_entry(const struct cache *cache, const char *name, struct entries *entries)
{
	struct stat status;
	struct entry *entry;
	if (fstatat(cache->folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(status.st_mode) || strlen(name) >= sizeof(entry->name))
		return;
	if (strncmp(name, TEMPORARY, strlen(TEMPORARY)) == 0) {
		if (time(NULL) - status.st_mtim.tv_sec > TEMPORARY_MAX_AGE_S)
			unlinkat(cache->folder, name, 0);
		return;
	}
	entry = is_name(name) ? array_push(&entries->list) : NULL;
	if (!entry)
		return;
	entry->time_ns = status.st_mtim.tv_sec * 1000000000LL + status.st_mtim.tv_nsec;
	entry->size = (uint64_t)status.st_size;
	strcpy(entry->name, name);
	entries->bytes += entry->size;
}

/* The oldest go until the rest fits. */
static void make_room(const struct cache *cache)
{
	struct entries entries = {0};
	int copy = openat(cache->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = copy >= 0 ? fdopendir(copy) : NULL;
	if (!folder) {
		closep(&copy);
		return;
	}
	for (struct dirent *item; (item = readdir(folder));)
		take_entry(cache, item->d_name, &entries);
	closedir(folder);
	size_t count = entries.list.count;
	if (count)
		qsort(entries.list.items, count, sizeof(*entries.list.items), by_age);
	for (size_t i = 0;
	     i < count && (entries.bytes > cache->limits.bytes || count - i > cache->limits.files);
	     i++) {
		unlinkat(cache->folder, entries.list.items[i].name, 0);
		entries.bytes -= entries.list.items[i].size;
	}
	free(entries.list.items);
}

void cache_write(void *context, const char *name, const void *bytes, size_t size)
{
	struct cache *cache = context;
	char temporary[32];
	if (!is_name(name) || size > FILE_MAX || folder_of(cache, true) < 0)
		return;
	snprintf(temporary, sizeof(temporary), TEMPORARY "%d", (int)getpid());
	unlinkat(cache->folder, temporary, 0);
	_cleanup_close_ int fd = openat(cache->folder, temporary,
					O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	/* A run that reads meanwhile has the old file or the new one, and never a part. */
	if (!descriptors_write(fd, bytes, size) ||
	    renameat(cache->folder, temporary, cache->folder, name) != 0) {
		unlinkat(cache->folder, temporary, 0);
		return;
	}
	make_room(cache);
}
