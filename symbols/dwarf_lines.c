/* SPDX-License-Identifier: Apache-2.0 */
/* Line tables that libdw must not read get a version that it does not know. */
#include <dwarf.h>
#include <string.h>

#include "symbols/dwarf_info.h"
#include "symbols/sources/line_check.h"
#include "symbols/sources/view.h"

/* Behind its last NUL, where a string that begins before that ends. */
static uint64_t strings_size(struct debug_view *view, const char *name)
{
	uint64_t size = debug_view_size(view, name);
	const uint8_t *bytes = debug_view_bytes(view, name, 0, size);
	const uint8_t *last = bytes ? memrchr(bytes, 0, size) : NULL;
	return last ? (uint64_t)(last - bytes) + 1 : 0;
}

struct line_strings dwarf_line_strings(struct debug_view *view)
{
	return (struct line_strings){.str = strings_size(view, ".debug_str"),
				     .line_str = strings_size(view, ".debug_line_str")};
}

void dwarf_check_unit_lines(struct debug_view *view, Dwarf_Die *unit,
			    const struct line_strings *strings)
{
	Dwarf_Attribute attribute;
	Dwarf_Word at;
	uint64_t size = debug_view_size(view, ".debug_line");
	if (!dwarf_attr(unit, DW_AT_stmt_list, &attribute) ||
	    dwarf_formudata(&attribute, &at) != 0 || at >= size)
		return;
	bool has_directory =
		dwarf_formstring(dwarf_attr_integrate(unit, DW_AT_comp_dir, &attribute));
	uint8_t *bytes = debug_view_bytes(view, ".debug_line", at, size - at);
	if (!bytes || line_table_is_sound(bytes, size - at, strings, has_directory))
		return;
	size_t version = size - at >= 4 && !memcmp(bytes, "\xff\xff\xff\xff", 4) ? 12 : 4;
	if (size - at >= version + 2)
		memset(bytes + version, 0xff, 2);
}

void dwarf_check_lines(struct debug_view *view, Dwarf *dwarf)
{
	const struct line_strings strings = dwarf_line_strings(view);
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;
	while (dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &die, NULL) == 0)
		dwarf_check_unit_lines(view, &die, &strings);
}
