/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "probe/kernel_btf.h"

/* --- what the tests read ---------------------------------------------------------------------- */

#define PATH_SIZE 64

static void write_file(char path[PATH_SIZE], const void *bytes, size_t size)
{
	strcpy(path, "/tmp/utrail-btf-XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	close(fd);
}

/*
 * struct inner { int skipped; long wanted; };
 * typedef struct { int counter; } box_t;
 * enum color { RED, GREEN = 7 };
 * struct outer {
 *	int first; const struct inner in; union { char *text; long number; };
 *	int low : 3; int bits : 5; struct inner *pointer; box_t boxes[4]; enum color color;
 * };
 */
static struct btf *make_kernel(void)
{
	struct btf *btf = btf__new_empty();
	int number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int wide = btf__add_int(btf, "long", 8, BTF_INT_SIGNED);
	int text = btf__add_ptr(btf, btf__add_int(btf, "char", 1, BTF_INT_CHAR));
	int inner = btf__add_struct(btf, "inner", 16);
	btf__add_field(btf, "skipped", number, 0, 0);
	btf__add_field(btf, "wanted", wide, 64, 0);
	int box = btf__add_struct(btf, NULL, 4);
	btf__add_field(btf, "counter", number, 0, 0);
	box = btf__add_typedef(btf, "box_t", box);
	int color = btf__add_enum(btf, "color", 4);
	btf__add_enum_value(btf, "RED", 0);
	btf__add_enum_value(btf, "GREEN", 7);
	int either = btf__add_union(btf, NULL, 8);
	btf__add_field(btf, "text", text, 0, 0);
	btf__add_field(btf, "number", wide, 0, 0);
	int constant = btf__add_const(btf, inner), pointer = btf__add_ptr(btf, inner);
	int boxes = btf__add_array(btf, number, box, 4);
	btf__add_struct(btf, "outer", 64);
	btf__add_field(btf, "first", number, 0, 0);
	btf__add_field(btf, "in", constant, 64, 0);
	btf__add_field(btf, NULL, either, 192, 0);
	btf__add_field(btf, "low", number, 256, 3);
	btf__add_field(btf, "bits", number, 259, 5);
	btf__add_field(btf, "pointer", pointer, 320, 0);
	btf__add_field(btf, "boxes", boxes, 384, 0);
	btf__add_field(btf, "color", color, 512 - 32, 0);
	btf__add_func(btf, "a_function", BTF_FUNC_GLOBAL, btf__add_func_proto(btf, number));
	return btf;
}

/* What an object knows of it, under another name's flavour. */
static struct btf *make_local(void)
{
	struct btf *btf = btf__new_empty();
	int number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	btf__add_enum(btf, "color", 4);
	btf__add_enum_value(btf, "GREEN", 1);
	btf__add_struct(btf, "outer___mine", 64);
	static const char *const names[] = {"in",      "wanted", "text",   "bits",
					    "pointer", "boxes",	 "counter"};
	for (size_t i = 0; i < array_size(names); i++)
		btf__add_field(btf, names[i], number, (__u32)i * 32, 0);
	return btf;
}

static struct btf *extract(const struct btf *kernel, const struct btf *local,
			   struct kernel_btf_name *names, size_t count)
{
	char path[PATH_SIZE];
	__u32 size;
	const void *bytes = btf__raw_data(kernel, &size);
	_cleanup_free_ void *made = NULL;
	size_t made_size;
	write_file(path, bytes, size);
	struct err *e = kernel_btf_extract(path, local, names, count, &made, &made_size);
	unlink(path);
	assert_null(e);
	struct btf *btf = btf__new(made, (__u32)made_size);
	assert_non_null(btf);
	return btf;
}

static const struct btf_type *find_type(const struct btf *btf, const char *name, __u32 kind)
{
	int id = btf__find_by_name_kind(btf, name, kind);
	return id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;
}

static int member_index(const struct btf *btf, const struct btf_type *type, const char *name)
{
	for (int i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), name))
			return i;
	return -1;
}

static const struct btf_type *member_type(const struct btf *btf, const struct btf_type *type,
					  const char *name)
{
	int i = member_index(btf, type, name);
	assert_true(i >= 0);
	return btf__type_by_id(btf, btf_members(type)[i].type);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_members_keep_their_places(void **state)
{
	(void)state;
	struct btf *kernel = make_kernel(), *local = make_local();
	struct btf *made = extract(kernel, local, NULL, 0);
	const struct btf_type *outer = find_type(made, "outer", BTF_KIND_STRUCT);
	assert_non_null(outer);
	assert_int_equal(outer->size, 64);
	assert_int_equal(member_index(made, outer, "first"), -1); /* nobody asked */
	assert_int_equal(member_index(made, outer, "low"), -1);
	static const struct {
		const char *name;
		__u32 bits, width;
	} wanted[] = {{"in", 64, 0},
		      {"", 192, 0},
		      {"bits", 259, 5},
		      {"pointer", 320, 0},
		      {"boxes", 384, 0}};
	for (size_t i = 0; i < array_size(wanted); i++) {
		int at = member_index(made, outer, wanted[i].name);
		assert_true(at >= 0);
		assert_int_equal(btf_member_bit_offset(outer, (__u32)at), wanted[i].bits);
		assert_int_equal(btf_member_bitfield_size(outer, (__u32)at), wanted[i].width);
	}
	const struct btf_type *inner = member_type(made, outer, "in");
	assert_true(btf_is_struct(inner));
	assert_int_equal(member_index(made, inner, "skipped"), -1);
	assert_int_equal(btf_member_bit_offset(inner, 0), 64);
	const struct btf_type *either = member_type(made, outer, "");
	assert_true(btf_is_union(either));
	assert_int_equal(member_index(made, either, "text"), 0);
	btf__free(made);
	btf__free(local);
	btf__free(kernel);
}

static void test_types_of_members(void **state)
{
	(void)state;
	struct btf *kernel = make_kernel(), *local = make_local();
	struct btf *made = extract(kernel, local, NULL, 0);
	const struct btf_type *outer = find_type(made, "outer", BTF_KIND_STRUCT);
	const struct btf_type *pointer = member_type(made, outer, "pointer");
	assert_true(btf_is_ptr(pointer));
	assert_int_equal(pointer->type, 0);
	const struct btf_type *boxes = member_type(made, outer, "boxes");
	assert_true(btf_is_array(boxes));
	assert_int_equal(btf_array(boxes)->nelems, 4);
	const struct btf_type *box = btf__type_by_id(made, btf_array(boxes)->type);
	assert_true(btf_is_struct(box));
	assert_int_equal(box->size, 4);
	const struct btf_type *color = find_type(made, "color", BTF_KIND_ENUM);
	assert_non_null(color);
	assert_int_equal(btf_vlen(color), 1);
	assert_int_equal(btf_enum(color)[0].val, 7);
	btf__free(made);
	btf__free(local);
	btf__free(kernel);
}

static void test_ids_of_names(void **state)
{
	(void)state;
	struct kernel_btf_name names[] = {{"a_function", BTF_KIND_FUNC, 0, 0},
					  {"a_functio", BTF_KIND_FUNC, 0, 0},
					  {"a_function_", BTF_KIND_FUNC, 0, 0},
					  {"a_function", BTF_KIND_TYPEDEF, 0, 0},
					  {"box_t", BTF_KIND_TYPEDEF, 0, 0}};
	struct btf *kernel = make_kernel(), *local = btf__new_empty();
	btf__free(extract(kernel, local, names, array_size(names)));
	for (size_t i = 0; i < array_size(names); i++) {
		int id = btf__find_by_name_kind(kernel, names[i].name, names[i].kind);
		assert_int_equal(names[i].id, id > 0 ? id : 0);
	}
	assert_int_not_equal(names[0].id, 0);
	btf__free(local);
	btf__free(kernel);
}

/* The same as libbpf finds in the whole of it. */
static void test_running_kernel(void **state)
{
	(void)state;
	static const char *const members[] = {"pid", "comm", "se", "real_parent", "start_boottime"};
	if (access(KERNEL_BTF_PATH, R_OK) != 0)
		skip();
	struct btf *local = btf__new_empty(), *kernel = btf__load_vmlinux_btf();
	assert_non_null(kernel);
	int number = btf__add_int(local, "int", 4, BTF_INT_SIGNED);
	btf__add_struct(local, "task_struct", 64);
	for (size_t i = 0; i < array_size(members); i++)
		btf__add_field(local, members[i], number, (__u32)i * 32, 0);
	struct kernel_btf_name names[] = {{"btf_trace_sys_enter", BTF_KIND_TYPEDEF, 0, 0},
					  {"bpf_iter_task", BTF_KIND_FUNC, 0, 0},
					  {"no such function", BTF_KIND_FUNC, 0, 0}};
	_cleanup_free_ void *bytes = NULL;
	size_t size;
	assert_null(kernel_btf_extract(KERNEL_BTF_PATH, local, names, array_size(names), &bytes,
				       &size));
	assert_true(size < 64 << 10);
	for (size_t i = 0; i < array_size(names); i++) {
		int id = btf__find_by_name_kind(kernel, names[i].name, names[i].kind);
		assert_int_equal(names[i].id, id > 0 ? id : 0);
	}
	/* include/trace/events/syscalls.h: registers and number, behind the kernel's own. */
	assert_int_equal(names[0].arguments, 3);
	assert_int_equal(names[1].arguments, 0);
	struct btf *made = btf__new(bytes, (__u32)size);
	assert_non_null(made);
	const struct btf_type *task = find_type(made, "task_struct", BTF_KIND_STRUCT);
	const struct btf_type *whole = find_type(kernel, "task_struct", BTF_KIND_STRUCT);
	assert_int_equal(task->size, whole->size);
	for (size_t i = 0; i < array_size(members); i++) {
		int at = member_index(made, task, members[i]);
		int real = member_index(kernel, whole, members[i]);
		assert_true(at >= 0 && real >= 0);
		assert_int_equal(btf_member_bit_offset(task, (__u32)at),
				 btf_member_bit_offset(whole, (__u32)real));
	}
	btf__free(made);
	btf__free(kernel);
	btf__free(local);
}

static void assert_refused(const void *bytes, size_t size, const struct btf *local)
{
	char path[PATH_SIZE];
	_cleanup_free_ void *made = NULL;
	size_t made_size;
	write_file(path, bytes, size);
	struct err *e = kernel_btf_extract(path, local, NULL, 0, &made, &made_size);
	unlink(path);
	assert_non_null(e);
	assert_int_equal(err_kind(e), ERR_UNSUPPORTED);
	err_free(e);
}

static void test_damage(void **state)
{
	(void)state;
	struct btf *kernel = make_kernel(), *local = make_local();
	__u32 size;
	const uint8_t *bytes = btf__raw_data(kernel, &size);
	for (__u32 length = 0; length < size; length++)
		assert_refused(bytes, length, local);
	assert_true(size > 0);
	_cleanup_free_ uint8_t *changed = malloc(size + 1);
	for (__u32 at = 0; at < size; at++) {
		char path[PATH_SIZE];
		_cleanup_free_ void *made = NULL;
		size_t made_size;
		memcpy(changed, bytes, size);
		changed[at] = (uint8_t)~changed[at];
		write_file(path, changed, size);
		/* Whatever it says: it comes back. */
		err_free(kernel_btf_extract(path, local, NULL, 0, &made, &made_size));
		unlink(path);
	}
	btf__free(local);
	btf__free(kernel);
}

/* A structure that has itself as a member, and a typedef of itself. */
static void test_circles(void **state)
{
	(void)state;
	struct btf *kernel = btf__new_empty(), *local = make_local();
	__u32 size;
	btf__add_struct(kernel, "outer", 8);
	btf__add_field(kernel, "in", 1, 0, 0);
	const void *bytes = btf__raw_data(kernel, &size);
	assert_refused(bytes, size, local);
	btf__free(kernel);
	kernel = btf__new_empty();
	btf__add_typedef(kernel, "outer", 1);
	btf__free(extract(kernel, local, NULL, 0));
	btf__free(kernel);
	btf__free(local);
}

static void test_no_file(void **state)
{
	(void)state;
	struct btf *local = make_local();
	void *made = NULL;
	size_t size;
	struct err *e = kernel_btf_extract("/nonexistent", local, NULL, 0, &made, &size);
	assert_int_equal(err_kind(e), ERR_UNSUPPORTED);
	err_free(e);
	btf__free(local);
}

static void a_kernel_without_is_named(void **state)
{
	(void)state;
	struct err *e = kernel_btf_missing();
	char *text = err_text(e, "error");
	assert_non_null(strstr(text, "CONFIG_DEBUG_INFO_BTF"));
	assert_non_null(strstr(text, "utrail check"));
	free(text);
	err_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_without_is_named),
		cmocka_unit_test(test_members_keep_their_places),
		cmocka_unit_test(test_types_of_members),
		cmocka_unit_test(test_ids_of_names),
		cmocka_unit_test(test_running_kernel),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_circles),
		cmocka_unit_test(test_no_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
