/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/kernel_btf.h"

#include <errno.h>
#include <string.h>

#include <bpf/btf.h>

#include "common/cleanup.h"
#include "probe/kernel_btf_scan.h"

/* Structures in structures, modifiers in a row: the kernel has few, a broken file may have a
 * circle. */
#define DEPTH_MAX 64
#define KINDS_OF_STRUCTS                                                         \
	(1U << BTF_KIND_STRUCT | 1U << BTF_KIND_UNION | 1U << BTF_KIND_TYPEDEF | \
	 1U << BTF_KIND_ENUM | 1U << BTF_KIND_ENUM64)

struct extract {
	struct btf_file file;
	struct btf_scan scan;
	struct btf *made;
	uint32_t *ids; /* of the made type, by that of the file */
	/* Names of members and enumerators: hashed, with open places. */
	const char **kept;
	size_t n_places; /* a power of two */
};

/* --- what the object knows -------------------------------------------------------------------- */

static const char **place_of(const struct extract *extract, const char *name)
{
	uint32_t hash = 2166136261U; /* FNV-1a */
	for (const char *at = name; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619U;
	size_t i = hash & (extract->n_places - 1);
	while (extract->kept[i] && strcmp(extract->kept[i], name) != 0)
		i = (i + 1) & (extract->n_places - 1);
	return &extract->kept[i];
}

static bool is_kept(const struct extract *extract, const char *name)
{
	return *place_of(extract, name) != NULL;
}

/* As libbpf does: "task_struct___old" stands for task_struct. */
static size_t essential_length(const char *name)
{
	const char *flavour = strstr(name, "___");
	return flavour && flavour != name ? (size_t)(flavour - name) : strlen(name);
}

static void keep_name(struct extract *extract, const char *name)
{
	if (name && *name)
		*place_of(extract, name) = name;
}

static void keep_names(struct extract *extract, const struct btf *local,
		       const struct btf_type *type)
{
	for (__u32 i = 0; i < btf_vlen(type); i++) {
		__u32 name = btf_is_composite(type) ? btf_members(type)[i].name_off
			     : btf_is_enum(type)    ? btf_enum(type)[i].name_off
						    : btf_enum64(type)[i].name_off;
		keep_name(extract, btf__name_by_offset(local, name));
	}
}

static bool has_names(const struct btf_type *type)
{
	return btf_is_composite(type) || btf_is_any_enum(type);
}

static struct err *take_names(struct extract *extract, const struct btf *local)
{
	__u32 n_types = btf__type_cnt(local);
	size_t n_names = 0;
	for (__u32 id = 1; id < n_types; id++) {
		const struct btf_type *type = btf__type_by_id(local, id);
		n_names += has_names(type) ? btf_vlen(type) : 0;
	}
	for (extract->n_places = 64; extract->n_places < n_names * 2;)
		extract->n_places *= 2;
	extract->kept = calloc(extract->n_places, sizeof(*extract->kept));
	if (!extract->kept)
		return &err_nomem;
	for (__u32 id = 1; id < n_types; id++) {
		const struct btf_type *type = btf__type_by_id(local, id);
		const char *name = btf__name_by_offset(local, type->name_off);
		if (has_names(type))
			keep_names(extract, local, type);
		if (!(KINDS_OF_STRUCTS & 1U << btf_kind(type)) || !name || !*name)
			continue;
		if (!btf_scan_want(&extract->scan, name, essential_length(name), KINDS_OF_STRUCTS))
			return &err_nomem;
	}
	return NULL;
}

/* --- what is made ----------------------------------------------------------------------------- */

static const struct btf_type *type_of(const struct extract *extract, uint32_t id)
{
	return btf_file_type(&extract->file, id);
}

static const char *name_of(const struct extract *extract, uint32_t offset)
{
	return btf_file_text(&extract->file, offset);
}

/* Relocation looks through typedefs and modifiers, and so do we. */
static uint32_t plain_id(const struct extract *extract, uint32_t id)
{
	const struct btf_type *type = type_of(extract, id);
	for (int i = 0; type && i < DEPTH_MAX; i++) {
		if (!btf_is_mod(type) && !btf_is_typedef(type))
			break;
		id = type->type;
		type = type_of(extract, id);
	}
	return id;
}

static int make(struct extract *extract, uint32_t id, int depth);

/* The id of a member's type, made before; 0 (void) for what is not needed. */
static int made_id(const struct extract *extract, uint32_t id)
{
	id = plain_id(extract, id);
	return type_of(extract, id) ? (int)extract->ids[id] : 0;
}

static bool is_wanted(const struct extract *extract, uint32_t name_offset)
{
	const char *name = name_of(extract, name_offset);
	return !*name || is_kept(extract, name);
}

static int make_members(struct extract *extract, const struct btf_type *type)
{
	const struct btf_member *members = btf_members(type);
	int failed = 0;
	for (__u32 i = 0; !failed && i < btf_vlen(type); i++)
		if (is_wanted(extract, members[i].name_off))
			failed = btf__add_field(
				extract->made, name_of(extract, members[i].name_off),
				made_id(extract, members[i].type), btf_member_bit_offset(type, i),
				btf_member_bitfield_size(type, i));
	return failed;
}

static int make_struct(struct extract *extract, const struct btf_type *type, int depth)
{
	const struct btf_member *members = btf_members(type);
	int id = 0;
	for (__u32 i = 0; id >= 0 && i < btf_vlen(type); i++)
		if (is_wanted(extract, members[i].name_off))
			id = make(extract, members[i].type, depth - 1);
	if (id < 0)
		return id;
	const char *name = name_of(extract, type->name_off);
	id = btf_is_union(type) ? btf__add_union(extract->made, name, type->size)
				: btf__add_struct(extract->made, name, type->size);
	int failed = id > 0 ? make_members(extract, type) : 0;
	return failed ? failed : id;
}

static int make_enum(struct extract *extract, const struct btf_type *type)
{
	const char *name = name_of(extract, type->name_off);
	bool wide = btf_is_enum64(type);
	int id = wide ? btf__add_enum64(extract->made, name, type->size, btf_kflag(type))
		      : btf__add_enum(extract->made, name, type->size);
	int failed = 0;
	for (__u32 i = 0; id > 0 && !failed && i < btf_vlen(type); i++) {
		const struct btf_enum64 *wide_value = &btf_enum64(type)[i];
		const struct btf_enum *value = &btf_enum(type)[i];
		const char *text = name_of(extract, wide ? wide_value->name_off : value->name_off);
		if (!is_kept(extract, text))
			continue;
		failed = wide ? btf__add_enum64_value(extract->made, text,
						      btf_enum64_value(wide_value))
			      : btf__add_enum_value(extract->made, text, value->val);
	}
	return failed ? failed : id;
}

static int make_array(struct extract *extract, const struct btf_type *type, int depth)
{
	const struct btf_array *array = btf_array(type);
	int failed = make(extract, array->type, depth - 1);
	if (failed < 0)
		return failed;
	/* The type of its index is nobody's business. */
	return btf__add_array(extract->made, 0, made_id(extract, array->type), (int)array->nelems);
}

/* Makes a type once; a negative error. */
static int make(struct extract *extract, uint32_t id, int depth)
{
	id = plain_id(extract, id);
	const struct btf_type *type = type_of(extract, id);
	int made = 0;
	if (!type || extract->ids[id])
		return 0;
	if (!depth)
		return -ELOOP;
	if (btf_is_composite(type))
		made = make_struct(extract, type, depth);
	else if (btf_is_any_enum(type))
		made = make_enum(extract, type);
	else if (btf_is_array(type))
		made = make_array(extract, type, depth);
	else if (btf_is_ptr(type))
		made = btf__add_ptr(extract->made, 0);
	else if (btf_is_int(type))
		made = btf__add_int(extract->made, name_of(extract, type->name_off), type->size,
				    btf_int_encoding(type));
	if (made > 0)
		extract->ids[id] = (uint32_t)made;
	return made < 0 ? made : 0;
}

/* A structure that has no name but this one. */
static int make_typedef(struct extract *extract, const struct btf_type *type)
{
	int failed = make(extract, type->type, DEPTH_MAX);
	int made = failed ? failed
			  : btf__add_typedef(extract->made, name_of(extract, type->name_off),
					     made_id(extract, type->type));
	return made < 0 ? made : 0;
}

static struct err *make_all(struct extract *extract)
{
	extract->ids = calloc((size_t)extract->file.n_types + 1, sizeof(*extract->ids));
	extract->made = btf__new_empty();
	int failed = extract->ids && extract->made ? 0 : -ENOMEM;
	for (size_t i = 0; !failed && i < extract->scan.found.count; i++) {
		uint32_t id = extract->scan.found.items[i];
		const struct btf_type *type = type_of(extract, id);
		if (btf_is_typedef(type))
			failed = make_typedef(extract, type);
		else if (KINDS_OF_STRUCTS & 1U << btf_kind(type))
			failed = make(extract, id, DEPTH_MAX);
	}
	if (failed == -ENOMEM)
		return &err_nomem;
	return failed ? err_new(ERR_UNSUPPORTED, -failed, "the kernel's BTF cannot be read") : NULL;
}

/* --- all of it -------------------------------------------------------------------------------- */

static void extract_deinit(struct extract *extract)
{
	btf_file_deinit(&extract->file);
	btf_scan_deinit(&extract->scan);
	btf__free(extract->made);
	free(extract->ids);
	free(extract->kept);
}

static uint32_t count_arguments(const struct extract *extract, uint32_t id)
{
	const struct btf_type *type = type_of(extract, id);
	type = type && btf_is_typedef(type) ? type_of(extract, type->type) : NULL;
	type = type && btf_is_ptr(type) ? type_of(extract, type->type) : NULL;
	return type && btf_is_func_proto(type) ? btf_vlen(type) : 0;
}

struct err *kernel_btf_extract(const char *path, const struct btf *local,
			       struct kernel_btf_name *names, size_t count, void **ret,
			       size_t *ret_size)
{
	_cleanup_(extract_deinit) struct extract extract = {0};
	struct err *e = NULL;
	for (size_t i = 0; !e && i < count; i++)
		if (!btf_scan_want(&extract.scan, names[i].name, strlen(names[i].name),
				   1U << names[i].kind))
			e = &err_nomem;
	e = e ? e : take_names(&extract, local);
	e = e ? e : btf_file_open(path, &extract.file);
	e = e ? e : btf_file_scan(&extract.file, &extract.scan);
	e = e ? e : make_all(&extract);
	if (e)
		return e;
	for (size_t i = 0; i < count; i++) {
		names[i].id = extract.scan.wanted.items[i].id;
		names[i].arguments = count_arguments(&extract, names[i].id);
	}
	__u32 size = 0;
	const void *bytes = btf__raw_data(extract.made, &size);
	void *copy = bytes ? malloc(size) : NULL;
	if (!copy)
		return &err_nomem;
	*ret = memcpy(copy, bytes, size);
	*ret_size = size;
	return NULL;
}

struct err *kernel_btf_missing(void)
{
	struct err *e =
		err_why(err_new(ERR_UNSUPPORTED, 0, "this kernel cannot be traced"),
			"it has no BTF: " KERNEL_BTF_PATH " is missing (CONFIG_DEBUG_INFO_BTF)");
	return err_hint(e, "utrail needs Linux 5.10 or newer with BTF; see 'utrail check'");
}
