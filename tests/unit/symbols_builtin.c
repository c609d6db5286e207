/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/prototypes.h"

#include <ctype.h>
#include <gnu/lib-names.h>
#include <stdio.h>
#include <unistd.h>

#include "common/array.h"
#include "symbols/dwarf_info.h"
#include "symbols/image.h"
#include "tests/unit/symbols_find.h"

static struct image *open_libc(void)
{
	static const char *const paths[] = {"/lib/x86_64-linux-gnu/" LIBC_SO,
					    "/lib/aarch64-linux-gnu/" LIBC_SO, "/lib64/" LIBC_SO,
					    "/usr/lib/" LIBC_SO};
	struct image *image;
	for (size_t i = 0; i < array_size(paths); i++) {
		if (access(paths[i], R_OK) != 0)
			continue;
		assert_ok(image_open(paths[i], -1, &image));
		return image;
	}
	fail_msg("no libc");
	return NULL;
}

static void common_functions_of_libc(void **state)
{
	(void)state;
	struct image *libc = open_libc();
	const struct prototype *malloc_type = find_prototype(libc, "malloc");
	assert_string_equal(malloc_type->source, "built-in");
	check_parameter(malloc_type, 0, "size", TYPE_UINT, 8, "size_t");
	check_type(malloc_type->result, TYPE_POINTER, 8, "void *");
	const struct prototype *write_type = find_prototype(libc, "write");
	assert_int_equal(write_type->n_parameters, 3);
	check_parameter(write_type, 0, "fd", TYPE_FD, 4, "fd");
	assert_int_equal(write_type->parameters[1].type->kind, TYPE_BYTES);
	assert_int_equal(write_type->parameters[1].type->length_arg, 3);
	const struct prototype *open_type = find_prototype(libc, "open");
	assert_true(open_type->variadic);
	check_parameter(open_type, 0, "pathname", TYPE_STRING, 8, "const char *");
	check_type(open_type->result, TYPE_FD, 4, "fd");
	const struct prototype *mkdir_type = find_prototype(libc, "mkdir");
	check_parameter(mkdir_type, 1, "mode", TYPE_OCTAL, 4, "mode_t");
	const struct prototype *strndup_type = find_prototype(libc, "strndup");
	assert_int_equal(strndup_type->parameters[0].type->kind, TYPE_STRING);
	assert_int_equal(strndup_type->parameters[0].type->length_arg, 2);
	assert_int_equal(find_prototype(libc, "fork")->n_parameters, 0);
	assert_int_equal(find_prototype(libc, "exit")->result->kind, TYPE_VOID);
	assert_ptr_equal(find_prototype(libc, "malloc"), malloc_type);
	image_close(libc);
}

/* A program's own `send` is not libc's; its `readline` is readline's, when all of readline is. */
/* What the functions fill in: how long it is, and when. */
static void outputs_of_libc(void **state)
{
	(void)state;
	struct image *libc = open_libc();
	const struct type *type = find_prototype(libc, "read")->parameters[1].type;
	assert_int_equal(type->kind, TYPE_BYTES);
	assert_true(type->is_out && type->out_if_ok);
	assert_int_equal(type->length_arg, LENGTH_RESULT);
	assert_int_equal(type->most_arg, 3);
	type = find_prototype(libc, "write")->parameters[1].type;
	assert_false(type->is_out);
	type = find_prototype(libc, "getsockopt")->parameters[3].type;
	assert_true(type->is_out);
	assert_int_equal(type->length_arg, 5);
	assert_int_equal(type->length_bytes, 4);
	type = find_prototype(libc, "getcwd")->parameters[0].type;
	assert_int_equal(type->kind, TYPE_STRING);
	assert_true(type->is_out);
	type = find_prototype(libc, "waitpid")->parameters[1].type;
	assert_int_equal(type->kind, TYPE_POINTER);
	assert_true(type->is_out);
	assert_int_equal(type->target->kind, TYPE_INT);
	image_close(libc);
}

static void programs_have_what_they_contain(void **state)
{
	(void)state;
	struct image *image;
	const struct prototype *prototype;
	assert_ok(image_open("/bin/bash", -1, &image));
	const struct prototype *readline = find_prototype(image, "readline");
	assert_non_null(readline);
	check_parameter(readline, 0, "prompt", TYPE_STRING, 8, "const char *");
	check_type(readline->result, TYPE_STRING, 8, "char *");
	image_close(image);
	assert_ok(image_open(FIXTURES "/stripped", -1, &image));
	const struct function function = {.symbol = "send", .address = 0x1000};
	assert_ok(image_prototype(image, &function, &prototype));
	assert_null(prototype);
	image_close(image);
	assert_ok(image_open(FIXTURES "/static", -1, &image));
	assert_string_equal(find_prototype(image, "malloc")->source, "built-in");
	image_close(image);
}

/* Every line of the text is understood, for an image that all groups are about. */
static void the_text_makes_sense(void **state)
{
	(void)state;
	struct image *libc = open_libc();
	struct builtin *builtin;
	unsigned int bad_line, declarations = 0;
	assert_ok(builtin_create(libc, builtin_text, &builtin, &bad_line));
	assert_int_equal(bad_line, 0);
	bool in_libc = false;
	for (const char *at = builtin_text; *at; at = strchrnul(at, '\n') + 1) {
		const char *open = strpbrk(at, "(\n"), *name = open;
		if (*at == '[')
			in_libc = !strncmp(at, "[libc.so.6 ", 11);
		if (!in_libc || *at == '#' || *open != '(')
			continue;
		while (isalnum((unsigned char)name[-1]) || name[-1] == '_')
			name--;
		char symbol[64];
		const struct prototype *prototype;
		snprintf(symbol, sizeof(symbol), "%.*s", (int)(open - name), name);
		assert_ok(builtin_lookup(builtin, symbol, &prototype));
		if (!prototype)
			fail_msg("not understood: %s", symbol);
		declarations++;
	}
	assert_true(declarations > 150);
	builtin_free(builtin);
	image_close(libc);
}

static unsigned int bad_line_of(const char *text)
{
	struct image *libc = open_libc();
	struct builtin *builtin;
	unsigned int bad_line;
	assert_ok(builtin_create(libc, text, &builtin, &bad_line));
	builtin_free(builtin);
	image_close(libc);
	return bad_line;
}

static void bad_lines_are_told(void **state)
{
	(void)state;
	assert_int_equal(bad_line_of(""), 0);
	assert_int_equal(bad_line_of("# only a comment"), 0);
	assert_int_equal(bad_line_of("[libc.so.6]\nint f(int a);\n"), 0);
	assert_int_equal(bad_line_of("[libc.so.6]\nint f(int a)\n"), 2);
	assert_int_equal(bad_line_of("[libc.so.6]\n\nint f int a);\n"), 3);
	assert_int_equal(bad_line_of("[libc.so.6]\nint f();\n"), 2);
	assert_int_equal(bad_line_of("[libc.so.6]\nint f(..., int a);\n"), 2);
	assert_int_equal(bad_line_of("[libc.so.6\n"), 1);
	assert_int_equal(bad_line_of("type x = nothing 4\n"), 1);
	assert_int_equal(bad_line_of("type x int 4\n"), 1);
}

static bool is_pointer(const struct type *type)
{
	/* A union of pointers to all kinds of sockaddr, which is passed as one of them. */
	return strstr(type->name, "SOCKADDR_ARG") || type->kind == TYPE_POINTER ||
	       type->kind == TYPE_STRING || type->kind == TYPE_BYTES;
}

static bool same_shape(const struct type *one, const struct type *other)
{
	return is_pointer(one) == is_pointer(other) &&
	       (is_pointer(one) || one->size == other->size);
}

/*
 * libc's own DWARF, where it is installed, is the judge of the text: numbers and sizes of
 * parameters and results.
 */
static void libc_itself_agrees(void **state)
{
	(void)state;
	struct image *libc = open_libc();
	const struct function *functions;
	size_t count, compared = 0, differences = 0;
	if (!image_debug_source(libc)) {
		image_close(libc);
		skip(); /* no debug package of libc here */
	}
	assert_ok(image_functions(libc, &functions, &count));
	for (size_t i = 0; i < count; i++) {
		const struct prototype *ours, *theirs;
		struct function other_name = functions[i];
		other_name.symbol = "not in the text";
		assert_ok(image_prototype(libc, &functions[i], &ours));
		assert_ok(image_prototype(libc, &other_name, &theirs));
		if (!ours || !theirs || strcmp(ours->source, "built-in") != 0)
			continue;
		bool same = ours->n_parameters == theirs->n_parameters &&
			    ours->variadic == theirs->variadic &&
			    same_shape(ours->result, theirs->result);
		for (uint32_t p = 0; same && p < ours->n_parameters; p++)
			same = same_shape(ours->parameters[p].type, theirs->parameters[p].type);
		if (!same)
			print_error("libc sees %s otherwise\n", functions[i].symbol);
		differences += !same;
		compared++;
	}
	assert_int_equal(differences, 0);
	assert_true(compared > 100);
	image_close(libc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(common_functions_of_libc),
		cmocka_unit_test(outputs_of_libc),
		cmocka_unit_test(programs_have_what_they_contain),
		cmocka_unit_test(the_text_makes_sense),
		cmocka_unit_test(bad_lines_are_told),
		cmocka_unit_test(libc_itself_agrees),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
