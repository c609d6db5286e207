/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings, containers and owning pointers of standard libraries, known by the name of the type and
 * by the names of members somewhere inside of it, as the libraries' own source has them.
 */
#include <dwarf.h>
#include <string.h>

#include "symbols/dwarf_types.h"

enum language {
	CXX,
	RUST,
	GO,
};

/* Of several rules that fit a name, the first counts whose members are there. */
struct rule {
	enum language language;
	const char *name; /* up to a '<' or a blank behind it */
	enum form_kind kind;
	const char *data, *length; /* members; length NULL: see length_before */
	uint8_t length_before;
	bool has_short;
};

/* clang-format off */
static const struct rule rules[] = {
	/* libstdc++: bits/basic_string.h, string_view, stl_vector.h, unique_ptr.h, shared_ptr_base.h, optional */
	{CXX, "basic_string<", FORM_TEXT, "_M_p", "_M_string_length", 0, false},
	{CXX, "basic_string<", FORM_TEXT, "_M_p", NULL, 24, false}, /* bits/cow_string.h: struct _Rep_base */
	{CXX, "basic_string_view<", FORM_TEXT, "_M_str", "_M_len", 0, false},
	{CXX, "vector<bool", FORM_BITS, "_M_start._M_p", "_M_finish._M_p", 0, false}, /* bits/stl_bvector.h */
	{CXX, "vector<", FORM_RANGE, "_M_start", "_M_finish", 0, false},
	{CXX, "span<", FORM_ITEMS, "_M_ptr", "_M_extent_value", 0, false},
	{CXX, "unique_ptr<", FORM_OWNER, "_M_head_impl", NULL, 0, false},
	{CXX, "shared_ptr<", FORM_OWNER, "_M_ptr", NULL, 0, false},
	{CXX, "optional<", FORM_OPTIONAL, "_M_value", "_M_engaged", 0, false},
	{CXX, "array<", FORM_OWNER, "_M_elems", NULL, 0, false},
	{CXX, "atomic<", FORM_OWNER, "_M_i", NULL, 0, false}, /* atomic, bits/atomic_base.h */
	{CXX, "atomic<", FORM_OWNER, "_M_p", NULL, 0, false},
	{CXX, "duration<", FORM_OWNER, "__r", NULL, 0, false}, /* bits/chrono.h */
	{CXX, "time_point<", FORM_OWNER, "__d.__r", NULL, 0, false},
	{CXX, "reference_wrapper<", FORM_OWNER, "_M_data", NULL, 0, false},
	{CXX, "path", FORM_OWNER, "_M_pathname", NULL, 0, false}, /* bits/fs_path.h */
	{CXX, "complex<", FORM_OWNER, "_M_value", NULL, 0, false},
	{CXX, "initializer_list<", FORM_ITEMS, "_M_array", "_M_len", 0, false},
	{CXX, "valarray<", FORM_ITEMS, "_M_data", "_M_size", 0, false},
	{CXX, "stack<", FORM_OWNER, "c", NULL, 0, false},
	{CXX, "queue<", FORM_OWNER, "c", NULL, 0, false},
	{CXX, "priority_queue<", FORM_OWNER, "c", NULL, 0, false},
	/* libc++: string, string_view, vector, span, __memory/unique_ptr.h, __memory/shared_ptr.h, optional */
	{CXX, "basic_string<", FORM_TEXT, "__l.__data_", "__l.__size_", 0, true},
	{CXX, "basic_string_view<", FORM_TEXT, "__data", "__size", 0, false},
	{CXX, "basic_string_view<", FORM_TEXT, "__data_", "__size_", 0, false},
	{CXX, "vector<bool", FORM_BITS, "__begin_", "__size_", 0, false},
	{CXX, "vector<", FORM_RANGE, "__begin_", "__end_", 0, false},
	{CXX, "span<", FORM_ITEMS, "__data_", "__size_", 0, false},
	{CXX, "span<", FORM_ITEMS, "__data", "__size", 0, false},
	{CXX, "unique_ptr<", FORM_OWNER, "__ptr_.__value_", NULL, 0, false},
	{CXX, "unique_ptr<", FORM_OWNER, "__ptr_", NULL, 0, false},
	{CXX, "shared_ptr<", FORM_OWNER, "__ptr_", NULL, 0, false},
	{CXX, "optional<", FORM_OPTIONAL, "__val_", "__engaged_", 0, false},
	{CXX, "array<", FORM_OWNER, "__elems_", NULL, 0, false},
	{CXX, "atomic<", FORM_OWNER, "__a_value", NULL, 0, false}, /* __atomic/cxx_atomic_impl.h */
	{CXX, "duration<", FORM_OWNER, "__rep_", NULL, 0, false},
	{CXX, "time_point<", FORM_OWNER, "__d_.__rep_", NULL, 0, false},
	{CXX, "reference_wrapper<", FORM_OWNER, "__f_", NULL, 0, false},
	{CXX, "path", FORM_OWNER, "__pn_", NULL, 0, false},
	{CXX, "initializer_list<", FORM_ITEMS, "__begin_", "__size_", 0, false},
	{CXX, "valarray<", FORM_RANGE, "__begin_", "__end_", 0, false},
	/* Rust: core and alloc */
	{RUST, "&str", FORM_TEXT, "data_ptr", "length", 0, false},
	{RUST, "&mut str", FORM_TEXT, "data_ptr", "length", 0, false},
	{RUST, "String", FORM_TEXT, "pointer", "len", 0, false},
	{RUST, "alloc::boxed::Box<str,", FORM_TEXT, "data_ptr", "length", 0, false},
	{RUST, "&std::path::Path", FORM_TEXT, "data_ptr", "length", 0, false},
	{RUST, "alloc::boxed::Box<std::path::Path,", FORM_TEXT, "data_ptr", "length", 0, false},
	{RUST, "PathBuf", FORM_TEXT, "pointer", "len", 0, false},
	{RUST, "&std::ffi::os_str::OsStr", FORM_TEXT, "data_ptr", "length", 0, false},
	{RUST, "alloc::boxed::Box<std::ffi::os_str::OsStr,", FORM_TEXT, "data_ptr", "length", 0, false},
	{RUST, "OsString", FORM_TEXT, "pointer", "len", 0, false},
	{RUST, "alloc::boxed::Box<[", FORM_ITEMS, "data_ptr", "length", 0, false},
	{RUST, "&[", FORM_ITEMS, "data_ptr", "length", 0, false},
	{RUST, "&mut [", FORM_ITEMS, "data_ptr", "length", 0, false},
	{RUST, "Vec<", FORM_ITEMS, "pointer", "len", 0, false},
	{RUST, "Rc<", FORM_OWNER, "pointer", NULL, 0, false},
	{RUST, "Arc<", FORM_OWNER, "pointer", NULL, 0, false},
	{RUST, "HashMap<", FORM_COUNT, NULL, "items", 0, false},
	{RUST, "HashSet<", FORM_COUNT, NULL, "items", 0, false},
	{RUST, "BTreeMap<", FORM_COUNT, NULL, "length", 0, false},
	{RUST, "BTreeSet<", FORM_COUNT, NULL, "length", 0, false},
	{RUST, "VecDeque<", FORM_COUNT, NULL, "len", 0, false},
	{RUST, "LinkedList<", FORM_COUNT, NULL, "len", 0, false},
	/* Go: runtime/map.go, internal/runtime/maps/map.go (1.24); runtime/string.go, runtime/slice.go */
	{GO, "hash<", FORM_COUNT, NULL, "count", 0, false},
	{GO, "map<", FORM_COUNT, NULL, "used", 0, false},
	{GO, "string", FORM_TEXT, "str", "len", 0, false},
	{GO, "[]", FORM_ITEMS, "array", "len", 0, false},
	/* of a generic function, for all types of that shape; up to Go 1.19 with a number */
	{GO, "go.shape.string", FORM_TEXT, "str", "len", 0, false},
	{GO, "go.shape.string_0", FORM_TEXT, "str", "len", 0, false},
	{GO, "go.shape.[]", FORM_ITEMS, "array", "len", 0, false},
};
/* clang-format on */

/* Structures in structures, and members looked at in all. */
#define NESTING_MAX 12
#define MEMBERS_MAX 256

/* Of what is neither, C++'s: its types are known by name and members, and C has none of these. */
static bool find_language(Dwarf_Die *die, enum language *ret)
{
	Dwarf_Die unit;
	if (!dwarf_diecu(die, &unit, NULL, NULL))
		return false;
	int language = dwarf_srclang(&unit);
	*ret = language == DW_LANG_Rust ? RUST : language == DW_LANG_Go ? GO : CXX;
	return true;
}

static bool name_fits(const char *name, const char *wanted)
{
	size_t length = strlen(wanted);
	if (strncmp(name, wanted, length) != 0)
		return false;
	if (strpbrk(wanted, "<["))
		return true;
	return !name[length];
}

/* Adapters of the library have one of its containers. */
static bool is_own(const struct rule *rule, const char *name)
{
	return !rule->data || strcmp(rule->data, "c") != 0 || strstr(name, ", std::");
}

struct search {
	const char *name;
	size_t length;
	bool pointers; /* nothing else is meant */
	int budget;
	const struct type *type;
	uint64_t offset;
};

static bool is_pointer(const struct type *type)
{
	return (type->kind == TYPE_POINTER || type->kind == TYPE_STRING) && type->size == 8;
}

static bool is_meant(const struct search *search, const struct type_member *member)
{
	/* In a tuple it has no name any more: dwarf_tuple.c */
	const char *name = *member->name ? member->name : "_M_head_impl";
	return !member->bit_size && strlen(name) == search->length &&
	       !memcmp(name, search->name, search->length) &&
	       (!search->pointers || is_pointer(member->type));
}

static bool find_member(struct search *search, const struct type *type, uint64_t base, int nesting)
{
	if (type->kind != TYPE_STRUCT || nesting > NESTING_MAX)
		return false;
	for (uint32_t i = 0; i < type->n_members && search->budget > 0; i++) {
		const struct type_member *member = &type->members[i];
		search->budget--;
		search->type = member->type;
		search->offset = base + member->offset;
		if (is_meant(search, member))
			return true;
		if (find_member(search, member->type, base + member->offset, nesting + 1))
			return true;
	}
	return false;
}

/* "a.b": a member b somewhere below a member a. */
const struct type *dwarf_find_path(const struct type *type, const char *path, bool is_address,
				   uint32_t *ret_offset)
{
	struct search search = {.type = type, .budget = MEMBERS_MAX};
	do {
		search.name = path;
		search.length = strcspn(path, ".");
		path += search.length + (path[search.length] == '.');
		search.pointers = is_address && !*path;
		if (!find_member(&search, search.type, search.offset, 0))
			return NULL;
	} while (*path);
	if (search.offset + search.type->size > type->size || search.offset > UINT32_MAX)
		return NULL;
	*ret_offset = (uint32_t)search.offset;
	return search.type;
}

static const struct type *item_of(struct type_builder *builder, Dwarf_Die *die,
				  const struct rule *rule, const struct type *data)
{
	static const struct type char_type = {.kind = TYPE_CHAR, .size = 1, .name = "char"};
	if (rule->kind == FORM_OWNER || rule->kind == FORM_OPTIONAL || rule->kind == FORM_TEXT)
		return data;
	/* A vector's elements are told by a parameter of the type alone. */
	if (rule->language == RUST && !strcmp(rule->name, "Vec<"))
		return dwarf_type_parameter(builder, die, 0);
	return data->kind == TYPE_STRING ? &char_type : data->target;
}

/* Is behind the end, or the number, what must be there? */
static bool fits_bits(const struct type *type, const struct type_form *form,
		      const struct type *length)
{
	uint32_t at, last;
	if (form->data + UINT64_C(8) > form->length || form->length + UINT64_C(24) > type->size)
		return length && length->kind == TYPE_UINT && length->size == 8 &&
		       form->data + UINT64_C(8) == form->length &&
		       form->length + TYPE_BITS_ROOM + UINT64_C(8) == type->size;
	return length && is_pointer(length) &&
	       dwarf_find_path(type, "_M_end_of_storage", true, &at) &&
	       at == form->length + TYPE_BITS_END &&
	       dwarf_find_path(type, "_M_finish._M_offset", false, &last) &&
	       last == form->length + TYPE_BITS_LAST;
}

/* Of C++, only characters make a text: there may be a string of numbers. */
static bool is_text(const struct rule *rule, const struct type *data)
{
	return is_pointer(data) &&
	       (rule->language != CXX || data->kind == TYPE_STRING || type_wide_target(data));
}

/* As what an Rc or Arc of a `dyn Trait` has: output/go_value.c shows it. */
static bool is_dyn(const struct rule *rule, const struct type *data)
{
	return rule->language == RUST && data->kind == TYPE_STRUCT && data->size == 16 &&
	       data->n_members == 2 && !strcmp(data->members[1].name, "vtable");
}

/* It has a value of any type, and no more. */
static bool is_holder(const struct rule *rule)
{
	static const char *const names[] = {"atomic<", "duration<", "time_point<", "complex<"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(rule->name, names[i]))
			return true;
	return false;
}

/* It has a container or a text, and no more to show: the member's name is anybody's. */
static bool is_adapter(const struct rule *rule)
{
	return !strcmp(rule->data, "c") || !strcmp(rule->name, "path");
}

static bool fits(const struct rule *rule, const struct type *data, const struct type *length)
{
	bool is_number = length && (length->kind == TYPE_UINT || length->kind == TYPE_INT);
	switch (rule->kind) {
	case FORM_TEXT:
		return is_text(rule, data) &&
		       (rule->length_before || (is_number && length->size == 8));
	case FORM_ITEMS:
		return is_pointer(data) && is_number && length->size == 8;
	case FORM_RANGE:
		return is_pointer(data) && length && is_pointer(length);
	case FORM_OWNER:
		if (is_adapter(rule))
			return data->kind == TYPE_STRUCT && data->form;
		return is_pointer(data) || data->kind == TYPE_ARRAY || is_dyn(rule, data) ||
		       is_holder(rule);
	case FORM_BITS:
		return is_pointer(data) && length;
	case FORM_VARIANTS:
	case FORM_COUNT:
	case FORM_NODES:
	case FORM_BIT_SET:
	case FORM_WEAK:
		break;
	case FORM_OPTIONAL:
		return length && length->kind == TYPE_BOOL && length->size == 1;
	}
	return false;
}

/* Only how many there are is told. */
static bool apply_count(struct type_builder *builder, const struct rule *rule, struct type *type)
{
	struct arena *arena = &builder->info->arena;
	struct type_form form = {.kind = FORM_COUNT};
	int length = (int)strcspn(rule->name, "<");
	form.item = dwarf_find_path(type, rule->length, false, &form.length);
	if (!form.item || (form.item->kind != TYPE_UINT && form.item->kind != TYPE_INT) ||
	    form.item->size != 8)
		return false;
	form.none = arena_printf(arena, "%.*s", length, rule->language == GO ? "map" : rule->name);
	type->form = form.none ? arena_copy(arena, &form, sizeof(form)) : NULL;
	return type->form;
}

static bool apply(struct type_builder *builder, Dwarf_Die *die, const struct rule *rule,
		  struct type *type)
{
	if (rule->kind == FORM_COUNT)
		return apply_count(builder, rule, type);
	struct type_form form = {.kind = rule->kind,
				 .length_before = rule->length_before,
				 .has_short = rule->has_short,
				 .none = rule->kind == FORM_BITS ? "std::vector" : "nullopt"};
	const struct type *length = NULL, *data;
	bool is_pointer_meant = rule->kind != FORM_OPTIONAL && !strstr(rule->data, "_elems") &&
				!is_holder(rule) && !is_adapter(rule) &&
				!(rule->language == RUST && type->size == 16);
	data = dwarf_find_path(type, rule->data, is_pointer_meant, &form.data);
	if (rule->length)
		length =
			dwarf_find_path(type, rule->length, rule->kind == FORM_RANGE, &form.length);
	if (!data || (rule->length && !length) || !fits(rule, data, length))
		return false;
	/* With its address in front: _LIBCPP_ABI_ALTERNATE_STRING_LAYOUT, as Chromium has it. */
	if (rule->has_short &&
	    (type->size != 24 || form.length != 8 || (form.data != 16 && form.data != 0)))
		return false;
	if (rule->kind == FORM_BITS && !fits_bits(type, &form, length))
		return false;
	form.item = rule->kind == FORM_BITS ? length : item_of(builder, die, rule, data);
	if (!form.item || (rule->kind != FORM_OPTIONAL && !form.item->size))
		return false;
	type->form = arena_copy(&builder->info->arena, &form, sizeof(form));
	return type->form;
}

/* DW_AT_go_kind of Go's linker (cmd/internal/dwarf/dwarf.go), and reflect.Kind. */
#define AT_GO_KIND  0x2900
#define KIND_SLICE  23
#define KIND_STRING 24

/* The name of a type that the program has called something else: type name string. */
static const char *kind_name(Dwarf_Die *die, const char *name)
{
	switch (dwarf_info_number(die, AT_GO_KIND)) {
	case KIND_SLICE:
		return "[]";
	case KIND_STRING:
		return "string";
	default:
		return name;
	}
}

void dwarf_find_form(struct type_builder *builder, Dwarf_Die *die, struct type *type)
{
	const char *name = dwarf_library_name(die, type);
	enum language language;
	if (!name || builder->tags || !type->n_members || !find_language(die, &language))
		return;
	if (language == GO)
		name = kind_name(die, name);
	if (language == CXX && dwarf_find_sized(builder, die, type))
		return;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (name_fits(name, rules[i].name) && is_own(&rules[i], name) &&
		    language == rules[i].language && apply(builder, die, &rules[i], type))
			return;
	if (language == RUST)
		dwarf_find_wrapped(builder, die, type);
	if (language != CXX)
		return;
	if (!dwarf_find_nodes(builder, die, type) && !dwarf_find_libcxx_nodes(builder, die, type))
		dwarf_find_count(builder, die, type);
	dwarf_find_alternatives(builder, die, type);
	dwarf_find_tuple(builder, die, type);
}
