/* SPDX-License-Identifier: Apache-2.0 */
#include "output/go_value.h"

#include <string.h>

/* As symbols/dwarf_prototype.c makes it. Tuples of Rust have members "__0". */
bool go_is_results(const struct shown *shown)
{
	const struct type *type = shown->type;
	return shown->kind == SHOWN_STRUCT && type && type->kind == TYPE_STRUCT && type->name &&
	       type->name[0] == '(' && type->n_members > 1 && type->members[0].name &&
	       strncmp(type->members[0].name, "__", 2) != 0;
}

bool go_is_unnamed(const char *name)
{
	return name[0] == 'r' && name[1] && !name[1 + strspn(name + 1, "0123456789")];
}

/* struct iface and struct eface in runtime/runtime2.go. */
bool go_is_nil(const struct shown_scope *scope, const struct shown *shown)
{
	static const char *const words[][2] = {{"tab", "_type"}, {"data", "data"}};
	if (shown->kind != SHOWN_STRUCT || shown->count != 2 || shown->is_variant)
		return false;
	for (uint32_t i = 0; i < 2; i++) {
		struct shown part;
		const char *name;
		shown_part(scope, shown, i, &part, &name);
		bool is_word = !strcmp(name, words[i][0]) || !strcmp(name, words[i][1]);
		if (!is_word || part.kind != SHOWN_NULL)
			return false;
	}
	return true;
}
