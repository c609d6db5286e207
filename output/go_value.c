/* SPDX-License-Identifier: Apache-2.0 */
#include "output/go_value.h"

#include <string.h>

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

bool go_is_nil(const struct shown_scope *scope, const struct shown *shown)
{
	struct shown word, data;
	bool has_tab;
	return take_words(scope, shown, &has_tab, &word, &data) && word.kind == SHOWN_NULL &&
	       data.kind == SHOWN_NULL;
}

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
	if (is_table)
		return shown_pointee(scope, word, &pointee) && !pointee.offset &&
		       type_of_table(pointee.name, ret);
	struct image *image =
		word->kind == SHOWN_HEX ? shown_place(scope, word->number, &address) : NULL;
	ret->type = image ? image_go_type_at(image, address) : NULL;
	ret->type_length = ret->type ? strlen(ret->type) : 0;
	return ret->type;
}

/* Errors that begin with a text, which is all that there is to tell. */
static bool is_text(const struct go_interface *value)
{
	static const char *const types[] = {"*errors.errorString", "*fmt.wrapError",
					    "*fmt.wrapErrors"};
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strlen(types[i]) == value->type_length &&
		    !memcmp(types[i], value->type, value->type_length))
			return true;
	return false;
}

/* What was read as a text may be none: then it is a pointer. */
static void make_pointer(const struct shown *shown, struct shown *data)
{
	uint64_t bits;
	const char *why;
	if (data->kind == SHOWN_HEX || data->kind == SHOWN_NULL)
		return;
	if (!shown->members || !value_scalar(&shown->members[1], shown->slots, &bits, &why))
		return shown_unavailable(data, "not recorded");
	*data = (struct shown){
		.kind = bits ? SHOWN_HEX : SHOWN_NULL, .is_pointer = true, .number = bits};
}

bool go_is_interface(const struct shown_scope *scope, const struct shown *shown,
		     struct go_interface *ret)
{
	struct shown word;
	bool has_tab;
	if (!take_words(scope, shown, &has_tab, &word, &ret->data) ||
	    !find_type(scope, &word, has_tab, ret))
		return false;
	if (ret->data.kind != SHOWN_STRING || !is_text(ret))
		make_pointer(shown, &ret->data);
	return true;
}
