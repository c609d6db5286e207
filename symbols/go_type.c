/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/go_type.c — the names and kinds of Go's types, from what the runtime knows of them:
 * struct abi.Type (internal/abi/type.go; struct _type of runtime/type.go before Go 1.21), the same
 * from Go 1.4 on as far as it is read here.
 */
#include <string.h>

#include "common/cleanup.h"
#include "common/utf8.h"
#include "symbols/call.h"
#include "symbols/image.h"

/* struct abi.Type on machines with 8 bytes a word. */
#define TYPE_BYTES	48
#define TYPE_FLAGS_AT	20
#define TYPE_KIND_AT	23
#define TYPE_NAME_AT	40 /* where the name is, from runtime.types on */
#define TABLE_TYPE_AT	8  /* in struct itab */
#define KIND_MASK	31
#define FLAG_EXTRA_STAR 2    /* the name is kept with a '*' that is not part of it */
#define NAME_MAX_BYTES	1024 /* longer ones are cut */
#define NAME_HEAD_BYTES 6    /* flags, and the length in at most 5 bytes */

static bool read_at(const struct image *image, uint64_t address, void *to, size_t size)
{
	uint64_t offset;
	if (!image_offset_of(image, address, &offset))
		return false;
	struct err *e = image_read(image, offset, to, size);
	bool ok = !e;
	err_free(e);
	return ok;
}

/* The length of a name as binary.PutUvarint() writes it; 0: none that makes sense. */
static size_t length_of(const uint8_t *bytes, size_t *ret_size)
{
	size_t length = 0;
	for (size_t i = 0; i + 1 < NAME_HEAD_BYTES; i++) {
		length |= (size_t)(bytes[i] & 0x7f) << (7 * i);
		*ret_size = i + 1;
		if (!(bytes[i] & 0x80))
			return length;
	}
	return 0;
}

static bool read_type(struct image *image, uint64_t address, struct go_type *ret)
{
	uint8_t type[TYPE_BYTES], head[NAME_HEAD_BYTES];
	char name[NAME_MAX_BYTES];
	uint64_t types;
	int32_t place;
	size_t size;
	if (!image_symbol_address(image, "runtime.types", &types) ||
	    !read_at(image, address, type, sizeof(type)))
		return false;
	memcpy(&place, type + TYPE_NAME_AT, sizeof(place));
	uint64_t at = types + (uint64_t)(int64_t)place;
	if (place <= 0 || !read_at(image, at, head, sizeof(head)))
		return false;
	size_t length = length_of(head + 1, &size);
	length = length < sizeof(name) ? length : sizeof(name);
	if (!length || !read_at(image, at + 1 + size, name, length) || !utf8_valid(name, length))
		return false;
	bool has_star = (type[TYPE_FLAGS_AT] & FLAG_EXTRA_STAR) && name[0] == '*';
	if (has_star && length == 1)
		return false;
	ret->name = arena_substring(&image->arena, name + has_star, length - has_star);
	ret->kind = type[TYPE_KIND_AT] & KIND_MASK;
	return ret->name;
}

static bool find_type(struct image *image, uint64_t address, bool is_table, struct go_type *ret)
{
	uint64_t type = address;
	if (is_table && !read_at(image, address + TABLE_TYPE_AT, &type, sizeof(type)))
		return false;
	return read_type(image, type, ret);
}

static struct err *serve(struct image *image, struct wire *in, struct wire *out)
{
	struct go_type type = {0};
	uint64_t address = wire_take_u64(in);
	bool is_table = wire_take_bool(in);
	bool found = !in->bad && find_type(image, address, is_table, &type);
	wire_put_text(out, found ? type.name : NULL);
	wire_put_u8(out, type.kind);
	return NULL;
}

static bool ask(struct image *image, uint64_t address, bool is_table, struct go_type *ret)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	image_call_begin(image, serve, &request);
	wire_put_u64(&request, address);
	wire_put_u8(&request, is_table);
	struct err *e = image_call(image, &request, &answer);
	if (!e) {
		ret->name = wire_keep_text(&answer, &image->arena);
		ret->kind = wire_take_u8(&answer);
		e = image_call_end(image, &answer);
	}
	bool ok = !e && ret->name;
	err_free(e);
	return ok;
}

struct key {
	uint64_t address, is_table;
};

static const struct go_type *type_at(struct image *image, uint64_t address, bool is_table)
{
	const struct key key = {address, is_table};
	struct go_type type = {0};
	const uint64_t *known = name_map_find(&image->go_types, (const char *)&key, sizeof(key));
	if (known)
		return (const struct go_type *)(uintptr_t)*known;
	if (!image_has_memory(image, address))
		return NULL;
	bool found = image_is_elsewhere(image) ? ask(image, address, is_table, &type)
					       : find_type(image, address, is_table, &type);
	const struct go_type *ret = found ? arena_copy(&image->arena, &type, sizeof(type)) : NULL;
	const char *kept = arena_copy(&image->arena, &key, sizeof(key));
	if (kept)
		name_map_add(&image->go_types, kept, sizeof(key), (uint64_t)(uintptr_t)ret);
	return ret;
}

const struct go_type *image_go_type_at(struct image *image, uint64_t address)
{
	return type_at(image, address, false);
}

const struct go_type *image_go_table_at(struct image *image, uint64_t address)
{
	return type_at(image, address, true);
}
