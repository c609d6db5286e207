/* SPDX-License-Identifier: Apache-2.0 */
/* The same file read here and by the symbolizer: every answer is the same. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "symbols/child/client.h"
#include "symbols/image.h"
#include "symbols/inlined.h"
#include "symbols/lines.h"
#include "symbols/unwind_row.h"
#include "symbols/variables.h"
#include "tests/unit/symbols_same.h"
#include "tests/unit/unit.h"

static void same_prototype_of(struct image *a, struct image *b, const struct function *fa,
			      const struct function *fb)
{
	const struct prototype *pa, *pb;
	struct err *ea = image_prototype(a, fa, &pa);
	struct err *eb = image_prototype(b, fb, &pb);
	assert_int_equal(ea == NULL, eb == NULL);
	err_free(ea);
	err_free(eb);
	if (ea)
		return;
	assert_int_equal(pa == NULL, pb == NULL);
	if (pa && pb)
		same_prototype(pa, pb);
}

static void same_variables(struct image *a, struct image *b, uint64_t address)
{
	struct variable_list la, lb;
	assert_null(image_variables_at(a, address, 0, 0, &la));
	assert_null(image_variables_at(b, address, 0, 0, &lb));
	assert_int_equal(la.count, lb.count);
	for (size_t i = 0; i < la.count; i++) {
		same_text(la.items[i].name, lb.items[i].name);
		same_text(la.items[i].place.unavailable, lb.items[i].place.unavailable);
		same_type(la.items[i].type, lb.items[i].type);
		assert_int_equal(la.items[i].place.n_steps, lb.items[i].place.n_steps);
		assert_int_equal(la.items[i].n_pieces, lb.items[i].n_pieces);
	}
}

static void same_row(struct image *a, struct image *b, uint64_t address)
{
	const struct unwind_row *ra = image_unwind_row(a, address);
	const struct unwind_row *rb = image_unwind_row(b, address);
	assert_int_equal(ra == NULL, rb == NULL);
	for (int i = 0; ra && rb && i < STACK_REGISTERS; i++) {
		assert_int_equal(ra->rules[i].kind, rb->rules[i].kind);
		if (ra->rules[i].kind == ROW_AT)
			assert_true(ra->rules[i].offset == rb->rules[i].offset);
	}
	if (ra && rb) {
		assert_int_equal(ra->cfa.kind, rb->cfa.kind);
		assert_true(ra->cfa.offset == rb->cfa.offset);
		assert_int_equal(ra->cfa_register, rb->cfa_register);
		assert_int_equal(ra->return_register, rb->return_register);
	}
}

static void same_function(struct image *a, struct image *b, const struct function *fa,
			  const struct function *fb)
{
	const char *file_a = NULL, *file_b = NULL;
	unsigned int line_a = 0, line_b = 0;
	uint64_t start_a = 0, start_b = 0;
	assert_true(fa->address == fb->address && fa->offset == fb->offset);
	assert_true(fa->size == fb->size && fa->binding == fb->binding);
	assert_true(fa->ifunc == fb->ifunc && fa->tables == fb->tables);
	assert_string_equal(fa->symbol, fb->symbol);
	assert_string_equal(image_demangle(a, fa->symbol), image_demangle(b, fb->symbol));
	assert_int_equal(image_frame_place(a, fa->address), image_frame_place(b, fb->address));
	assert_int_equal(image_frame_row(a, fa->address + 1, &start_a),
			 image_frame_row(b, fb->address + 1, &start_b));
	assert_true(start_a == start_b);
	assert_int_equal(image_source_line(a, fa, &file_a, &line_a),
			 image_source_line(b, fb, &file_b, &line_b));
	same_text(file_a, file_b);
	assert_int_equal(line_a, line_b);
	same_prototype_of(a, b, fa, fb);
	same_variables(a, b, fa->address);
	same_row(a, b, fa->address);
	char *whole_a = image_demangle_whole(a, fa->symbol);
	char *whole_b = image_demangle_whole(b, fb->symbol);
	same_text(whole_a, whole_b);
	free(whole_a);
	free(whole_b);
	const struct code_place *pa = image_place(a, fa->address);
	const struct code_place *pb = image_place(b, fb->address);
	assert_int_equal(pa == NULL, pb == NULL);
	if (!pa || !pb)
		return;
	same_text(pa->own.symbol, pb->own.symbol);
	same_text(pa->own.file, pb->own.file);
	same_text(pa->own.short_file, pb->own.short_file);
	assert_int_equal(pa->own.line, pb->own.line);
	assert_int_equal(pa->n_inlined, pb->n_inlined);
}

static void same_functions(struct image *a, struct image *b)
{
	const struct function *fa, *fb;
	size_t na, nb;
	assert_null(image_functions(a, &fa, &na));
	assert_null(image_functions(b, &fb, &nb));
	assert_int_equal(na, nb);
	for (size_t i = 0; i < na; i++)
		same_function(a, b, &fa[i], &fb[i]);
	for (size_t i = 0; i < na; i++) {
		const struct function *at_a = image_function_at(a, fa[i].address + 1);
		const struct function *at_b = image_function_at(b, fb[i].address + 1);
		assert_int_equal(at_a == NULL, at_b == NULL);
		if (at_a && at_b)
			assert_string_equal(at_a->symbol, at_b->symbol);
	}
}

static void same_symbols(struct image *a, struct image *b)
{
	static const char *const names[] = {"main",   "printf",	 "malloc",	  "_start",
					    "stdout", "add",	 "nothing",	  "errno",
					    "",	      "counter", "__gmon_start__"};
	for (size_t i = 0; i < array_size(names); i++) {
		uint64_t at_a = 1, at_b = 1;
		assert_int_equal(image_imports(a, names[i]), image_imports(b, names[i]));
		assert_int_equal(image_defines(a, names[i]), image_defines(b, names[i]));
		assert_int_equal(image_symbol_address(a, names[i], &at_a),
				 image_symbol_address(b, names[i], &at_b));
		assert_true(at_a == at_b);
	}
}

static void same_types(const struct go_type *one, const struct go_type *other)
{
	assert_int_equal(!one, !other);
	same_text(one ? one->name : NULL, other ? other->name : NULL);
	assert_int_equal(one ? one->kind : 0, other ? other->kind : 0);
}

/* Of every pointer that could lead to data: each is asked for twice, once of what is kept. */
static void same_objects(struct image *a, struct image *b)
{
	size_t found = 0;
	for (size_t i = 0; i < 2 * a->n_segments; i++) {
		const struct segment *segment = &a->segments[i % a->n_segments];
		uint64_t size = segment->memory_size < 65536 ? segment->memory_size : 65536;
		for (uint64_t at = 0; at < size; at += 13) {
			struct object oa = {0}, ob = {0};
			uint64_t address = segment->address + at;
			assert_int_equal(image_object_at(a, address, &oa),
					 image_object_at(b, address, &ob));
			assert_true(oa.address == ob.address);
			same_text(oa.name, ob.name);
			same_types(image_go_type_at(a, address), image_go_type_at(b, address));
			same_types(image_go_table_at(a, address), image_go_table_at(b, address));
			same_text(image_rust_type_at(a, address), image_rust_type_at(b, address));
			found += oa.name != NULL;
		}
	}
	assert_true(found > 0 || image_is_stripped(a));
}

static void same_sections(struct image *a, struct image *b)
{
	static const char *const names[] = {".text", ".bss", ".note.stapsdt", ".no", ".rodata"};
	for (size_t i = 0; i < 2 * array_size(names); i++) { /* twice: it is kept */
		struct section_range ra = {0}, rb = {0};
		const char *name = names[i % array_size(names)];
		assert_int_equal(image_section(a, name, &ra), image_section(b, name, &rb));
		assert_memory_equal(&ra, &rb, sizeof(ra));
	}
}

static void same_lines(struct image *a, struct image *b, unsigned int line)
{
	struct line_search sa, sb;
	assert_null(image_find_line(a, "symbols_fixture.c", line, &sa));
	assert_null(image_find_line(b, "symbols_fixture.c", line, &sb));
	assert_int_equal(sa.has_lines, sb.has_lines);
	assert_int_equal(sa.before, sb.before);
	assert_int_equal(sa.after, sb.after);
	assert_int_equal(sa.files.count, sb.files.count);
	assert_int_equal(sa.places.count, sb.places.count);
	for (size_t i = 0; i < sa.places.count; i++) {
		assert_true(sa.places.items[i].address == sb.places.items[i].address);
		assert_true(sa.places.items[i].offset == sb.places.items[i].offset);
	}
	line_search_deinit(&sa);
	line_search_deinit(&sb);
}

static bool not_too_long(void *context, const char *name)
{
	size_t *asked = context;
	++*asked;
	return strlen(name) < 12;
}

static void same_inlined(struct image *a, struct image *b)
{
	struct inlined_list la, lb;
	size_t asked_a = 0, asked_b = 0;
	assert_null(image_find_inlined(a, not_too_long, &asked_a, &la));
	assert_null(image_find_inlined(b, not_too_long, &asked_b, &lb));
	assert_int_equal(asked_a, asked_b);
	assert_int_equal(la.copies.count, lb.copies.count);
	for (size_t i = 0; i < la.copies.count; i++) {
		same_text(la.copies.items[i].name, lb.copies.items[i].name);
		same_text(la.copies.items[i].caller, lb.copies.items[i].caller);
		assert_true(la.copies.items[i].offset == lb.copies.items[i].offset);
	}
	inlined_list_deinit(&la);
	inlined_list_deinit(&lb);
}

static void same_image(struct image *a, struct image *b)
{
	const uint8_t *ia, *ib;
	size_t size = image_build_id(a, &ia);
	assert_int_equal(image_build_id(b, &ib), size);
	if (size)
		assert_memory_equal(ia, ib, size);
	same_text(image_soname(a), image_soname(b));
	same_text(image_interpreter(a), image_interpreter(b));
	const char *const *na = image_needed(a), *const *nb = image_needed(b);
	assert_int_equal(na == NULL, nb == NULL);
	for (size_t i = 0; na && nb && (na[i] || nb[i]); i++)
		same_text(na[i], nb[i]);
	assert_int_equal(image_elf_type(a), image_elf_type(b));
	same_symbols(a, b);
	same_sections(a, b);
	same_objects(a, b);
	assert_int_equal(image_is_stripped(a), image_is_stripped(b));
	same_text(image_symbol_source(a), image_symbol_source(b));
	same_text(image_symtab_source(a), image_symtab_source(b));
	same_functions(a, b);
	same_inlined(a, b);
	for (unsigned int line = 1; line < 120; line += 7)
		same_lines(a, b, line);
	same_text(image_debug_source(a), image_debug_source(b));
	same_text(image_debug_missing(a), image_debug_missing(b));
	assert_null(image_failure(b));
}

static void compare(struct symbolizer *symbolizer, const char *path)
{
	struct image *here, *there;
	struct err *a = image_open(path, -1, &here);
	struct err *b = image_open_in(symbolizer, path, -1, &there);
	assert_int_equal(a == NULL, b == NULL);
	if (a) {
		assert_int_equal(err_kind(a), err_kind(b));
		assert_string_equal(err_what(a), err_what(b));
		assert_string_equal(err_reason(a), err_reason(b));
		err_free(a);
		err_free(b);
		return;
	}
	assert_null(symbolizer_refused(symbolizer));
	same_image(here, there);
	image_close(here);
	image_close(there);
}

static void test_fixtures(void **state)
{
	(void)state;
	struct symbolizer *symbolizer;
	struct dirent *entry;
	size_t compared = 0;
	assert_null(symbolizer_create(NULL, &symbolizer));
	DIR *directory = opendir(FIXTURES);
	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		char path[512];
		/* A whole C library is for the speed test. */
		if (entry->d_type != DT_REG || strcmp(entry->d_name, "static") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", FIXTURES, entry->d_name);
		compare(symbolizer, path);
		compared++;
	}
	closedir(directory);
	assert_true(compared > 20);
	symbolizer_destroy(symbolizer);
}

/* --- the process ------------------------------------------------------------------------------ */

static size_t count_functions(struct image *image)
{
	const struct function *functions;
	size_t count;
	assert_null(image_functions(image, &functions, &count));
	return count;
}

static void test_many_files_one_process(void **state)
{
	(void)state;
	struct symbolizer *symbolizer;
	struct image *images[8];
	assert_null(symbolizer_create(NULL, &symbolizer));
	assert_int_equal(symbolizer_pid(symbolizer), 0);
	symbolizer_start(symbolizer);
	pid_t pid = symbolizer_pid(symbolizer);
	assert_true(pid > 0);
	for (size_t i = 0; i < array_size(images); i++)
		assert_null(image_open_in(symbolizer, FIXTURES "/pie", -1, &images[i]));
	for (size_t i = 0; i < array_size(images); i++)
		assert_true(count_functions(images[i]) > 10);
	assert_int_equal(symbolizer_pid(symbolizer), pid);
	for (size_t i = 0; i < array_size(images); i++)
		image_close(images[i]);
	symbolizer_destroy(symbolizer);
}

/* Killed from outside, as the kernel does when memory is short: nobody notices. */
static void test_killed(void **state)
{
	(void)state;
	struct symbolizer *symbolizer;
	struct image *one, *other;
	assert_null(symbolizer_create(NULL, &symbolizer));
	assert_null(image_open_in(symbolizer, FIXTURES "/pie", -1, &one));
	assert_null(image_open_in(symbolizer, FIXTURES "/nopie", -1, &other));
	kill(symbolizer_pid(symbolizer), SIGKILL);
	assert_true(count_functions(one) > 10);
	assert_true(count_functions(other) > 10);
	assert_null(image_failure(one));
	assert_null(image_failure(other));
	image_close(one);
	image_close(other);
	symbolizer_destroy(symbolizer);
}

/* All that is asked of a function that was expected came with the list: the child is held. */
static void test_expected(void **state)
{
	(void)state;
	const struct symbolizer_options options = {.timeout_ms = 500};
	static const char *const names[] = {"main", "no_such_function"};
	struct symbolizer *symbolizer;
	struct image *here, *there;
	const struct function *list;
	size_t count, compared = 0;
	assert_null(symbolizer_create(&options, &symbolizer));
	assert_null(image_open(FIXTURES "/pie", -1, &here));
	assert_null(image_open_in(symbolizer, FIXTURES "/pie", -1, &there));
	assert_true(count_functions(here) > 10);
	image_expect(there, names, array_size(names));
	assert_null(image_functions(there, &list, &count));
	kill(symbolizer_pid(symbolizer), SIGSTOP);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].symbol, "main") != 0)
			continue;
		same_prototype_of(here, there, &here->functions[i], &list[i]);
		assert_int_equal(image_frame_place(there, list[i].address),
				 image_frame_place(here, list[i].address));
		compared++;
	}
	assert_int_equal(compared, 1);
	assert_false(image_is_stripped(there));
	assert_true(image_imports(there, "strlen") == image_imports(here, "strlen"));
	assert_null(image_failure(there));
	image_close(here);
	image_close(there);
	symbolizer_destroy(symbolizer);
}

/* Who goes through the functions in their order gets the same answers while those that follow are
 * on their way, whatever happens in between: another file, the end of the child. */
static void test_asked_ahead(void **state)
{
	(void)state;
	struct symbolizer *symbolizer;
	struct image *here, *there, *other = NULL;
	const struct function *a, *b;
	size_t n_here, count, on_their_way = 0;
	assert_null(symbolizer_create(NULL, &symbolizer));
	assert_null(image_open("/proc/self/exe", -1, &here));
	assert_null(image_open_in(symbolizer, "/proc/self/exe", -1, &there));
	assert_null(image_functions(here, &a, &n_here));
	assert_null(image_functions(there, &b, &count));
	assert_int_equal(n_here, count);
	assert_true(count > 300);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(image_frame_place(here, a[i].address),
				 image_frame_place(there, b[i].address));
		same_prototype_of(here, there, &a[i], &b[i]);
		if (!symbolizer->ahead)
			continue;
		assert_ptr_equal(symbolizer->ahead, there);
		on_their_way++;
		if (on_their_way == 20)
			kill(symbolizer_pid(symbolizer), SIGKILL);
		if (on_their_way == 100) {
			assert_null(image_open_in(symbolizer, FIXTURES "/pie", -1, &other));
			assert_null(symbolizer->ahead);
			assert_true(count_functions(other) > 10);
		}
	}
	assert_non_null(other);
	assert_null(image_failure(there));
	assert_null(image_failure(other));
	image_close(other);
	image_close(here);
	image_close(there);
	symbolizer_destroy(symbolizer);
}

static void test_without(void **state)
{
	(void)state;
	struct image *image;
	assert_null(image_open_in(NULL, FIXTURES "/pie", -1, &image));
	assert_true(count_functions(image) > 10);
	assert_null(image_failure(image));
	image_close(image);
	assert_null(symbolizer_refused(NULL));
	symbolizer_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixtures),    cmocka_unit_test(test_many_files_one_process),
		cmocka_unit_test(test_killed),	    cmocka_unit_test(test_expected),
		cmocka_unit_test(test_asked_ahead), cmocka_unit_test(test_without),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
