/* SPDX-License-Identifier: Apache-2.0 */
/* Code that uses return addresses, and code that only looks like it, as the assembler makes it. */
#include "tests/unit/unit.h"

#include <elf.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "uprobe/return_slot.h"

/* Text that is never run, in a section of its own; `name_end` bounds it. */
#define TEXT(name, body)                                                         \
	__asm__(".pushsection .rodata\n.balign 16\n" #name ":\n" body "\n" #name \
		"_end:\n.byte 0xcc\n.popsection\n");                             \
	extern const uint8_t name[] __attribute__((visibility("hidden")));       \
	extern const uint8_t name##_end[] __attribute__((visibility("hidden")))

/* __builtin_return_address(0), as gcc -O2, -O0 and with a large frame write it. */
TEXT(reads, "mov (%rsp),%rax\nret");
TEXT(reads_late,
     "push %rbx\nsub $0x200,%rsp\nmov 0x208(%rsp),%rax\nadd $0x200,%rsp\npop %rbx\nret");
TEXT(reads_by_frame, "push %rbp\nmov %rsp,%rbp\nmov 8(%rbp),%rax\npop %rbp\nret");
TEXT(reads_behind_branch, "sub $24,%rsp\ntest %edi,%edi\nje 1f\nadd $24,%rsp\nret\n"
			  "1: cmp %rdx,24(%rsp)\nadd $24,%rsp\nret");
TEXT(reads_in_switch, "sub $24,%rsp\nlea 0x100(%rip),%rdx\nmovslq (%rdx,%rdi,4),%rax\n"
		      "add %rdx,%rax\njmp *%rax\nmov 24(%rsp),%rax\nadd $24,%rsp\nret");
TEXT(reads_behind_probing, "lea -0x9000(%rsp),%r11\n1: sub $0x1000,%rsp\norq $0,(%rsp)\n"
			   "cmp %r11,%rsp\njne 1b\nsub $8,%rsp\nmov 0x9008(%rsp),%rax\n"
			   "add $0x9008,%rsp\nret");
TEXT(pops, "pop %rdx\njmp *%rdx");
TEXT(changes, "addq $2,(%rsp)\nret");
TEXT(gives_place, "mov %rsp,%rdi\nsub $8,%rsp\ncall . + 64\nadd $8,%rsp\nret");
TEXT(gives_place_lea, "sub $8,%rsp\nlea 8(%rsp),%rdi\ncall . + 64\nadd $8,%rsp\nret");
TEXT(pushes_place, "push %rsp\npop %rdi\nret");
TEXT(gives_frame, "push %rbp\nmov %rsp,%rbp\nmov %rbp,%rdi\ncall . + 64\nleave\nret");
TEXT(reads_frame, "push %rbp\nmov %rsp,%rbp\nmov (%rbp),%rax\nmov 8(%rax),%rax\npop %rbp\nret");

/* Arguments on the stack, local variables, what variadic functions pass on. */
TEXT(returns_only, "mov %edi,%eax\nret");
TEXT(argument, "mov 8(%rsp),%rax\nret");
TEXT(argument_by_frame, "push %rbp\nmov %rsp,%rbp\nmov 16(%rbp),%rax\npop %rbp\nret");
TEXT(locals, "sub $24,%rsp\nmov %rdi,(%rsp)\nmov 16(%rsp),%rax\nadd $24,%rsp\nret");
TEXT(red_zone, "mov %rdi,-8(%rsp)\nmov -8(%rsp),%rax\nret");
TEXT(variadic, "sub $0xd8,%rsp\nlea 0xe0(%rsp),%rax\nmov %rax,8(%rsp)\nadd $0xd8,%rsp\nret");
TEXT(two_ends,
     "push %rbx\ntest %edi,%edi\nje 1f\npop %rbx\nret\n1: mov (%rsp),%rax\npop %rbx\nret");
TEXT(indexed, "push %rbx\nmov 8(%rsp,%rdi,8),%rax\npop %rbx\nret");
TEXT(realigned, "lea 8(%rsp),%r10\nand $-32,%rsp\npush -8(%r10)\npush %rbp\nmov %rsp,%rbp\n"
		"push %r10\nsub $8,%rsp\nmov (%rsp),%rax\nmov -8(%rbp),%r10\nleave\n"
		"lea -8(%r10),%rsp\nret");
TEXT(pointer_in_bp, "push %rbp\nsub $0x40,%rsp\nmov %rsp,%rbp\nmov %rbp,%rdi\nmov 8(%rbp),%rax\n"
		    "add $0x40,%rsp\npop %rbp\nret");
TEXT(pointer_in_bp_lea, "push %rbp\nsub $0x40,%rsp\nlea 8(%rsp),%rbp\nmov %rbp,%rdi\n"
			"add $0x40,%rsp\npop %rbp\nret");
TEXT(bp_is_argument, "push %rbp\nmov %rdi,%rbp\nmov 8(%rbp),%rax\nmov %rbp,%rdi\npop %rbp\nret");

/* pop %rsp, and bytes like it inside of other instructions. */
TEXT(pops_stack, "push %rsi\npop %rsp\nret");
TEXT(pops_r12, "push %r12\npop %r12\nret");
TEXT(holds_5c, "mov 0x18(%rsp),%rbx\nmov $0x5c5c5c5c,%eax\nlea 0x5c(%rdi),%rax\nret");

struct expectation {
	const char *name;
	const uint8_t *start, *end;
	bool uses, walks, pops;
};

#define CASE(name, ...)                              \
	{                                            \
#name, name, name##_end, __VA_ARGS__ \
	}

static const struct expectation expectations[] = {
	CASE(reads, true, false, false),
	CASE(reads_late, true, false, false),
	CASE(reads_by_frame, true, true, false),
	CASE(reads_behind_branch, true, false, false),
	CASE(reads_in_switch, true, false, false),
	CASE(reads_behind_probing, true, false, false),
	CASE(pops, true, false, false),
	CASE(changes, true, false, false),
	CASE(gives_place, true, false, false),
	CASE(gives_place_lea, true, false, false),
	CASE(pushes_place, true, false, false),
	CASE(gives_frame, true, true, false),
	CASE(reads_frame, true, true, false),
	CASE(returns_only, false, false, false),
	CASE(argument, false, false, false),
	CASE(argument_by_frame, false, false, false),
	CASE(locals, false, false, false),
	CASE(red_zone, false, false, false),
	CASE(variadic, false, false, false),
	CASE(two_ends, false, false, false),
	CASE(indexed, false, false, false),
	CASE(realigned, false, false, false),
	CASE(pointer_in_bp, false, false, false),
	CASE(pointer_in_bp_lea, false, false, false),
	CASE(bp_is_argument, false, false, false),
	CASE(pops_stack, false, false, true),
	CASE(pops_r12, false, false, false),
	CASE(holds_5c, false, false, false),
};

static void each_is_told(void **state)
{
	(void)state;
	struct decoder decoder;
	assert_true(decoder_init(&decoder, EM_X86_64));
	for (size_t i = 0; i < array_size(expectations); i++) {
		const struct expectation *x = &expectations[i];
		const struct code_part text = {.bytes = x->start,
					       .address = (uintptr_t)x->start,
					       .size = (size_t)(x->end - x->start)};
		bool uses;
		assert_ok(return_slot_search(&decoder, &text, &uses));
		bool walks = frame_walk_search(&decoder, &text);
		bool stack = stack_pop_search(&decoder, &text);
		if (uses != x->uses || walks != x->walks || stack != x->pops)
			fail_msg("%s: uses %d, walks %d, pops %d", x->name, uses, walks, stack);
	}
}

/* Whatever the bytes are, nothing is read behind them; the sanitizers watch. */
static void cut_text_is_harmless(void **state)
{
	(void)state;
	struct decoder decoder;
	assert_true(decoder_init(&decoder, EM_X86_64));
	for (size_t i = 0; i < array_size(expectations); i++) {
		size_t whole = (size_t)(expectations[i].end - expectations[i].start);
		for (size_t size = 0; size < whole; size++) {
			_cleanup_free_ uint8_t *bytes = malloc(size ? size : 1);
			assert_non_null(bytes);
			memcpy(bytes, expectations[i].start, size);
			const struct code_part text = {.bytes = bytes, .size = size};
			bool uses;
			assert_ok(return_slot_search(&decoder, &text, &uses));
			frame_walk_search(&decoder, &text);
			stack_pop_search(&decoder, &text);
		}
	}
}

static void other_machines_are_not_proven(void **state)
{
	(void)state;
	struct decoder decoder;
	bool uses;
	const struct code_part text = {.bytes = returns_only, .size = 3};
	assert_true(decoder_init(&decoder, EM_AARCH64));
	assert_ok(return_slot_search(&decoder, &text, &uses));
	assert_true(uses);
	assert_true(frame_walk_search(&decoder, &text));
	assert_true(stack_pop_search(&decoder, &text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_told),
		cmocka_unit_test(cut_text_is_harmless),
		cmocka_unit_test(other_machines_are_not_proven),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
