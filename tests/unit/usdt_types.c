/* SPDX-License-Identifier: Apache-2.0 */
/* The table of well-known markers: its own order and words, and real files that carry them. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <unistd.h>

#include "common/array.h"
#include "usdt/types.h"

static void the_table_is_sorted(void **state)
{
	(void)state;
	assert_true(types_table_count > 200);
	for (size_t i = 1; i < types_table_count; i++)
		assert_true(strcmp(types_table[i - 1].marker, types_table[i].marker) < 0);
}

static void every_row_is_found_and_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < types_table_count; i++) {
		struct arena arena = {0};
		const struct parameter *parameters;
		size_t count;
		char provider[64];
		const char *colon = strchr(types_table[i].marker, ':');
		snprintf(provider, sizeof(provider), "%.*s", (int)(colon - types_table[i].marker),
			 types_table[i].marker);
		assert_ok(types_of_marker(provider, colon + 1, 0, &arena, &parameters, &count));
		assert_true(count > 0);
		const char *word = types_table[i].types;
		for (size_t k = 0; k < count; k++) {
			word += strspn(word, " ,");
			/* A type that is missing must have been meant. */
			if (!parameters[k].type && *word != '_')
				fail_msg("%s: '%s'", types_table[i].marker, word);
			if (parameters[k].type)
				assert_true(parameters[k].type->length_arg <= (int)count);
			word += strcspn(word, ",");
		}
		assert_int_equal(*word, 0);
		arena_deinit(&arena);
	}
}

static void words_become_types(void **state)
{
	(void)state;
	static const enum type_kind kinds[] = {TYPE_INT,    TYPE_UINT,	 TYPE_HEX,  TYPE_POINTER,
					       TYPE_BOOL,   TYPE_CHAR,	 TYPE_FD,   TYPE_ERRNO,
					       TYPE_STRING, TYPE_STRING, TYPE_BYTES};
	struct arena arena = {0};
	const struct parameter *parameters;
	size_t count;
	assert_ok(types_parse("int a, uint b, hex c, ptr d, bool e, char f, fd g, errno h, str i, "
			      "str:arg3 j, buf:arg11 k, _ l, _, nonsense m",
			      &arena, &parameters, &count));
	assert_int_equal(count, 14);
	for (size_t i = 0; i < array_size(kinds); i++) {
		assert_int_equal(parameters[i].type->kind, kinds[i]);
		assert_int_equal(parameters[i].name[0], 'a' + i);
	}
	assert_int_equal(parameters[8].type->length_arg, 0);
	assert_int_equal(parameters[9].type->length_arg, 3);
	assert_int_equal(parameters[10].type->length_arg, 11);
	assert_null(parameters[11].type);
	assert_string_equal(parameters[11].name, "l");
	assert_null(parameters[12].type);
	assert_string_equal(parameters[12].name, "");
	assert_null(parameters[13].type);
	assert_ok(types_parse("", &arena, &parameters, &count));
	assert_int_equal(count, 0);
	arena_deinit(&arena);
}

static void unknown_markers_have_no_types(void **state)
{
	(void)state;
	struct arena arena = {0};
	const struct parameter *parameters;
	size_t count = 1;
	char name[300];
	assert_ok(types_of_marker("python", "lines", 0, &arena, &parameters, &count));
	assert_int_equal(count, 0);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	count = 1;
	assert_ok(types_of_marker("python", name, 0, &arena, &parameters, &count));
	assert_int_equal(count, 0);
	arena_deinit(&arena);
}

/* PostgreSQL 16 dropped an argument in the middle. */
static void the_number_of_arguments_chooses(void **state)
{
	(void)state;
	struct arena arena = {0};
	const struct parameter *parameters;
	size_t count;
	const char *name = "buffer__read__done";
	assert_ok(types_of_marker("postgresql", name, 8, &arena, &parameters, &count));
	assert_int_equal(count, 8);
	assert_string_equal(parameters[6].name, "extend");
	assert_ok(types_of_marker("postgresql", name, 7, &arena, &parameters, &count));
	assert_int_equal(count, 7);
	assert_string_equal(parameters[6].name, "found");
	arena_deinit(&arena);
}

/* --- fitting to an operand ------------------------------------------------------------------ */

static const struct {
	struct usdt_operand operand;
	struct type wanted; /* VOID: nobody said */
	enum type_kind kind;
	uint32_t size;
	bool refused;
} fits[] = {
	{{.size = 4, .is_signed = true}, {.kind = TYPE_VOID}, TYPE_INT, 4, false},
	{{.size = 8}, {.kind = TYPE_VOID}, TYPE_WORD, 8, false},
	{{.size = 3, .source.is_address = true}, {.kind = TYPE_VOID}, TYPE_BYTES, 3, false},
	{{.size = 16}, {.kind = TYPE_VOID}, TYPE_WORD, 8, false}, /* a constant */
	{{.size = 16, .is_float = true, .source.is_address = true},
	 {.kind = TYPE_VOID},
	 TYPE_BYTES,
	 16,
	 false},
	{{.size = 8, .is_float = true}, {.kind = TYPE_VOID}, TYPE_FLOAT, 8, false},
	{{.size = 4, .is_float = true}, {.kind = TYPE_HEX, .size = 8}, TYPE_HEX, 4, false},
	{{.size = 2}, {.kind = TYPE_INT, .size = 8}, TYPE_INT, 2, false},
	{{.size = 8}, {.kind = TYPE_BOOL, .size = 1}, TYPE_BOOL, 8, false},
	{{.size = 4}, {.kind = TYPE_CHAR, .size = 1}, TYPE_CHAR, 1, false},
	{{.size = 4}, {.kind = TYPE_FLOAT, .size = 8}, TYPE_FLOAT, 4, false},
	{{.size = 2}, {.kind = TYPE_FLOAT, .size = 8}, TYPE_UINT, 2, false},
	{{.size = 8}, {.kind = TYPE_STRING, .size = 8}, TYPE_STRING, 8, false},
	{{.size = 4}, {.kind = TYPE_STRING, .size = 8}, TYPE_STRING, 8, true},
	{{.size = 2}, {.kind = TYPE_POINTER, .size = 8}, TYPE_POINTER, 8, true},
	{{.size = 4}, {.kind = TYPE_BYTES, .size = 64}, TYPE_BYTES, 64, true},
	{{.size = 8}, {.kind = TYPE_BYTES, .size = 64}, TYPE_BYTES, 64, false},
	{{.size = 24, .source.is_address = true},
	 {.kind = TYPE_BYTES, .size = 64},
	 TYPE_BYTES,
	 24,
	 false},
	{{.size = 24, .source.is_address = true},
	 {.kind = TYPE_STRUCT, .size = 24},
	 TYPE_STRUCT,
	 24,
	 false},
	{{.size = 16, .source.is_address = true},
	 {.kind = TYPE_STRUCT, .size = 24},
	 TYPE_BYTES,
	 16,
	 false},
};

static void the_operands_size_wins(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(fits); i++) {
		struct arena arena = {0};
		const struct type *type;
		const char *why;
		assert_ok(types_fit(&fits[i].operand,
				    fits[i].wanted.kind == TYPE_VOID ? NULL : &fits[i].wanted,
				    &arena, &type, &why));
		if (type->kind != fits[i].kind || type->size != fits[i].size)
			print_error("row %zu\n", i);
		assert_int_equal(type->kind, fits[i].kind);
		assert_int_equal(type->size, fits[i].size);
		assert_int_equal(why != NULL, fits[i].refused);
		arena_deinit(&arena);
	}
}

static void parameters_are_what_a_list_shows(void **state)
{
	(void)state;
	static const struct usdt_operand operands[] = {
		{.size = 8}, {.size = 8}, {.size = 4, .is_signed = true}, {.size = 2}};
	struct usdt_note note = {.provider = "python", .name = "line"};
	struct arena arena = {0};
	const struct parameter *parameters;
	assert_ok(usdt_parameters(&note, operands, 4, &arena, &parameters));
	assert_string_equal(parameters[0].name, "filename");
	assert_int_equal(parameters[0].type->kind, TYPE_STRING);
	assert_string_equal(parameters[2].name, "lineno");
	assert_int_equal(parameters[2].type->size, 4);
	assert_string_equal(parameters[3].name, "arg4");
	assert_string_equal(parameters[3].type->name, "uint16_t");
	note.name = "unheard_of";
	assert_ok(usdt_parameters(&note, operands, 1, &arena, &parameters));
	assert_string_equal(parameters[0].name, "arg1");
	assert_string_equal(parameters[0].type->name, "uint64_t");
	arena_deinit(&arena);
}

/* --- against the markers themselves --------------------------------------------------------- */

/* A row must have as many arguments as the marker in the file, and pointers where 8 bytes are. */
static size_t check_note(struct image *image, const struct usdt_note *note, struct arena *arena)
{
	const struct parameter *parameters;
	const struct usdt_operand *operands;
	size_t count, n_operands;
	assert_ok(usdt_operands(note->operands, image_machine(image), image, note, arena, &operands,
				&n_operands));
	assert_ok(types_of_marker(note->provider, note->name, n_operands, arena, &parameters,
				  &count));
	if (!count)
		return 0;
	if (count != n_operands)
		fail_msg("%s:%s: %zu in the table, %zu in the file (%s)", note->provider,
			 note->name, count, n_operands, note->operands);
	for (size_t i = 0; i < count; i++) {
		const struct type *type;
		const char *why;
		assert_ok(types_fit(&operands[i], parameters[i].type, arena, &type, &why));
		/* Python's "no file" and the like are constants of 4 bytes: (int)0 for NULL. */
		bool is_constant = operands[i].source.ops[0].code == FETCH_CONST;
		if (why && !is_constant)
			fail_msg("%s:%s '%s': %s", note->provider, note->name, operands[i].text,
				 why);
	}
	return 1;
}

static size_t check_file(const char *path)
{
	struct image *image;
	struct arena arena = {0};
	const struct usdt_note *notes;
	size_t count, malformed, checked = 0;
	if (access(path, R_OK))
		return 0;
	assert_ok(image_open(path, -1, &image));
	assert_ok(usdt_notes(image, &arena, &notes, &count, &malformed));
	for (size_t i = 0; i < count; i++)
		checked += check_note(image, &notes[i], &arena);
	print_message("%s: %zu of %zu notes are in the table\n", path, checked, count);
	arena_deinit(&arena);
	image_close(image);
	return checked;
}

static void rows_fit_the_markers_of_real_files(void **state)
{
	(void)state;
	static const char *const files[] = {
		"/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
		"/usr/lib/aarch64-linux-gnu/libstdc++.so.6",
		"/usr/lib/postgresql/15/bin/postgres",
		"/usr/lib/postgresql/17/bin/postgres",
		"/usr/bin/python3.11",
		"/usr/bin/php8.2",
		"/usr/lib/x86_64-linux-gnu/libruby-3.1.so.3.1",
		"/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so",
		"/usr/lib/x86_64-linux-gnu/libvirt.so.0",
	};
	size_t checked = 0;
	for (size_t i = 0; i < array_size(files); i++)
		checked += check_file(files[i]);
	const char *more = getenv("USDT_TEST_FILES");
	char *list = strdup(more ? more : ""), *rest = list;
	for (char *path; (path = strsep(&rest, ":"));)
		checked += *path ? check_file(path) : 0;
	free(list);
	if (!checked)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_sorted),
		cmocka_unit_test(every_row_is_found_and_understood),
		cmocka_unit_test(words_become_types),
		cmocka_unit_test(unknown_markers_have_no_types),
		cmocka_unit_test(the_number_of_arguments_chooses),
		cmocka_unit_test(the_operands_size_wins),
		cmocka_unit_test(parameters_are_what_a_list_shows),
		cmocka_unit_test(rows_fit_the_markers_of_real_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
