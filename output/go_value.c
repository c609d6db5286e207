/* SPDX-License-Identifier: Apache-2.0 */
#include "output/go_value.h"

#include <string.h>

#include "common/array.h"
#include "symbols/symbols.h"

bool go_is_results(const struct shown *shown)
{
	return shown->kind == SHOWN_STRUCT && shown->type && type_is_go_results(shown->type);
}

bool go_is_unnamed(const char *name)
{
	return name[0] == 'r' && name[1] && !name[1 + strspn(name + 1, "0123456789")];
}

/* struct iface and struct eface in runtime/runtime2.go: the two words. */
static bool take_words(const struct shown_scope *scope, const struct shown *shown,
		       bool *ret_has_tab, struct shown *word, struct shown *data)
{
	const char *name;
	if (shown->kind != SHOWN_STRUCT || shown->count != 2 || shown->is_variant)
		return false;
	shown_part(scope, shown, 0, word, &name);
	*ret_has_tab = !strcmp(name, "tab");
	if (!*ret_has_tab && strcmp(name, "_type") != 0)
		return false;
	shown_part(scope, shown, 1, data, &name);
	return !strcmp(name, "data");
}

/* The number of a pointer that is one of two words, whatever is shown of it. */
static void take_pointer(const struct shown *shown, uint32_t index, struct shown *ret)
{
	uint64_t bits;
	const char *why;
	if (ret->kind == SHOWN_HEX || ret->kind == SHOWN_NULL)
		return;
	/* Of an element of an array the bytes are there. */
	if (!shown->members && shown->bytes && shown->length >= 2 * sizeof(bits))
		memcpy(&bits, shown->bytes + index * sizeof(bits), sizeof(bits));
	else if (!shown->members ||
		 !value_scalar(&shown->members[index], shown->slots, &bits, &why))
		return shown_unavailable(ret, "not recorded");
	shown_raw_pointer(ret, bits);
}

/* A `dyn Trait` of Rust: where it is, and its vtable, of whose type there is no more to see. */
static bool find_dyn(const struct shown_scope *scope, const struct shown *shown,
		     struct go_interface *ret)
{
	struct shown table;
	const char *name;
	uint64_t address;
	if (shown->kind != SHOWN_STRUCT || shown->count != 2 || shown->is_variant)
		return false;
	shown_part(scope, shown, 0, &ret->data, &name);
	if (strcmp(name, "pointer") != 0)
		return false;
	shown_part(scope, shown, 1, &table, &name);
	if (strcmp(name, "vtable") != 0 || table.kind != SHOWN_HEX)
		return false;
	struct image *image = shown_place(scope, table.number, &address);
	ret->type = image ? image_rust_type_at(image, address) : NULL;
	if (!ret->type)
		return false;
	ret->type_length = strlen(ret->type);
	ret->is_place = true;
	take_pointer(shown, 0, &ret->data); /* an Rc's leads to its counters */
	return true;
}

static bool is_type(const struct go_interface *value, const char *name)
{
	return strlen(name) == value->type_length && !memcmp(name, value->type, value->type_length);
}

/* --- std::any of C++ -------------------------------------------------------------------------- */

/* What the name of the function that manages it says: the type, and whether it lies elsewhere. */
static bool type_of_manager(const char *name, struct go_interface *ret)
{
	static const struct {
		const char *head, *tail;
		bool is_place;
	} managers[] = {
		{"std::any::_Manager_internal<", ">::_S_manage", false},
		{"std::any::_Manager_external<", ">::_S_manage", true},
		{"::__any_imp::_SmallHandler<", ">::__handle", false},
		{"::__any_imp::_LargeHandler<", ">::__handle", true},
	};
	for (size_t i = 0; i < array_size(managers); i++) {
		const char *head = strstr(name, managers[i].head);
		const char *type = head ? head + strlen(managers[i].head) : NULL;
		const char *tail = type ? strstr(type, managers[i].tail) : NULL;
		for (const char *more = tail; more; more = strstr(more + 1, managers[i].tail))
			tail = more;
		if (!tail)
			continue;
		while (tail > type && tail[-1] == ' ')
			tail--;
		ret->type = type;
		ret->type_length = (size_t)(tail - type);
		ret->is_place = managers[i].is_place;
		return ret->type_length;
	}
	return false;
}

/* Numbers of C++ by their demangled names; NULL: it is none of them. */
static const struct type *number_type(const struct go_interface *value)
{
	static const struct type types[] = {
		{.kind = TYPE_BOOL, .size = 1, .name = "bool"},
		{.kind = TYPE_CHAR, .size = 1, .name = "char"},
		{.kind = TYPE_INT, .size = 1, .name = "signed char"},
		{.kind = TYPE_UINT, .size = 1, .name = "unsigned char"},
		{.kind = TYPE_INT, .size = 2, .name = "short"},
		{.kind = TYPE_UINT, .size = 2, .name = "unsigned short"},
		{.kind = TYPE_INT, .size = 4, .name = "int"},
		{.kind = TYPE_UINT, .size = 4, .name = "unsigned int"},
		{.kind = TYPE_INT, .size = 8, .name = "long"},
		{.kind = TYPE_UINT, .size = 8, .name = "unsigned long"},
		{.kind = TYPE_INT, .size = 8, .name = "long long"},
		{.kind = TYPE_UINT, .size = 8, .name = "unsigned long long"},
		{.kind = TYPE_FLOAT, .size = 4, .name = "float"},
		{.kind = TYPE_FLOAT, .size = 8, .name = "double"},
	};
	for (size_t i = 0; i < array_size(types); i++)
		if (is_type(value, types[i].name))
			return &types[i];
	return NULL;
}

static bool find_any(const struct shown_scope *scope, const struct shown *shown,
		     struct go_interface *ret)
{
	struct shown manager, storage, word;
	struct shown_pointee pointee;
	const char *name;
	if (shown->kind != SHOWN_STRUCT || shown->count != 2 || shown->is_variant)
		return false;
	shown_part(scope, shown, 0, &manager, &name);
	if (strcmp(name, "_M_manager") != 0 && strcmp(name, "__h") != 0)
		return false;
	shown_part(scope, shown, 1, &storage, &name);
	if (strcmp(name, "_M_storage") != 0 && strcmp(name, "__s") != 0)
		return false;
	if (manager.kind == SHOWN_NULL) {
		ret->type = "std::any";
		ret->type_length = strlen(ret->type);
		shown_unavailable(&ret->data, "empty");
		return true;
	}
	if (storage.kind != SHOWN_STRUCT || !storage.count ||
	    !shown_pointee(scope, &manager, &pointee) || pointee.offset ||
	    !type_of_manager(pointee.name, ret))
		return false;
	shown_part(scope, &storage, 0, &word, &name);
	if (word.kind != SHOWN_HEX && word.kind != SHOWN_NULL)
		return false;
	const struct type *number = number_type(ret);
	if (ret->is_place || ret->type[ret->type_length - 1] == '*')
		ret->data = word;
	else if (number)
		shown_bits(number, word.kind == SHOWN_NULL ? 0 : word.number, &ret->data);
	else
		ret->data = (struct shown){.kind = SHOWN_STRUCT, .truncated = true, .is_cut = true};
	return true;
}

/* ---------------------------------------------------------------------------------------------- */

/* The linker's name of the table of a type and an interface: go:itab.TYPE,INTERFACE. Types of
 * generic code have commas between brackets. */
static bool type_of_table(const char *symbol, struct go_interface *ret)
{
	static const char *const heads[] = {"go:itab.", "go.itab."};
	int depth = 0;
	if (strncmp(symbol, heads[0], strlen(heads[0])) != 0 &&
	    strncmp(symbol, heads[1], strlen(heads[1])) != 0)
		return false;
	ret->type = symbol + strlen(heads[0]);
	for (const char *at = ret->type; *at; at++) {
		depth += (*at == '[') - (*at == ']');
		if (*at == ',' && !depth) {
			ret->type_length = (size_t)(at - ret->type);
			return ret->type_length;
		}
	}
	return false;
}

static bool find_type(const struct shown_scope *scope, const struct shown *word, bool is_table,
		      struct go_interface *ret)
{
	struct shown_pointee pointee;
	uint64_t address;
	struct image *image =
		word->kind == SHOWN_HEX ? shown_place(scope, word->number, &address) : NULL;
	const struct go_type *type = !image	? NULL
				     : is_table ? image_go_table_at(image, address)
						: image_go_type_at(image, address);
	if (is_table && (!shown_pointee(scope, word, &pointee) || pointee.offset ||
			 !type_of_table(pointee.name, ret)))
		return false;
	ret->kind = type ? type->kind : 0;
	if (is_table)
		return true;
	ret->type = type ? type->name : NULL;
	ret->type_length = ret->type ? strlen(ret->type) : 0;
	return ret->type;
}

#define KIND_STRING 24

/* A string, and errors that begin with one, which is all that there is to tell. */
static bool is_text(const struct go_interface *value)
{
	return value->kind == KIND_STRING || is_type(value, "*errors.errorString") ||
	       is_type(value, "*fmt.wrapError") || is_type(value, "*fmt.wrapErrors");
}

/* Types whose values are numbers, by reflect.Kind; NULL: it is none of them. */
static const struct type *plain_type(const struct go_interface *value)
{
	static const struct type types[] = {
		[1] = {.kind = TYPE_BOOL, .size = 1, .name = "bool"},
		[2] = {.kind = TYPE_INT, .size = 8, .name = "int"},
		[3] = {.kind = TYPE_INT, .size = 1, .name = "int8"},
		[4] = {.kind = TYPE_INT, .size = 2, .name = "int16"},
		[5] = {.kind = TYPE_INT, .size = 4, .name = "int32"},
		[6] = {.kind = TYPE_INT, .size = 8, .name = "int64"},
		[7] = {.kind = TYPE_UINT, .size = 8, .name = "uint"},
		[8] = {.kind = TYPE_UINT, .size = 1, .name = "uint8"},
		[9] = {.kind = TYPE_UINT, .size = 2, .name = "uint16"},
		[10] = {.kind = TYPE_UINT, .size = 4, .name = "uint32"},
		[11] = {.kind = TYPE_UINT, .size = 8, .name = "uint64"},
		[12] = {.kind = TYPE_UINT, .size = 8, .name = "uintptr"},
		[13] = {.kind = TYPE_FLOAT, .size = 4, .name = "float32"},
		[14] = {.kind = TYPE_FLOAT, .size = 8, .name = "float64"},
	};
	return value->kind < array_size(types) && types[value->kind].name ? &types[value->kind]
									  : NULL;
}

/* What was read where the second word leads to: struct content of symbols/dwarf_go.c. */
static bool find_content(const struct shown_scope *scope, struct go_interface *value)
{
	struct shown word, text;
	const char *name;
	if (value->data.kind != SHOWN_STRUCT || value->data.count != 2)
		return false;
	shown_part(scope, &value->data, 0, &word, &name);
	shown_part(scope, &value->data, 1, &text, &name);
	const struct type *plain = plain_type(value);
	if (plain && word.kind == SHOWN_UNSIGNED)
		shown_bits(plain, word.number, &value->data);
	else if (is_text(value) && text.kind == SHOWN_STRING)
		value->data = text;
	else
		return false;
	return true;
}

enum go_held go_find_held(const struct shown_scope *scope, const struct shown *shown,
			  struct go_interface *ret)
{
	struct shown word;
	bool has_tab;
	*ret = (struct go_interface){0};
	if (find_dyn(scope, shown, ret) || find_any(scope, shown, ret))
		return GO_VALUE;
	*ret = (struct go_interface){0};
	if (!take_words(scope, shown, &has_tab, &word, &ret->data))
		return GO_UNKNOWN;
	if (word.kind == SHOWN_NULL && ret->data.kind == SHOWN_NULL)
		return GO_NIL;
	if (!find_type(scope, &word, has_tab, ret))
		return GO_UNKNOWN;
	if (find_content(scope, ret))
		return GO_VALUE;
	/* The second word itself: the value, where its type is a pointer's. */
	ret->is_place = ret->type[0] != '*';
	take_pointer(shown, 1, &ret->data);
	return GO_VALUE;
}
