/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's frames get the names of /proc/kallsyms, or a reason why there are none. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/stacks/kernel_names.h"

static const char symbols[] = "0000000000000000 A fixed_percpu_data\n"
			      "ffffffff81000200 T vfs_read\n"
			      "ffffffff81000100 T first\n"
			      "ffffffff81000100 t first_alias\n"
			      "ffffffff81000300 D some_data\n"
			      "ffffffffc0000000 t ext4_read\t[ext4]\n"
			      "ffffffffc0001000 t bpf_prog_1234_hit\t[bpf]\n"
			      "not a line\n";

static struct kernel_names *names_of(const char *text, struct err **ret_unnamed)
{
	char path[] = "/tmp/kernel_names.XXXXXX";
	struct kernel_names *names;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_ok(kernel_names_open(path, &names, ret_unnamed));
	unlink(path);
	return names;
}

static void frames_have_names(void **state)
{
	(void)state;
	static const uint64_t addresses[] = {
		0xffffffffc0001010, 0xffffffff81000110, 0xffffffff81000200,
		0xffffffffc0000008, 0xffffffff90000000,
	};
	struct err *unnamed;
	struct kernel_names *names = names_of(symbols, &unnamed);
	assert_null(unnamed);
	struct stack *stack = kernel_names_stack(names, addresses, 5, 100, NULL);
	assert_non_null(stack);
	assert_null(stack->cut);
	/* Our own program is not shown. */
	assert_int_equal(stack->n_frames, 4);
	assert_string_equal(stack->frames[0].place->own.symbol, "first");
	assert_int_equal(stack->frames[0].place_offset, 0x10);
	assert_string_equal(stack->frames[0].module, "[kernel]");
	/* A call at the end of `first` returns behind it. */
	assert_string_equal(stack->frames[1].place->own.symbol, "first");
	assert_int_equal(stack->frames[1].place_offset, 0x100);
	assert_string_equal(stack->frames[2].place->own.symbol, "ext4_read");
	assert_string_equal(stack->frames[2].module, "[ext4]");
	/* Far from everything. */
	assert_null(stack->frames[3].place);
	stack_free(stack);

	/* The first one is where it is, not where a call returns to. */
	stack = kernel_names_stack(names, addresses + 2, 1, 100, "user stack lost");
	assert_string_equal(stack->frames[0].place->own.symbol, "vfs_read");
	assert_string_equal(stack->cut, "user stack lost");
	stack_free(stack);

	stack = kernel_names_stack(names, addresses, 5, 2, NULL);
	assert_int_equal(stack->n_frames, 2);
	stack_free(stack);
	stack = kernel_names_stack(names, addresses, 0, 2, NULL);
	assert_int_equal(stack->n_frames, 0);
	stack_free(stack);
	kernel_names_close(names);
}

static void hidden_names_are_told(void **state)
{
	(void)state;
	static const uint64_t address = 0xffffffff81000110;
	struct err *unnamed;
	struct kernel_names *names =
		names_of("0000000000000000 T first\n0000000000000000 T second\n", &unnamed);
	assert_non_null(unnamed);
	assert_non_null(strstr(err_reason(unnamed), "hides its addresses"));
	err_free(unnamed);
	struct stack *stack = kernel_names_stack(names, &address, 1, 100, NULL);
	assert_int_equal(stack->n_frames, 1);
	assert_int_equal(stack->frames[0].address, address);
	assert_null(stack->frames[0].place);
	stack_free(stack);
	kernel_names_close(names);

	assert_ok(kernel_names_open("/nonexistent/kallsyms", &names, &unnamed));
	assert_non_null(strstr(err_reason(unnamed), "No such file"));
	err_free(unnamed);
	kernel_names_close(names);
	stack = kernel_names_stack(NULL, &address, 1, 100, NULL);
	assert_int_equal(stack->n_frames, 1);
	stack_free(stack);
	kernel_names_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_have_names),
		cmocka_unit_test(hidden_names_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
