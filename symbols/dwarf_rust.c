/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rust's types that have another value and are shown as that: cells, locks, atomic and wrapped
 * numbers, what an Rc leads to; and texts of C. By the names that core, alloc and std have for
 * them, and for their members.
 */
#include <dwarf.h>
#include <string.h>

#include "symbols/dwarf_types.h"

struct wrapper {
	const char *name;
	const char *path; /* members, from one to the next */
	bool has_more;	  /* beside it: a lock's state, counters */
};

/* clang-format off */
static const struct wrapper wrappers[] = {
	{"UnsafeCell<", "value", false}, /* core/src/cell.rs */
	{"Cell<", "value.value", false},
	{"RefCell<", "value.value", true},
	{"OnceCell<", "inner.value", false},
	{"Mutex<", "data.value", true}, /* std/src/sync/poison */
	{"RwLock<", "data.value", true},
	{"Atomic<", "v.value", false}, /* core/src/sync/atomic.rs */
	{"AtomicBool", "v.value", false},
	{"AtomicI8", "v.value", false}, {"AtomicI16", "v.value", false},
	{"AtomicI32", "v.value", false}, {"AtomicI64", "v.value", false},
	{"AtomicU8", "v.value", false}, {"AtomicU16", "v.value", false},
	{"AtomicU32", "v.value", false}, {"AtomicU64", "v.value", false},
	{"AtomicIsize", "v.value", false}, {"AtomicUsize", "v.value", false},
	{"AtomicPtr<", "p.value", false},
	{"NonZero<", "__0.__0", false}, /* core/src/num */
	{"Wrapping<", "__0", false},
	{"Saturating<", "__0", false},
	{"Nanoseconds", "__0", false}, /* core/src/time.rs */
	{"Instant", "__0.t", false}, /* std/src/time.rs */
	{"SystemTime", "__0.t", false},
	{"BinaryHeap<", "data", false}, /* alloc/src/collections */
	{"RcInner<", "value", true}, /* alloc/src/rc.rs, sync.rs */
	{"RcBox<", "value", true},
	{"ArcInner<", "data", true},
};

/* Up to a NUL, which is part of their length. */
static const char *const c_texts[] = {
	"CString", "&core::ffi::c_str::CStr", "alloc::boxed::Box<core::ffi::c_str::CStr,",
};
/* clang-format on */

static bool name_fits(const char *name, const char *wanted)
{
	size_t length = strlen(wanted);
	return !strncmp(name, wanted, length) && (strpbrk(wanted, "<") || !name[length]);
}

/* Each is a member of the one before, and none below it. */
static const struct type *follow(const struct type *type, const char *path, uint32_t *ret_offset)
{
	uint32_t offset = 0;
	while (type && *path) {
		size_t length = strcspn(path, ".");
		const struct type *next = NULL;
		for (uint32_t i = 0; type->kind == TYPE_STRUCT && !next && i < type->n_members; i++)
			if (strlen(type->members[i].name) == length &&
			    !memcmp(type->members[i].name, path, length)) {
				next = type->members[i].type;
				offset += type->members[i].offset;
			}
		type = next;
		path += length + (path[length] == '.');
	}
	*ret_offset = offset;
	return type;
}

static bool keep(struct type_builder *builder, uint32_t data, const struct type *item,
		 struct type *type)
{
	const struct type_form form = {.kind = FORM_OWNER, .data = data, .item = item};
	type->form = arena_copy(&builder->info->arena, &form, sizeof(form));
	return type->form;
}

static bool find_wrapped(struct type_builder *builder, const struct wrapper *wrapper,
			 struct type *type)
{
	static const struct type flag = {.kind = TYPE_BOOL, .size = 1, .name = "bool"};
	uint32_t at;
	const struct type *item = follow(type, wrapper->path, &at);
	if (!item || !item->size || UINT64_C(0) + at + item->size > type->size ||
	    (!wrapper->has_more && item->size != type->size))
		return false;
	if (!strcmp(wrapper->name, "AtomicBool") && item->size == 1)
		item = &flag;
	return keep(builder, at, item, type);
}

/* An Rc or Arc of a text or a slice: behind its counters, whose structure says where. */
static bool find_counted(struct type_builder *builder, const char *name, struct type *type)
{
	bool is_arc = name_fits(name, "Arc<");
	uint32_t at, length;
	const struct type *data = dwarf_find_path(type, "data_ptr", true, &at);
	const struct type *number = dwarf_find_path(type, "length", false, &length);
	const struct type *inner = data ? data->target : NULL;
	if ((!is_arc && !name_fits(name, "Rc<")) || type->size != 16 || !inner || !number ||
	    number->size != 8 || inner->kind != TYPE_STRUCT)
		return false;
	uint32_t skip;
	const struct type *tail = follow(inner, is_arc ? "data" : "value", &skip);
	struct type_form form = {.kind = FORM_ITEMS, .data = at, .length = length};
	if (!tail || !skip || skip > UINT8_MAX)
		return false;
	form.skip = (uint8_t)skip;
	/* rustc gives it the type of an element. */
	const char *parameter = strchr(name, '<') + 1;
	form.item = tail->kind == TYPE_ARRAY && !tail->size ? tail->target : tail;
	if (!strncmp(parameter, "str,", 4)) {
		form.kind = FORM_TEXT;
		form.item = data;
	} else if (*parameter != '[') {
		return false;
	}
	if (!form.item || !form.item->size)
		return false;
	type->form = arena_copy(&builder->info->arena, &form, sizeof(form));
	return type->form;
}

bool dwarf_find_wrapped(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	static const struct type text = {.kind = TYPE_STRING, .size = 8, .name = "*const i8"};
	const char *name = dwarf_diename(die);
	uint32_t at;
	for (size_t i = 0; i < sizeof(wrappers) / sizeof(wrappers[0]); i++)
		if (name_fits(name, wrappers[i].name) && find_wrapped(builder, &wrappers[i], type))
			return true;
	if (find_counted(builder, name, type))
		return true;
	for (size_t i = 0; i < sizeof(c_texts) / sizeof(c_texts[0]); i++)
		if (name_fits(name, c_texts[i]) && dwarf_find_path(type, "data_ptr", true, &at))
			return keep(builder, at, &text, type);
	return false;
}
