/* SPDX-License-Identifier: Apache-2.0 */
/* What symbols_fixture.cc declares: methods, references, classes that are passed by address. */
#include <unistd.h>

#include "common/array.h"
#include "tests/unit/symbols_find.h"

static void check_methods(struct image *image)
{
	const struct prototype *handle = find_prototype(image, "app::Server::handle");
	assert_non_null(handle);
	assert_int_equal(handle->n_parameters, 3);
	check_parameter(handle, 0, "this", TYPE_POINTER, 8, "Server *");
	assert_int_equal(handle->parameters[1].type->kind, TYPE_POINTER);
	assert_string_equal(handle->parameters[1].name, "request");
	check_type(handle->result, TYPE_INT, 4, "int");
	const struct type *level = handle->parameters[2].type;
	check_type(level, TYPE_ENUM, 1, "Level");
	assert_int_equal(level->sign, '+');
	assert_string_equal(level->enumerators[1].name, "high");
	assert_int_equal(level->enumerators[1].value, 200);
	const struct type *server = handle->parameters[0].type->target;
	check_type(find_member(server, "port")->type, TYPE_INT, 4, "int");
	check_type(find_member(server, "name")->type, TYPE_STRING, 8, "const char *");
	assert_int_equal(find_member(server, "flags")->bit_size, 5);
	assert_int_equal(find_member(server, "Base")->offset, 0);
	for (uint32_t i = 0; i < server->n_members; i++)
		assert_string_not_equal(server->members[i].name, "instances");
}

static void check_static_methods_and_operators(struct image *image)
{
	const struct prototype *parse = find_prototype(image, "app::Server::parse");
	assert_int_equal(parse->n_parameters, 2);
	check_parameter(parse, 0, "text", TYPE_STRING, 8, "const char *");
	check_parameter(parse, 1, "other", TYPE_POINTER, 8, "Server &&");
	const struct prototype *equal = find_prototype(image, "app::Server::operator==");
	assert_int_equal(equal->n_parameters, 2);
	check_parameter(equal, 1, "other", TYPE_POINTER, 8, "const Server &");
	check_type(equal->result, TYPE_BOOL, 1, "bool");
}

/* Two symbols (complete and base object) with one source: the base one of Diamond takes a table. */
static void check_constructors(struct image *image)
{
	const struct prototype *server = find_prototype(image, "app::Server::Server");
	assert_int_equal(server->n_parameters, 2);
	assert_string_equal(server->parameters[1].name, "port_number");
	const struct function *functions;
	size_t count, complete = 0, base = 0;
	assert_ok(image_functions(image, &functions, &count));
	for (size_t i = 0; i < count; i++) {
		const struct prototype *prototype;
		assert_ok(image_prototype(image, &functions[i], &prototype));
		if (!strcmp(functions[i].symbol, "_ZN3app7DiamondC1Ei"))
			complete = prototype->n_parameters;
		if (!strcmp(functions[i].symbol, "_ZN3app7DiamondC2Ei"))
			base = prototype->n_parameters;
	}
	assert_int_equal(base, 3);
	assert_true(complete == 2 || complete == 0); /* not always emitted */
}

static void check_classes_by_value(struct image *image)
{
	const struct prototype *join = find_prototype(image, "app::join");
	assert_int_equal(join->n_parameters, 3);
	assert_int_equal(join->parameters[0].type->kind, TYPE_POINTER);
	assert_int_equal(join->parameters[0].type->target->kind, TYPE_STRUCT);
	assert_int_equal(join->parameters[0].type->target->size, 32);
	assert_int_equal(join->parameters[1].type->kind, TYPE_POINTER);
	assert_int_equal(join->parameters[1].type->target->size, 8);
	check_parameter(join, 2, "wide", TYPE_CHAR, 4, "char32_t");
	assert_int_equal(join->result->kind, TYPE_STRUCT);
	assert_true(join->result->in_memory);
	/* Not by what they declare, but by their base and member. */
	const struct prototype *share = find_prototype(image, "app::share");
	assert_int_equal(share->n_parameters, 3);
	assert_int_equal(share->parameters[0].type->kind, TYPE_POINTER);
	assert_string_equal(share->parameters[0].type->target->members[0].name, "whole");
	check_parameter(share, 1, "plain", TYPE_STRUCT, 16, "Plain");
	check_parameter(share, 2, "count", TYPE_INT, 4, "int");
	assert_true(share->result->in_memory);
}

static void check_templates_and_hidden_functions(struct image *image)
{
	const struct prototype *twice = find_prototype(image, "app::twice<int>");
	assert_int_equal(twice->n_parameters, 1);
	assert_int_equal(twice->parameters[0].type->kind, TYPE_INT);
	twice = find_prototype(image, "app::twice<double>");
	assert_int_equal(twice->parameters[0].type->kind, TYPE_FLOAT);
	const struct prototype *hidden =
		find_prototype(image, "app::(anonymous namespace)::hidden");
	assert_int_equal(hidden->n_parameters, 2);
	check_parameter(hidden, 0, "value", TYPE_FLOAT, 8, "double");
}

static void both_compilers_say_what_the_source_says(void **state)
{
	(void)state;
	static const char *const forms[] = {FIXTURES "/cpp", FIXTURES "/cpp_fast",
					    FIXTURES "/cpp_clang", FIXTURES "/cpp_units4",
					    FIXTURES "/cpp_units5"};
	for (size_t i = 0; i < array_size(forms); i++) {
		struct image *image;
		if (i == 2 && access(forms[i], R_OK) != 0)
			continue; /* no clang here */
		print_message("%s\n", forms[i]);
		assert_ok(image_open(forms[i], -1, &image));
		check_methods(image);
		check_static_methods_and_operators(image);
		check_constructors(image);
		check_classes_by_value(image);
		check_templates_and_hidden_functions(image);
		image_close(image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_compilers_say_what_the_source_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
