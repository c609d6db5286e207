/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts over programs that the build makes for this, and over what the system has. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <unistd.h>

#include "common/array.h"
#include "uprobe/safety.h"
#include "uprobe/uprobe.h"

#define LIBC   "/lib/x86_64-linux-gnu/libc.so.6"
#define LOADER "/lib64/ld-linux-x86-64.so.2"
#define IMAGES 8

/* The verdict over these files together; false: one of them is not on this machine. */
static bool prove(const char *const *paths, struct arena *arena, struct return_verdict *ret)
{
	struct image *images[IMAGES] = {0};
	size_t count = 0;
	bool all = true;
	for (; all && paths[count]; count++) {
		all = access(paths[count], R_OK) == 0;
		if (all)
			assert_ok(image_open(paths[count], -1, &images[count]));
		else
			break;
	}
	if (all)
		assert_ok(return_prove(images, count, FILTER_HARMLESS, false, arena, ret));
	else
		printf("not here: %s\n", paths[count]);
	while (count > 0)
		image_close(images[--count]);
	return all;
}

static void expect(const char *const *paths, enum return_mode mode, const char *why)
{
	struct arena arena = {0};
	struct return_verdict verdict;
	if (prove(paths, &arena, &verdict)) {
		if (verdict.mode != mode || !strstr(verdict.why, why))
			fail_msg("%s: mode %d, why '%s'", paths[0], verdict.mode, verdict.why);
	}
	arena_deinit(&arena);
}

#define EXPECT(mode, why, ...) expect((const char *const[]){__VA_ARGS__, NULL}, mode, why)

static void a_plain_program_is_proven(void **state)
{
	(void)state;
	EXPECT(RETURN_TRAMPOLINE, "nothing in the process", TARGET_PLAIN_PATH, LIBC, LOADER);
	/* libc alone: what it offers is not what it does. */
	EXPECT(RETURN_TRAMPOLINE, "nothing in the process", LIBC, LOADER);
}

static void each_danger_is_named(void **state)
{
	(void)state;
	EXPECT(RETURN_SITE, "target_ucontext can switch stacks", TARGET_UCONTEXT_PATH, LIBC);
	EXPECT(RETURN_SITE, "target_cleanup can throw through the frame", TARGET_CLEANUP_PATH,
	       LIBC);
	EXPECT(RETURN_SITE, "target_thread can end threads by unwinding", TARGET_THREAD_PATH, LIBC);
	EXPECT(RETURN_SITE, "target_altstack can handle signals on another stack",
	       TARGET_ALTSTACK_PATH, LIBC);
	EXPECT(RETURN_SITE, "target_frames may read return addresses", TARGET_FRAMES_PATH, LIBC);
}

static void a_switch_without_a_name_is_found(void **state)
{
	(void)state;
	EXPECT(RETURN_SITE, "target_switch may switch stacks", TARGET_SWITCH_PATH, LIBC);
	EXPECT(RETURN_SITE, "target_switch_add may switch stacks", TARGET_SWITCH_ADD_PATH, LIBC);
	EXPECT(RETURN_SITE, "target_switch_or may switch stacks", TARGET_SWITCH_OR_PATH, LIBC);
	EXPECT(RETURN_SITE, "target_switch_vector may switch", TARGET_SWITCH_VECTOR_PATH, LIBC);
	EXPECT(RETURN_SITE, "target_switch_if may switch stacks", TARGET_SWITCH_IF_PATH, LIBC);
	EXPECT(RETURN_SITE, "target_switch_leave may switch", TARGET_SWITCH_LEAVE_PATH, LIBC);
}

static void a_signal_stack_without_a_wrapper_is_found(void **state)
{
	(void)state;
	EXPECT(RETURN_SITE, "target_raw_signals can handle signals on another stack",
	       TARGET_RAW_SIGNALS_PATH, LIBC);
	EXPECT(RETURN_SITE, "target_own_signals can handle signals on another stack",
	       TARGET_OWN_SIGNALS_PATH, LIBC);
}

static void handlers_that_read_what_they_interrupt_are_found(void **state)
{
	(void)state;
	static const char *const programs[] = {
		TARGET_PROFILER_O0_PATH,	TARGET_PROFILER_O2_PATH,
		TARGET_PROFILER_TABLE_O0_PATH,	TARGET_PROFILER_TABLE_O2_PATH,
		TARGET_PROFILER_CALLS_O0_PATH,	TARGET_PROFILER_CALLS_O2_PATH,
		TARGET_PROFILER_COPIES_O0_PATH, TARGET_PROFILER_COPIES_O2_PATH,
		TARGET_PROFILER_KEEPS_O0_PATH,	TARGET_PROFILER_KEEPS_O2_PATH,
		TARGET_PROFILER_COUNTS_O0_PATH, TARGET_PROFILER_COUNTS_O2_PATH,
		TARGET_PROFILER_FIXED_PATH,	TARGET_PROFILER_TABLE_FIXED_PATH,
	};
	for (size_t i = 0; i < array_size(programs); i++)
		EXPECT(RETURN_SITE, "a signal handler takes the stack that it interrupts",
		       programs[i], LIBC);
	EXPECT(RETURN_TRAMPOLINE, "nothing in the process", TARGET_CALLBACKS_PATH, LIBC);
}

static void makers_of_code_are_found(void **state)
{
	(void)state;
	EXPECT(RETURN_SITE, "target_maker makes code at run time", TARGET_MAKER_PATH, LIBC);
	EXPECT(RETURN_SITE, "target_raw_maker makes code at run time", TARGET_RAW_MAKER_PATH, LIBC);
}

static void static_programs_are_judged_by_their_symbols(void **state)
{
	(void)state;
#ifdef TARGET_STATIC_PATH
	EXPECT(RETURN_SITE, "target_static has code that exceptions pass", TARGET_STATIC_PATH);
	EXPECT(RETURN_SITE, "target_static_stripped has", TARGET_STATIC_STRIPPED_PATH);
#else
	puts("no static C library here");
#endif
}

static void one_bad_file_among_good_ones_decides(void **state)
{
	(void)state;
	EXPECT(RETURN_SITE, "libstdc++.so.6 can throw", TARGET_PLAIN_PATH, LIBC, LOADER,
	       "/usr/lib/x86_64-linux-gnu/libstdc++.so.6");
	EXPECT(RETURN_SITE, "libgcc_s.so.1 can unwind", TARGET_PLAIN_PATH, LIBC,
	       "/lib/x86_64-linux-gnu/libgcc_s.so.1");
	EXPECT(RETURN_SITE, "bash can load further libraries", "/bin/bash", LIBC, LOADER);
}

static void what_is_not_known_is_not_proven(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct return_verdict verdict;
	struct image *image;
	assert_ok(image_open(TARGET_PLAIN_PATH, -1, &image));
	assert_ok(return_prove(&image, 1, FILTER_HARMLESS, true, &arena, &verdict));
	assert_int_equal(verdict.mode, RETURN_SITE);
	assert_non_null(strstr(verdict.why, "not all files"));
	assert_ok(return_prove(&image, 1, FILTER_IN_FORCE, false, &arena, &verdict));
	assert_int_equal(verdict.mode, RETURN_SITE);
	assert_non_null(strstr(verdict.why, "seccomp"));
	assert_ok(return_prove(NULL, 0, FILTER_HARMLESS, false, &arena, &verdict));
	assert_int_equal(verdict.mode, RETURN_SITE);
	image_close(image);
	arena_deinit(&arena);
}

static void who_can_filter_is_not_proven_where_a_filter_sees_it(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		enum return_filter filter;
		enum return_mode mode;
	} rows[] = {
		{TARGET_FILTERING_PATH, FILTER_MAY_COME, RETURN_SITE},
		{TARGET_FILTERING_PATH, FILTER_HARMLESS, RETURN_TRAMPOLINE},
		{TARGET_PLAIN_PATH, FILTER_MAY_COME, RETURN_TRAMPOLINE},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct arena arena = {0};
		struct return_verdict verdict;
		struct image *image;
		assert_ok(image_open(rows[i].path, -1, &image));
		assert_ok(return_prove(&image, 1, rows[i].filter, false, &arena, &verdict));
		if (verdict.mode != rows[i].mode)
			fail_msg("row %zu: mode %d, why '%s'", i, verdict.mode, verdict.why);
		if (verdict.mode == RETURN_SITE)
			assert_non_null(strstr(verdict.why, "can install a seccomp filter"));
		image_close(image);
		arena_deinit(&arena);
	}
}

static void the_kernels_whose_filters_see_it_are_known(void **state)
{
	(void)state;
#if defined(__x86_64__)
	assert_int_equal(return_filter_of("6.10.11+bpo-amd64"), FILTER_HARMLESS);
	assert_int_equal(return_filter_of("6.11.0"), FILTER_MAY_COME);
	assert_int_equal(return_filter_of("6.12.13-amd64"), FILTER_MAY_COME);
	assert_int_equal(return_filter_of("6.12.107+deb13-amd64"), FILTER_HARMLESS);
	assert_int_equal(return_filter_of("6.13.1-1-default"), FILTER_MAY_COME);
	assert_int_equal(return_filter_of("6.14-rc1"), FILTER_HARMLESS);
	assert_int_equal(return_filter_of("5.12.0"), FILTER_HARMLESS);
	assert_int_equal(return_filter_of("7.12.3"), FILTER_HARMLESS);
	assert_int_equal(return_filter_of("custom"), FILTER_MAY_COME);
#else
	assert_int_equal(return_filter_of("6.12.0"), FILTER_HARMLESS);
#endif
}

static void functions_that_use_their_return_address_are_known(void **state)
{
	(void)state;
	static const char *const do_use[] = {
		"setjmp",	  "_setjmp", "__sigsetjmp", "vfork",	     "dlsym", "__GI_dlsym",
		"_Unwind_Resume", "mcount",  "__fentry__",  "__longjmp_chk", "_start"};
	static const char *const do_not[] = {"malloc", "main", "read", "start_thread", "set", "_"};
	for (size_t i = 0; i < array_size(do_use); i++)
		if (!return_address_matters(do_use[i]))
			fail_msg("%s", do_use[i]);
	for (size_t i = 0; i < array_size(do_not); i++)
		if (return_address_matters(do_not[i]))
			fail_msg("%s", do_not[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_program_is_proven),
		cmocka_unit_test(each_danger_is_named),
		cmocka_unit_test(a_switch_without_a_name_is_found),
		cmocka_unit_test(a_signal_stack_without_a_wrapper_is_found),
		cmocka_unit_test(handlers_that_read_what_they_interrupt_are_found),
		cmocka_unit_test(makers_of_code_are_found),
		cmocka_unit_test(static_programs_are_judged_by_their_symbols),
		cmocka_unit_test(one_bad_file_among_good_ones_decides),
		cmocka_unit_test(what_is_not_known_is_not_proven),
		cmocka_unit_test(who_can_filter_is_not_proven_where_a_filter_sees_it),
		cmocka_unit_test(the_kernels_whose_filters_see_it_are_known),
		cmocka_unit_test(functions_that_use_their_return_address_are_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
