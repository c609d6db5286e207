/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/btf_types.h"

#include <string.h>

#include <bpf/btf.h>

#include "common/array.h"
#include "kernel/point.h"

/* What of an unknown structure is copied, and how many of its members are shown. */
#define COPY_MAX    256
#define MEMBERS_MAX 12
/* Modifiers and typedefs in a row: BTF of a kernel has few, a broken one may have a circle. */
#define CHAIN_MAX 32
#define ENUM_MAX  512

/* Members that say which one it is; "." goes into a structure, also through a pointer. */
static const struct {
	const char *type, *name, *path;
} known_members[] = {
	{"task_struct", "pid", "pid"},
	{"task_struct", "tgid", "tgid"},
	{"task_struct", "comm", "comm"},
	{"qstr", "name", "name"},
	{"inode", "i_ino", "i_ino"},
	{"inode", "i_size", "i_size"},
	{"inode", "s_dev", "i_sb.s_dev"},
	{"inode", "s_id", "i_sb.s_id"},
	{"super_block", "s_id", "s_id"},
	{"super_block", "s_dev", "s_dev"},
	{"linux_binprm", "filename", "filename"},
	{"linux_binprm", "file", "file"},
	{"kiocb", "file", "ki_filp"},
	{"kiocb", "pos", "ki_pos"},
	{"vm_area_struct", "start", "vm_start"},
	{"vm_area_struct", "end", "vm_end"},
	{"vm_area_struct", "file", "vm_file"},
	{"filename", "name", "name"},
	{"net_device", "name", "name"},
	{"sk_buff", "len", "len"},
	{"sock", "skc_family", "__sk_common.skc_family"},
	{"sock", "skc_num", "__sk_common.skc_num"},
	{"sock", "skc_dport", "__sk_common.skc_dport"},
	{"sock", "skc_state", "__sk_common.skc_state"},
	{"cgroup", "name", "kn.name"},
	{"module", "name", "name"},
};

static const struct btf_type *plain_type(const struct btf *btf, __u32 id, __u32 *ret_id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	for (int i = 0; type && i < CHAIN_MAX; i++) {
		bool through = btf_is_mod(type) || btf_is_typedef(type) || btf_is_type_tag(type);
		if (!through)
			break;
		id = type->type;
		type = btf__type_by_id(btf, id);
	}
	if (ret_id)
		*ret_id = id;
	return type;
}

static const char *text_at(const struct btf *btf, __u32 offset)
{
	const char *text = btf__name_by_offset(btf, offset);
	return text ? text : "";
}

static bool is_char(const struct btf *btf, const struct btf_type *type)
{
	return type && btf_is_int(type) && type->size == 1 &&
	       strcmp(text_at(btf, type->name_off), "char") == 0;
}

const char *btf_type_text(struct arena *arena, const struct btf *btf, __u32 type_id)
{
	const struct btf_type *type = btf__type_by_id(btf, type_id);
	int pointers = 0;
	bool is_const = false;
	for (int i = 0; type && i < CHAIN_MAX; i++) {
		if (btf_is_ptr(type))
			pointers++;
		else if (btf_is_const(type))
			is_const = true;
		else if (!btf_is_mod(type) && !btf_is_type_tag(type))
			break;
		type = btf__type_by_id(btf, type->type);
	}
	const char *name = type ? text_at(btf, type->name_off) : "";
	const char *word = !type			     ? "void"
			   : btf_kind(type) == BTF_KIND_UNKN ? "void"
			   : btf_is_struct(type)	     ? "struct "
			   : btf_is_union(type)		     ? "union "
			   : btf_is_any_enum(type)	     ? "enum "
							     : "";
	return arena_printf(arena, "%s%s%s%s%.*s", is_const ? "const " : "", word, name,
			    pointers ? " " : "", pointers < 4 ? pointers : 4, "****");
}

/* --- scalars ---------------------------------------------------------------------------------- */

static void take_enumerators(struct arena *arena, const struct btf *btf,
			     const struct btf_type *btf_type, struct type *type)
{
	__u32 count = btf_vlen(btf_type) < ENUM_MAX ? btf_vlen(btf_type) : ENUM_MAX;
	struct enumerator *items = arena_array(arena, count ? count : 1, sizeof(*items));
	if (!items)
		return;
	for (__u32 i = 0; i < count; i++) {
		if (btf_is_enum64(btf_type)) {
			const struct btf_enum64 *from = &btf_enum64(btf_type)[i];
			items[i].name = arena_string(arena, text_at(btf, from->name_off));
			items[i].value = (int64_t)btf_enum64_value(from);
		} else {
			const struct btf_enum *from = &btf_enum(btf_type)[i];
			items[i].name = arena_string(arena, text_at(btf, from->name_off));
			items[i].value = from->val;
		}
	}
	type->enumerators = items;
	type->n_enumerators = count;
}

static bool fits_word(__u32 size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

/* Before pahole 1.24 nothing says that one is signed. */
static char enum_sign(const struct btf_type *from, const struct type *type)
{
	if (btf_kflag(from))
		return '-';
	for (uint32_t i = 0; i < type->n_enumerators; i++)
		if (type->enumerators[i].value < 0)
			return 0;
	return '+';
}

/* Numbers, enums and pointers; false: it is none. */
static bool take_scalar(struct arena *arena, const struct btf *btf, const struct btf_type *from,
			struct type *type)
{
	if (!from || btf_kind(from) == BTF_KIND_UNKN)
		return false;
	if (btf_is_ptr(from)) {
		type->size = 8;
		type->kind = is_char(btf, plain_type(btf, from->type, NULL)) ? TYPE_STRING
									     : TYPE_POINTER;
		return true;
	}
	if (!fits_word(from->size))
		return false;
	type->size = from->size;
	if (btf_is_any_enum(from)) {
		type->kind = TYPE_ENUM;
		take_enumerators(arena, btf, from, type);
		type->sign = enum_sign(from, type);
		return true;
	}
	if (!btf_is_int(from))
		return false;
	__u8 encoding = btf_int_encoding(from);
	type->kind = encoding & BTF_INT_BOOL	 ? TYPE_BOOL
		     : encoding & BTF_INT_SIGNED ? TYPE_INT
						 : TYPE_UINT;
	return true;
}

static bool take_text(const struct btf *btf, const struct btf_type *from, struct type *type,
		      struct type *element)
{
	if (!from || !btf_is_array(from))
		return false;
	const struct btf_array *array = btf_array(from);
	if (!is_char(btf, plain_type(btf, array->type, NULL)) || !array->nelems ||
	    array->nelems > COPY_MAX)
		return false;
	*element = (struct type){.kind = TYPE_CHAR, .size = 1, .name = "char"};
	type->kind = TYPE_ARRAY;
	type->size = type->n_members = array->nelems;
	type->target = element;
	return true;
}

/* The type of a value or member, NULL: it is no plain one. `*ret` NULL and an error: no memory. */
static struct err *plain_value_type(struct arena *arena, const struct btf *btf, __u32 id,
				    const struct type **ret)
{
	struct type *type = arena_alloc(arena, sizeof(*type));
	struct type *element = arena_alloc(arena, sizeof(*element));
	const struct btf_type *from = plain_type(btf, id, NULL);
	*ret = NULL;
	if (!type || !element)
		return &err_nomem;
	type->name = btf_type_text(arena, btf, id);
	if (!type->name)
		return &err_nomem;
	if (take_scalar(arena, btf, from, type) || take_text(btf, from, type, element))
		*ret = type;
	return NULL;
}

/* --- structures ------------------------------------------------------------------------------- */

/* Finds a member, in unnamed structures too. `*ret_bits`: where it starts. */
static const struct btf_member *find_member(const struct btf *btf, const struct btf_type *type,
					    const char *name, size_t length, int depth,
					    __u32 *ret_bits)
{
	if (!type || !btf_is_composite(type) || depth < 0)
		return NULL;
	const struct btf_member *members = btf_members(type);
	for (__u32 i = 0; i < btf_vlen(type); i++) {
		const char *found = text_at(btf, members[i].name_off);
		__u32 bits = btf_member_bit_offset(type, i), inner = 0;
		const struct btf_member *member = NULL;
		if (strlen(found) == length && memcmp(found, name, length) == 0)
			member = &members[i];
		else if (!*found)
			member = find_member(btf, plain_type(btf, members[i].type, NULL), name,
					     length, depth - 1, &inner);
		if (!member)
			continue;
		*ret_bits = bits + inner;
		return member;
	}
	return NULL;
}

/* Operations from the structure's address in the accumulator to the member's. False: this kernel
 * has no such member, or it is a bit-field. */
static bool follow_path(const struct btf *btf, const struct btf_type *type, const char *path,
			struct fetch_source *source, __u32 *ret_type)
{
	__u32 offset = 0;
	while (*path) {
		size_t length = strcspn(path, ".");
		__u32 bits;
		const struct btf_member *member = find_member(btf, type, path, length, 4, &bits);
		if (!member || bits % 8 || source->n_ops + 3 > FETCH_SOURCE_OPS)
			return false;
		offset += bits / 8;
		*ret_type = member->type;
		path += length + (path[length] == '.');
		type = plain_type(btf, member->type, NULL);
		if (!*path || !type || !btf_is_ptr(type))
			continue;
		source->ops[source->n_ops++] = (struct fetch_op){.code = FETCH_ADD, .imm = offset};
		source->ops[source->n_ops++] = (struct fetch_op){.code = FETCH_DEREF, .size = 8};
		offset = 0;
		type = plain_type(btf, type->type, NULL);
	}
	source->ops[source->n_ops++] = (struct fetch_op){.code = FETCH_ADD, .imm = offset};
	source->is_address = true;
	return true;
}

/* Names of files are `const unsigned char *`, which elsewhere is a buffer without an end. */
static bool points_to_bytes(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = plain_type(btf, id, NULL);
	type = type && btf_is_ptr(type) ? plain_type(btf, type->type, NULL) : NULL;
	return type && btf_is_int(type) && type->size == 1;
}

/* A pointer that was added last leads to what a path can be told of. */
static void add_member_path(struct plan_builder *builder, const struct btf *btf, __u32 id)
{
	const struct btf_type *type = plain_type(btf, id, NULL);
	type = type && btf_is_ptr(type) ? plain_type(btf, type->type, NULL) : NULL;
	if (type && btf_is_struct(type))
		point_add_path(builder, text_at(btf, type->name_off));
}

/* One member as a value of its own, taken from the builder's list again. */
static struct err *add_known_member(struct plan_builder *builder, const struct btf *btf,
				    const struct btf_type *type, size_t row,
				    const struct fetch_source *pointer, struct value *ret,
				    bool *ret_found)
{
	static const struct type text = {.kind = TYPE_STRING, .size = 8, .name = "const char *"};
	static const struct type device = {
		.kind = TYPE_DEVICE, .size = 4, .name = "dev_t", .of_kernel = true};
	struct fetch_source source = *pointer;
	const struct type *shown = NULL;
	__u32 id = 0;
	*ret_found = false;
	if (!follow_path(btf, type, known_members[row].path, &source, &id))
		return NULL;
	struct err *e = plain_value_type(builder->arena, btf, id, &shown);
	if (e || !shown)
		return e;
	if (strcmp(known_members[row].name, "name") == 0 && points_to_bytes(btf, id))
		shown = &text;
	else if (strcmp(known_members[row].name, "s_dev") == 0)
		shown = &device;
	e = plan_add_value(builder, known_members[row].name, shown, &source, NULL);
	if (e)
		return e;
	add_member_path(builder, btf, id);
	*ret = builder->values.items[--builder->values.count];
	*ret_found = true;
	return NULL;
}

static struct err *add_known_members(struct plan_builder *builder, const struct btf *btf,
				     const struct btf_type *type,
				     const struct fetch_source *pointer, struct value *value,
				     struct type *target)
{
	const char *name = text_at(btf, type->name_off);
	struct value *members =
		arena_array(builder->arena, array_size(known_members), sizeof(*members));
	if (!members)
		return &err_nomem;
	size_t count = 0;
	for (size_t i = 0; i < array_size(known_members); i++) {
		bool found = false;
		if (strcmp(known_members[i].type, name) != 0)
			continue;
		struct err *e =
			add_known_member(builder, btf, type, i, pointer, &members[count], &found);
		if (e)
			return e;
		count += found;
	}
	if (!count)
		return NULL;
	target->abbreviated = true;
	value->members = members;
	value->n_members = count;
	return NULL;
}

/* The plain members among the first bytes, as one copy. */
static struct err *first_members(struct arena *arena, const struct btf *btf,
				 const struct btf_type *from, struct type *target)
{
	struct type_member *members = arena_array(arena, MEMBERS_MAX, sizeof(*members));
	if (!members)
		return &err_nomem;
	const struct btf_member *all = btf_members(from);
	for (__u32 i = 0; i < btf_vlen(from); i++) {
		const struct type *shown;
		const char *name = text_at(btf, all[i].name_off);
		__u32 bits = btf_member_bit_offset(from, i);
		bool is_plain = *name && !btf_member_bitfield_size(from, i) && bits % 8 == 0;
		struct err *e = plain_value_type(arena, btf, all[i].type, &shown);
		if (e)
			return e;
		/* What a text pointer inside leads to would be one more slot. */
		if (!is_plain || !shown || bits / 8 + shown->size > COPY_MAX ||
		    target->n_members == MEMBERS_MAX || shown->kind == TYPE_STRING) {
			target->abbreviated = true;
			continue;
		}
		members[target->n_members++] = (struct type_member){
			.name = arena_string(arena, name), .type = shown, .offset = bits / 8};
	}
	target->members = members;
	target->size = from->size < COPY_MAX ? from->size : COPY_MAX;
	return NULL;
}

static bool is_known_structure(const char *name)
{
	for (size_t i = 0; i < array_size(known_members); i++)
		if (strcmp(known_members[i].type, name) == 0)
			return true;
	return false;
}

static struct err *add_struct_pointer(struct plan_builder *builder, const struct btf *btf,
				      const char *name, __u32 pointer_id,
				      const struct btf_type *from,
				      const struct fetch_source *source)
{
	struct type *pointer = arena_alloc(builder->arena, sizeof(*pointer));
	struct type *target = arena_alloc(builder->arena, sizeof(*target));
	if (!pointer || !target)
		return &err_nomem;
	*target = (struct type){.kind = TYPE_STRUCT,
				.name = arena_string(builder->arena, text_at(btf, from->name_off))};
	*pointer = (struct type){.kind = TYPE_POINTER,
				 .size = 8,
				 .name = btf_type_text(builder->arena, btf, pointer_id)};
	if (!target->name || !pointer->name)
		return &err_nomem;
	if (point_is_path(target->name)) {
		struct err *e = plan_add_value(builder, name, pointer, source, NULL);
		if (!e)
			point_add_path(builder, target->name);
		return e;
	}
	bool known = is_known_structure(target->name);
	struct err *e = known ? NULL : first_members(builder->arena, btf, from, target);
	if (!known && target->n_members)
		pointer->target = target;
	e = e ? e : plan_add_value(builder, name, pointer, source, NULL);
	if (e || !known || builder->values.items[builder->values.count - 1].slot < 0)
		return e;
	struct value value = builder->values.items[builder->values.count - 1];
	builder->values.count--;
	e = add_known_members(builder, btf, from, source, &value, target);
	pointer->target = value.n_members ? target : NULL;
	builder->values.items[builder->values.count++] = value;
	return e;
}

struct err *btf_add_value(struct plan_builder *builder, const struct btf *btf, const char *name,
			  __u32 type_id, const struct fetch_source *source)
{
	static const struct type opaque = {.kind = TYPE_HEX, .size = 8, .name = "?"};
	const struct btf_type *type = plain_type(btf, type_id, NULL);
	const struct type *shown = NULL;
	name = arena_string(builder->arena, name);
	if (!name)
		return &err_nomem;
	if (type && btf_is_ptr(type) && builder->options.depth) {
		const struct btf_type *target = plain_type(btf, type->type, NULL);
		if (target && btf_is_struct(target) && btf_vlen(target))
			return add_struct_pointer(builder, btf, name, type_id, target, source);
	}
	struct err *e = plain_value_type(builder->arena, btf, type_id, &shown);
	return e ? e : plan_add_value(builder, name, shown ? shown : &opaque, source, NULL);
}
