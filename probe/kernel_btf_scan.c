/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/kernel_btf_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/cleanup.h"

#define KINDS_KNOWN 20

static struct err *damaged(const char *what)
{
	return err_why(err_new(ERR_UNSUPPORTED, 0, "the kernel's BTF cannot be read"), "%s", what);
}

/* --- the file --------------------------------------------------------------------------------- */

/* Kernels from 6.16 (a539e2a6d51d) let it be mapped; others give it out page by page. */
static struct err *take_bytes(int fd, struct btf_file *file)
{
	file->memory = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
	file->is_mapped = file->memory != MAP_FAILED;
	if (file->is_mapped)
		return NULL;
	file->memory = malloc(file->size);
	if (!file->memory)
		return &err_nomem;
	for (size_t at = 0; at < file->size;) {
		ssize_t got = read(fd, file->memory + at, file->size - at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_new(ERR_UNSUPPORTED, got < 0 ? errno : EIO,
				       "the kernel's BTF cannot be read");
		at += (size_t)got;
	}
	return NULL;
}

static struct err *take_sections(struct btf_file *file)
{
	struct btf_header header;
	if (file->size < sizeof(header))
		return damaged("it is too short");
	memcpy(&header, file->memory, sizeof(header));
	if (header.magic != BTF_MAGIC || header.hdr_len < sizeof(header) ||
	    header.hdr_len > file->size || header.type_off % 4 || header.hdr_len % 4)
		return damaged("it begins with no header of BTF");
	size_t room = file->size - header.hdr_len;
	if (header.type_off > room || header.type_len > room - header.type_off ||
	    header.str_off > room || header.str_len > room - header.str_off)
		return damaged("its sections are longer than the file");
	file->types = file->memory + header.hdr_len + header.type_off;
	file->types_size = header.type_len;
	file->strings = file->memory + header.hdr_len + header.str_off;
	file->strings_size = header.str_len;
	if (!header.str_len || file->strings[header.str_len - 1])
		return damaged("its names do not end");
	return NULL;
}

struct err *btf_file_open(const char *path, struct btf_file *ret)
{
	struct stat status;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	*ret = (struct btf_file){0};
	if (fd < 0 || fstat(fd, &status) != 0)
		return err_new(ERR_UNSUPPORTED, errno, "the kernel's BTF cannot be read");
	ret->size = (size_t)status.st_size;
	if (!ret->size)
		return damaged("it is empty");
	struct err *e = take_bytes(fd, ret);
	e = e ? e : take_sections(ret);
	if (e)
		btf_file_deinit(ret);
	return e;
}

void btf_file_deinit(struct btf_file *file)
{
	if (file->is_mapped)
		munmap(file->memory, file->size);
	else
		free(file->memory);
	free(file->offsets);
	*file = (struct btf_file){0};
}

const struct btf_type *btf_file_type(const struct btf_file *file, uint32_t id)
{
	if (!id || id > file->n_types)
		return NULL;
	return (const struct btf_type *)(const void *)(file->types + file->offsets[id - 1]);
}

const char *btf_file_text(const struct btf_file *file, uint32_t offset)
{
	return offset < file->strings_size ? file->strings + offset : "";
}

/* --- names ------------------------------------------------------------------------------------ */

/* By the first three characters: most names of the kernel are told apart by them, and no more of
 * their text has to be looked at. */
static uint32_t bucket(const char *name, size_t length)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < 3 && i < length && name[i]; i++)
		sum = sum * 67 + (uint8_t)name[i];
	return sum % BTF_SCAN_BUCKETS;
}

bool btf_scan_want(struct btf_scan *scan, const char *name, size_t length, uint32_t kinds)
{
	struct btf_wanted *wanted = array_push(&scan->wanted);
	if (!wanted)
		return false;
	uint32_t *head = &scan->heads[bucket(name, length)];
	*wanted =
		(struct btf_wanted){.name = name, .length = length, .kinds = kinds, .next = *head};
	*head = (uint32_t)scan->wanted.count;
	scan->kinds |= kinds;
	return true;
}

void btf_scan_deinit(struct btf_scan *scan)
{
	free(scan->wanted.items);
	free(scan->found.items);
}

static bool compare(struct btf_scan *scan, const char *name, uint32_t kind, uint32_t id)
{
	bool is_new = false;
	for (uint32_t i = scan->heads[bucket(name, 3)]; i;) {
		struct btf_wanted *wanted = &scan->wanted.items[i - 1];
		i = wanted->next;
		if (!(wanted->kinds & 1U << kind) ||
		    strncmp(name, wanted->name, wanted->length) != 0 || name[wanted->length])
			continue;
		wanted->id = wanted->id ? wanted->id : id;
		is_new = true;
	}
	if (!is_new)
		return true;
	uint32_t *found = array_push(&scan->found);
	if (found)
		*found = id;
	return found != NULL;
}

/* --- the pass --------------------------------------------------------------------------------- */

/* Bytes after struct btf_type; UINT64_MAX: a kind that we do not know. */
static uint64_t more_bytes(uint32_t kind, uint32_t count)
{
	switch (kind) {
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case 18: /* BTF_KIND_TYPE_TAG, in headers from 5.17 */
		return 0;
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case 17: /* BTF_KIND_DECL_TAG, from 5.16 */
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return (uint64_t)count * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return (uint64_t)count * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return (uint64_t)count * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return (uint64_t)count * sizeof(struct btf_var_secinfo);
	case 19: /* BTF_KIND_ENUM64, from 6.0 */
		return (uint64_t)count * 12;
	default:
		return UINT64_MAX;
	}
}

struct err *btf_file_scan(struct btf_file *file, struct btf_scan *scan)
{
	/* No type is smaller than its header. */
	file->offsets = calloc(file->types_size / sizeof(struct btf_type) + 1, sizeof(uint32_t));
	if (!file->offsets)
		return &err_nomem;
	for (uint64_t at = 0; at < file->types_size;) {
		if (file->types_size - at < sizeof(struct btf_type))
			return damaged("its last type is cut off");
		const struct btf_type *type =
			(const struct btf_type *)(const void *)(file->types + at);
		uint32_t kind = BTF_INFO_KIND(type->info), vlen = BTF_INFO_VLEN(type->info);
		uint64_t more = more_bytes(kind, vlen);
		if (kind >= KINDS_KNOWN || more == UINT64_MAX)
			return damaged("it has a kind of type that this utrail does not know");
		if (more > file->types_size - at - sizeof(*type))
			return damaged("its last type is cut off");
		file->offsets[file->n_types++] = (uint32_t)at;
		at += sizeof(*type) + more;
		if ((scan->kinds & 1U << kind) &&
		    !compare(scan, btf_file_text(file, type->name_off), kind, file->n_types))
			return &err_nomem;
	}
	return NULL;
}
