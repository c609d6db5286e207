/* SPDX-License-Identifier: Apache-2.0 */
/* What symbols_fixture.c declares is what must be found, whatever form the DWARF has. */
#include <stdio.h>
#include <unistd.h>

#include "common/array.h"
#include "symbols/image.h"
#include "tests/unit/symbols_find.h"

#define POINTER_SIZE 8

static void check_add(struct image *image)
{
	const struct prototype *add = find_prototype(image, "add");
	assert_non_null(add);
	assert_string_equal(add->source, "DWARF");
	assert_int_equal(add->n_parameters, 2);
	assert_false(add->variadic);
	check_parameter(add, 0, "left", TYPE_INT, 4, "int");
	assert_int_equal(add->parameters[1].type->size, sizeof(long));
	check_type(add->result, TYPE_INT, 4, "int");
}

static void check_strings(struct image *image)
{
	const struct prototype *greet = find_prototype(image, "greet");
	assert_int_equal(greet->n_parameters, 4);
	check_parameter(greet, 0, "name", TYPE_STRING, POINTER_SIZE, "const char *");
	check_parameter(greet, 1, "buffer", TYPE_STRING, POINTER_SIZE, "char *");
	check_parameter(greet, 2, "size", TYPE_UINT, sizeof(size_t), "size_t");
	check_parameter(greet, 3, "raw", TYPE_POINTER, POINTER_SIZE, "unsigned char *");
	check_type(greet->parameters[3].type->target, TYPE_UINT, 1, "unsigned char");
	check_type(greet->result, TYPE_STRING, POINTER_SIZE, "const char *");
	const struct prototype *words = find_prototype(image, "words");
	check_parameter(words, 0, "one", TYPE_STRING, POINTER_SIZE, "text_t");
	check_parameter(words, 1, "id", TYPE_UINT, 4, "id_t32");
	check_parameter(words, 2, "count", TYPE_INT, 8, "ssize_t");
	check_parameter(words, 3, "small", TYPE_INT, 1, "int8_t");
	check_parameter(words, 4, "byte", TYPE_UINT, 1, "uint8_t");
	check_type(words->result, TYPE_POINTER, POINTER_SIZE, "text_t *");
	check_type(words->result->target, TYPE_STRING, POINTER_SIZE, "text_t");
}

static void check_enumerations(struct image *image)
{
	const struct prototype *mix = find_prototype(image, "mix");
	assert_int_equal(mix->n_parameters, 4);
	check_parameter(mix, 0, "one", TYPE_ENUM, 4, "enum color");
	check_parameter(mix, 2, "swap", TYPE_BOOL, 1, "_Bool");
	check_parameter(mix, 3, "letter", TYPE_CHAR, 1, "char");
	const struct type *color = mix->result;
	assert_int_equal(color->n_enumerators, 3);
	assert_string_equal(color->enumerators[1].name, "GREEN");
	assert_int_equal(color->enumerators[0].value, 0);
	assert_int_equal(color->enumerators[1].value, 5);
	assert_int_equal(color->enumerators[2].value, -2);
	const struct type *big = mix->parameters[1].type;
	assert_int_equal(big->n_enumerators, 1);
	assert_int_equal(big->enumerators[0].value, 0x80000000u);
}

static void check_values(struct image *image)
{
	const struct prototype *move = find_prototype(image, "move");
	assert_int_equal(move->n_parameters, 5);
	check_parameter(move, 0, "from", TYPE_STRUCT, 8, "point_t");
	assert_int_equal(find_member(move->parameters[0].type, "y")->offset, 4);
	check_parameter(move, 1, "to", TYPE_POINTER, POINTER_SIZE, "const point_t *");
	check_type(find_member(move->parameters[1].type->target, "x")->type, TYPE_INT, 4, "int");
	check_parameter(move, 2, "speed", TYPE_FLOAT, 4, "float");
	check_parameter(move, 3, "time", TYPE_FLOAT, 8, "double");
	check_parameter(move, 4, "far", TYPE_FLOAT, sizeof(long double), "long double");
	check_type(move->result, TYPE_STRUCT, 8, "point_t");
	const struct prototype *wide = find_prototype(image, "wide");
	assert_int_equal(wide->parameters[0].type->kind, TYPE_INT);
	assert_int_equal(wide->parameters[0].type->size, 16);
}

static void check_bit_field(const struct type *node, const char *name, unsigned int first,
			    unsigned int width)
{
	const struct type_member *member = find_member(node, name);
	assert_int_equal(member->offset * 8 + member->bit_offset, first);
	assert_int_equal(member->bit_size, width);
	assert_true(member->offset + member->type->size <= node->size);
	assert_true(member->bit_offset + member->bit_size <= member->type->size * 8);
}

/* The offsets are those that the ABI gives to the declaration in the fixture. */
static void check_members(struct image *image)
{
	const struct prototype *walk = find_prototype(image, "walk");
	assert_int_equal(walk->n_parameters, 3);
	check_parameter(walk, 0, "first", TYPE_POINTER, POINTER_SIZE, "struct node *");
	check_type(walk->result, TYPE_VOID, 0, "void");
	const struct type *node = walk->parameters[0].type->target;
	check_type(node, TYPE_STRUCT, 96, "struct node");
	assert_int_equal(find_member(node, "label")->offset, 16);
	check_type(find_member(node, "label")->type, TYPE_STRING, POINTER_SIZE, "const char *");
	check_type(find_member(node, "color")->type, TYPE_ENUM, 4, "enum color");
	check_type(find_member(node, "at")->type, TYPE_STRUCT, 8, "point_t");
	const struct type_member *tag = find_member(node, "tag");
	assert_int_equal(tag->offset, 36);
	check_type(tag->type, TYPE_ARRAY, 8, "char [8]");
	check_type(tag->type->target, TYPE_CHAR, 1, "char");
	check_type(find_member(node, "grid")->type, TYPE_ARRAY, 24, "int [2][3]");
	check_type(find_member(node, "grid")->type->target, TYPE_ARRAY, 12, "int [3]");
	check_bit_field(node, "low", 68 * 8, 3);
	check_bit_field(node, "middle", 68 * 8 + 3, 7);
	check_bit_field(node, "high", 68 * 8 + 10, 20);
	const struct type_member *anonymous = find_member(node, "");
	assert_int_equal(anonymous->offset, 72);
	check_type(find_member(anonymous->type, "real")->type, TYPE_FLOAT, 8, "double");
	check_type(find_member(node, "alive")->type, TYPE_BOOL, 1, "_Bool");
	check_type(find_member(node, "hook")->type, TYPE_POINTER, POINTER_SIZE,
		   "void (*)(struct node *, int)");
}

/* How many structures deep the tree goes along `next`; it must end. */
static int depth_of(const struct type *type)
{
	int depth = 0;
	while (type->n_members) {
		assert_true(depth < 10);
		type = find_member(type, "next")->type->target;
		assert_string_equal(type->name, "struct node");
		depth++;
	}
	return depth;
}

static void check_cycles(struct image *image)
{
	const struct prototype *walk = find_prototype(image, "walk");
	assert_true(depth_of(walk->parameters[0].type->target) >= 1);
	const struct type *qualified = walk->parameters[1].type;
	assert_int_equal(qualified->kind, TYPE_POINTER);
	assert_int_equal(qualified->target->kind, TYPE_STRUCT);
	check_parameter(walk, 2, "cookie", TYPE_POINTER, POINTER_SIZE, "void *");
}

static void check_odd_ones(struct image *image)
{
	const struct prototype *hide = find_prototype(image, "hide");
	check_parameter(hide, 0, "what", TYPE_POINTER, POINTER_SIZE, "struct opaque *");
	assert_int_equal(hide->parameters[0].type->target->n_members, 0);
	check_parameter(hide, 1, "which", TYPE_POINTER, POINTER_SIZE, "union either *");
	assert_int_equal(find_member(hide->parameters[1].type->target, "real")->offset, 0);
	check_parameter(hide, 2, "numbers", TYPE_POINTER, POINTER_SIZE, "int *");
	check_parameter(hide, 3, "compare", TYPE_POINTER, POINTER_SIZE,
			"int (*)(const void *, const void *)");
	const struct prototype *by_name = find_prototype(image, "by_name");
	check_parameter(by_name, 0, "compare", TYPE_POINTER, POINTER_SIZE, "comparison *");
	assert_true(by_name->parameters[0].type->is_code);
	const struct prototype *log_line = find_prototype(image, "log_line");
	assert_true(log_line->variadic);
	assert_int_equal(log_line->n_parameters, 1);
	const struct prototype *aliased = find_prototype(image, "alias_of_it");
	check_parameter(aliased, 0, "value", TYPE_INT, 4, "int");
	const struct prototype *inlined = find_prototype(image, "inlined");
	assert_int_equal(inlined->n_parameters, 2);
	check_parameter(inlined, 0, "depth", TYPE_INT, 4, "int");
	check_parameter(inlined, 1, "why", TYPE_STRING, POINTER_SIZE, "const char *");
	assert_null(find_prototype(image, "chosen"));
}

static void check_all(struct image *image)
{
	check_add(image);
	check_strings(image);
	check_enumerations(image);
	check_values(image);
	check_members(image);
	check_cycles(image);
	check_odd_ones(image);
}

static struct image *open_image(const char *path)
{
	struct image *image;
	assert_ok(image_open(path, -1, &image));
	return image;
}

static void every_form_of_dwarf_says_the_same(void **state)
{
	(void)state;
	static const char *const forms[] = {"pie",    "nopie",	"static", "libfixture.so", "dwarf2",
					    "dwarf3", "dwarf4", "dwarf5", "type_units",	   "zlib",
					    "plain",  "clang4", "clang5", "no_aranges"};
	int found = 0;
	for (size_t i = 0; i < array_size(forms); i++) {
		char path[512];
		snprintf(path, sizeof(path), "%s/%s", FIXTURES, forms[i]);
		if (access(path, R_OK) != 0)
			continue; /* no clang here */
		print_message("%s\n", forms[i]);
		struct image *image = open_image(path);
		assert_string_equal(image_debug_source(image), "this file");
		check_all(image);
		image_close(image);
		found++;
	}
	assert_true(found >= 12);
}

static void a_separate_debug_file_says_the_same(void **state)
{
	(void)state;
	struct image *image = open_image(FIXTURES "/linked");
	check_all(image);
	assert_string_equal(image_debug_source(image), FIXTURES "/linked.debug");
	image_close(image);
}

static void dwarf_that_dwz_has_shared_says_the_same(void **state)
{
	(void)state;
	char root[] = "/tmp/utrail-dwz-XXXXXX", command[1024];
	if (access(FIXTURES "/dwz_main", R_OK) != 0)
		skip(); /* no dwz here */
	struct image *image = open_image(FIXTURES "/dwz_main");
	assert_null(image_debug_source(image));
	assert_null(find_prototype(image, "walk"));
	image_close(image);
	assert_non_null(mkdtemp(root));
	snprintf(command, sizeof(command), "mkdir %s/.dwz && cp %s/dwz_common %s/.dwz/", root,
		 FIXTURES, root);
	assert_int_equal(system(command), 0);
	image = open_image(FIXTURES "/dwz_main");
	image->debug_root = root;
	check_all(image);
	image_close(image);
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

static void what_cannot_be_known_is_not_guessed(void **state)
{
	(void)state;
	struct image *image = open_image(FIXTURES "/stripped");
	const struct prototype *prototype = (void *)1;
	const struct function function = {.symbol = "add", .address = 0x1139, .size = 4};
	assert_null(image_debug_source(image));
	assert_ok(image_prototype(image, &function, &prototype));
	assert_null(prototype);
	image_close(image);
}

/* The same function, by the name of a copy. */
static const struct prototype *prototype_as(struct image **image, const char *symbol)
{
	const struct prototype *prototype;
	*image = open_image(FIXTURES "/nopie");
	struct function clone = *find_function(*image, "caller");
	clone.symbol = symbol;
	assert_ok(image_prototype(*image, &clone, &prototype));
	return prototype;
}

/* What the compiler has changed is called by no rules; only DWARF knows the places. */
static void copies_have_no_convention(void **state)
{
	static const char *const names[] = {"caller.constprop.0", "caller.isra.0", "caller.part.0"};
	struct image *image;
	(void)state;
	for (size_t i = 0; i < array_size(names); i++) {
		const struct prototype *prototype = prototype_as(&image, names[i]);
		assert_string_equal(prototype->no_convention, "optimised out");
		assert_int_equal(prototype->no_result != NULL, i > 0);
		assert_non_null(prototype->places);
		image_close(image);
	}
	assert_null(prototype_as(&image, "caller.cold"));
	image_close(image);
	assert_null(prototype_as(&image, "caller.lto_priv.0")->no_convention);
	image_close(image);
}

/* Optimised, the parameters are where the platform's calls put them (x86-64: rdi and rsi, 5 and 4);
 * unoptimised, DWARF speaks of the frame, which is not filled yet. */
static void places_are_those_of_the_entry(void **state)
{
	(void)state;
	struct image *image = open_image(FIXTURES "/nopie");
	const struct prototype *add = find_prototype(image, "add");
	assert_non_null(add->places);
	assert_null(add->no_convention);
	assert_null(add->no_result);
#ifdef __x86_64__
	static const unsigned int registers[] = {5, 4};
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(add->places[i].kind, PLACE_REGISTER);
		assert_int_equal(add->places[i].reg, registers[i]);
	}
#endif
	image_close(image);
	image = open_image(FIXTURES "/pie");
	add = find_prototype(image, "add");
	assert_int_equal(add->places[0].kind, PLACE_UNKNOWN);
	assert_null(add->no_convention);
	image_close(image);
}

/* The line of the fixture's source that begins like this. */
static unsigned int line_in_source(const char *beginning)
{
	char text[512];
	unsigned int line = 1;
	FILE *source = fopen(SOURCE, "r");
	assert_non_null(source);
	while (fgets(text, sizeof(text), source) &&
	       strncmp(text, beginning, strlen(beginning)) != 0)
		line++;
	fclose(source);
	return line;
}

static void functions_know_where_they_were_written(void **state)
{
	(void)state;
	const char *file;
	unsigned int line;
	static const char *const forms[] = {FIXTURES "/pie", FIXTURES "/dwarf4",
					    FIXTURES "/linked"};
	for (size_t i = 0; i < array_size(forms); i++) {
		struct image *image = open_image(forms[i]);
		assert_true(image_source_line(image, find_function(image, "walk"), &file, &line));
		assert_string_equal(file, SOURCE);
		assert_int_equal(line, line_in_source("keep void walk("));
		assert_true(
			image_source_line(image, find_function(image, "inlined"), &file, &line));
		assert_int_equal(line, line_in_source("static inline int inlined("));
		assert_false(
			image_source_line(image, find_function(image, "_start"), &file, &line));
		image_close(image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_dwarf_says_the_same),
		cmocka_unit_test(a_separate_debug_file_says_the_same),
		cmocka_unit_test(dwarf_that_dwz_has_shared_says_the_same),
		cmocka_unit_test(what_cannot_be_known_is_not_guessed),
		cmocka_unit_test(copies_have_no_convention),
		cmocka_unit_test(places_are_those_of_the_entry),
		cmocka_unit_test(functions_know_where_they_were_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
