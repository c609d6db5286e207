/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text is either parsed or refused with a caret inside the text and a hint; what was parsed can
 * be used: names compare, types can be walked.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/spec.h"

#define check(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(const struct err *e)
{
	check(err_kind(e) == ERR_USAGE);
	char *text = err_text(e, "utrail");
	check(text && strstr(text, "  hint:  "));
	free(text);
	const char *why = err_reason(e);
	const char *second = strchr(why, '\n');
	if (!second) {
		check(strstr(err_what(e), "longer than"));
		return;
	}
	/* One column is at least one byte, so the caret is at most one byte behind the text. */
	size_t column = strspn(second + 1, " ");
	check(strcmp(second + 1 + column, "^") == 0);
	check(column <= (size_t)(second - why));
	for (const char *c = why; c < second; c++)
		check((unsigned char)*c >= 0x20 && *c != 0x7f);
}

static void check_type(const struct type *type)
{
	check(type->name && type->kind <= TYPE_FD);
	check(type->length_arg >= 0);
	if (type->target)
		check(type->target->name);
}

static void check_types(const struct prototype *types)
{
	check(types->n_parameters <= 64);
	for (uint32_t i = 0; i < types->n_parameters; i++) {
		check(types->parameters[i].name);
		check_type(types->parameters[i].type);
		check((uint32_t)types->parameters[i].type->length_arg <= types->n_parameters);
	}
	if (types->result)
		check_type(types->result);
}

static void check_spec(const struct spec *spec)
{
	static const char *const names[] = {"", "malloc", "ns::A<int, char>::operator*",
					    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\xff\xfe"};
	check(spec->name && *spec->name && spec->text);
	check(spec->kind <= PROBE_SYSCALL || spec->kind >= PROBE_EXEC);
	check(!spec->condition);
	check(spec->kind_given || (spec->kind == PROBE_CALL && !spec->module));
	check(spec->kind == PROBE_USDT || !spec->provider);
	check(!spec->module || *spec->module);
	check(spec->pid >= 0);
	check_types(&spec->types);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		spec_name_matches(spec, names[i]);
		spec_provider_matches(spec, names[i]);
	}
	/* A name that is typed exactly matches itself. */
	check(spec->name_kind != SPEC_NAME_EXACT || spec_name_matches(spec, spec->name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	check(text);
	memcpy(text, data, size);
	text[size] = '\0';
	struct spec_list list = {0};
	struct err *e = spec_parse(text, &list);
	check(e ? list.count == 0 : list.count > 0);
	if (e)
		check_error(e);
	for (size_t i = 0; i < list.count; i++)
		check_spec(&list.items[i]);
	err_free(e);
	spec_list_deinit(&list);
	free(text);
	return 0;
}
