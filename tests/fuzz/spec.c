/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text is either parsed or refused with a caret inside the text and a hint; what was parsed can
 * be used: names compare, types can be walked.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/condition.h"
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
	/* It may be an argument that is not listed. */
	check(type->length_arg >= 0 || type->length_arg == LENGTH_RESULT);
	if (type->target)
		check(type->target->name);
}

static void check_types(const struct prototype *types)
{
	check(types->n_parameters <= 64);
	for (uint32_t i = 0; i < types->n_parameters; i++) {
		check(types->parameters[i].name);
		check_type(types->parameters[i].type);
	}
	if (types->result)
		check_type(types->result);
}

/* Over a text, numbers and a structure: it is refused, or makes a graph that ends. */
static void check_condition(const struct condition *condition)
{
	static const struct type number = {.kind = TYPE_INT, .size = 4, .name = "int"};
	static const struct type word = {.kind = TYPE_WORD, .size = 8, .name = "word"};
	static const struct type text = {.kind = TYPE_STRING, .size = 8, .name = "char *"};
	static const struct type_member members[] = {
		{.name = "len", .type = &number, .offset = 4},
		{.name = "path", .type = &text, .offset = 8},
		{.name = "bits", .type = &number, .bit_size = 3, .bit_offset = 2},
	};
	static const struct type body = {.kind = TYPE_STRUCT,
					 .size = 16,
					 .name = "struct req",
					 .members = members,
					 .n_members = 3};
	static const struct type pointer = {
		.kind = TYPE_POINTER, .size = 8, .name = "struct req *", .target = &body};
	const struct condition_name names[] = {
		{.name = "n", .type = &number, .source = fetch_from_register(1, 4, false)},
		{.name = "path", .type = &text, .source = fetch_from_register(2, 8, false)},
		{.name = "req", .type = &pointer, .source = fetch_from_register(3, 8, false)},
		{.name = "", .type = &word, .source = fetch_from_register(4, 8, false)},
	};
	const struct condition_scope scope = {
		.what = "f", .names = names, .n_names = 4, .result = &names[0]};
	struct arena arena = {0};
	const struct filter *filter;
	struct err *e = condition_compile(condition, &scope, &arena, &filter);
	if (e)
		check_error(e);
	for (uint8_t i = 0; !e && i < filter->plan.n_ops; i++)
		for (size_t way = 0; way < 3; way++) {
			uint8_t next = filter->plan.ops[i].next[way];
			check(next >= FILTER_FAIL || next < filter->plan.n_ops);
		}
	err_free(e);
	check(condition_text(condition, &arena));
	arena_deinit(&arena);
}

static void check_spec(const struct spec *spec)
{
	static const char *const names[] = {"", "malloc", "ns::A<int, char>::operator*",
					    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\xff\xfe"};
	check(spec->name && *spec->name && spec->text);
	check(probe_kind_name(spec->kind));
	if (spec->condition)
		check_condition(spec->condition);
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
