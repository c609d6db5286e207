/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/offsets.h"

#include <string.h>

#include <bpf/btf.h>

#include "common/cleanup.h"
#include "probe/kernel_btf.h"

static const struct btf_type *plain_type(const struct btf *btf, __u32 id, __u32 *ret_id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	while (type && (btf_is_mod(type) || btf_is_typedef(type))) {
		id = type->type;
		type = btf__type_by_id(btf, id);
	}
	if (ret_id)
		*ret_id = id;
	return type;
}

/* Looks into anonymous structures and unions, too: d_name of 6.17 is in one. `depth` is how far. */
static bool find_member(const struct btf *btf, __u32 type_id, const char *name, int depth,
			__u32 *ret_bytes, __u32 *ret_type)
{
	const struct btf_type *type = plain_type(btf, type_id, NULL);
	if (!type || !btf_is_composite(type) || depth < 0)
		return false;
	const struct btf_member *members = btf_members(type);
	for (__u32 i = 0; i < btf_vlen(type); i++) {
		const char *found = btf__name_by_offset(btf, members[i].name_off);
		__u32 bytes = btf_member_bit_offset(type, i) / 8, inner;
		if (found && *found) {
			if (strcmp(found, name) != 0)
				continue;
			*ret_bytes = bytes;
			*ret_type = members[i].type;
			return true;
		}
		if (find_member(btf, members[i].type, name, depth - 1, &inner, ret_type)) {
			*ret_bytes = bytes + inner;
			return true;
		}
	}
	return false;
}

static bool find_wanted(const struct btf *btf, const struct offset_wanted *wanted, __u32 *ret)
{
	__s32 id = btf__find_by_name_kind(btf, wanted->type, BTF_KIND_STRUCT);
	__u32 inner = 0, type;
	if (id >= 0 && !wanted->member) {
		*ret = btf__type_by_id(btf, (__u32)id)->size;
		return true;
	}
	if (id < 0 || !find_member(btf, (__u32)id, wanted->member, 4, ret, &type))
		return false;
	if (wanted->inner && !find_member(btf, type, wanted->inner, 4, &inner, &type))
		return false;
	*ret += inner;
	return true;
}

/* The names of what is wanted, as an object would have them: see kernel_btf_extract(). */
static struct btf *name_wanted(const struct offset_wanted *wanted, size_t count)
{
	struct btf *local = btf__new_empty();
	int id = local ? btf__add_int(local, "int", 4, BTF_INT_SIGNED) : -1;
	bool failed = id < 0;
	for (size_t i = 0; !failed && i < count; i++) {
		failed = btf__add_struct(local, wanted[i].type, 0) < 0;
		if (!failed && wanted[i].member)
			failed = btf__add_field(local, wanted[i].member, id, 0, 0) < 0;
		if (!failed && wanted[i].inner)
			failed = btf__add_field(local, wanted[i].inner, id, 0, 0) < 0;
	}
	if (!failed)
		return local;
	btf__free(local);
	return NULL;
}

/* All of the kernel's BTF takes libbpf longer than the rest of a start. */
static struct btf *load_wanted(const struct offset_wanted *wanted, size_t count)
{
	struct btf *local = name_wanted(wanted, count), *btf = NULL;
	_cleanup_free_ void *bytes = NULL;
	size_t size = 0;
	struct err *e = local ? kernel_btf_extract(KERNEL_BTF_PATH, local, NULL, 0, &bytes, &size)
			      : &err_nomem;
	if (!e)
		btf = btf__new(bytes, (__u32)size);
	err_free(e);
	btf__free(local);
	return btf;
}

struct err *offsets_find(const struct offset_wanted *wanted, size_t count, const char *what,
			 const char *option, void *ret)
{
	struct btf *btf = load_wanted(wanted, count);
	const struct offset_wanted *missing = NULL;
	for (size_t i = 0; btf && !missing && i < count; i++)
		if (!find_wanted(btf, &wanted[i], (__u32 *)((char *)ret + wanted[i].place)) &&
		    !wanted[i].is_optional)
			missing = &wanted[i];
	btf__free(btf);
	if (btf && !missing)
		return NULL;
	struct err *e = err_new(ERR_UNSUPPORTED, 0, "this kernel does not tell %s", what);
	e = missing ? err_why(e, "its BTF has no %s.%s", missing->type,
			      missing->member ? missing->member : "size")
		    : err_why(e, "its BTF cannot be read");
	return err_hint(e, "leave out %s", option);
}
