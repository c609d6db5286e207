/* SPDX-License-Identifier: Apache-2.0 */
/* Stack checks as Go's assembler writes them, and code that only looks like one. */
#include "tests/unit/unit.h"

#include <elf.h>

#include "common/array.h"
#include "uprobe/go_check.h"

/* Text that is never run, in a section of its own; `name_end` bounds it, `name_site` is behind the
 * check. The call's target is what is_morestack() knows. */
#define TEXT(name, body)                                                         \
	__asm__(".pushsection .rodata\n.balign 16\n" #name ":\n" body "\n" #name \
		"_end:\n.fill 64,1,0xcc\n.popsection\n");                        \
	extern const uint8_t name[] __attribute__((visibility("hidden")));       \
	extern const uint8_t name##_end[] __attribute__((visibility("hidden"))); \
	extern const uint8_t name##_site[] __attribute__((visibility("hidden")))
#define SITE(name) "\n" #name "_site: sub $32,%rsp\nadd $32,%rsp\nret\n"
#define MORE(name) "9: mov %rax,8(%rsp)\ncall " #name "_end\nmov 8(%rsp),%rax\njmp " #name "\n"

TEXT(small, "cmp 16(%r14),%rsp\njbe 9f" SITE(small) MORE(small));
TEXT(small_far, "cmp 16(%r14),%rsp\njbe 9f" SITE(small_far) ".fill 300,1,0x90\n" MORE(small_far));
TEXT(of_thread, "cmp 24(%r14),%rsp\njbe 9f" SITE(of_thread) MORE(of_thread));
TEXT(middle, "lea -40(%rsp),%r12\ncmp 16(%r14),%r12\njbe 9f" SITE(middle) MORE(middle));
TEXT(middle_far,
     "lea -4000(%rsp),%r12\ncmp 16(%r14),%r12\njbe 9f" SITE(middle_far) MORE(middle_far));
TEXT(large,
     "mov %rsp,%r12\nsub $0x12000,%r12\njb 9f\ncmp 16(%r14),%r12\njbe 9f" SITE(large) MORE(large));
/* What recovers goes on where no branch leads, and an indexed jump is a switch. */
TEXT(recovers, "cmp 16(%r14),%rsp\njbe 9f" SITE(recovers) "nop\nnop\nret\n" MORE(recovers));
TEXT(switches, "cmp 16(%r14),%rsp\njbe 9f\nswitches_site: sub $8,%rsp\nlea 0x1000(%rip),%rax\n"
	       "jmp *(%rax,%rcx,8)\nadd $8,%rsp\nret\n" MORE(switches));

/* Another register, word or condition. */
TEXT(other_register, "cmp 16(%r13),%rsp\njbe 9f" SITE(other_register) MORE(other_register));
TEXT(other_word, "cmp 32(%r14),%rsp\njbe 9f" SITE(other_word) MORE(other_word));
TEXT(other_condition, "cmp 16(%r14),%rsp\nja 9f" SITE(other_condition) MORE(other_condition));
TEXT(other_scratch,
     "lea -40(%rsp),%r10\ncmp 16(%r14),%r10\njbe 9f" SITE(other_scratch) MORE(other_scratch));
TEXT(other_base, "lea -40(%rbp),%r12\ncmp 16(%r14),%r12\njbe 9f" SITE(other_base) MORE(other_base));
TEXT(two_targets, "mov %rsp,%r12\nsub $0x12000,%r12\njb 8f\ncmp 16(%r14),%r12\njbe 9f" SITE(
			  two_targets) "8: ret\n" MORE(two_targets));
TEXT(no_underflow, "mov %rsp,%r12\nsub $0x12000,%r12\ncmp 16(%r14),%r12\njbe 9f" SITE(no_underflow)
			   MORE(no_underflow));
/* What the jump leads to is something else. */
TEXT(no_call, "cmp 16(%r14),%rsp\njbe 9f" SITE(no_call) "9: nop\njmp no_call\n");
TEXT(other_call, "cmp 16(%r14),%rsp\njbe 9f" SITE(other_call) "9: call . + 100\njmp other_call\n");
TEXT(two_calls,
     "cmp 16(%r14),%rsp\njbe 9f" SITE(two_calls) "9: call two_calls_end\n" MORE(two_calls));
TEXT(no_way_back, "cmp 16(%r14),%rsp\njbe 9f" SITE(no_way_back) "9: call no_way_back_end\nret\n");
TEXT(back_elsewhere, "cmp 16(%r14),%rsp\njbe 9f" SITE(back_elsewhere) "9: call back_elsewhere_end\n"
								      "jmp back_elsewhere_site\n");
/* Calls could not be told from rounds. */
TEXT(loops_to_site, "cmp 16(%r14),%rsp\njbe 9f\nloops_to_site_site: dec %eax\n"
		    "jne loops_to_site_site\nret\n" MORE(loops_to_site));
TEXT(loops_to_start, "cmp 16(%r14),%rsp\njbe 9f\nloops_to_start_site: dec %eax\n"
		     "jne loops_to_start\nret\n" MORE(loops_to_start));
/* Where the goroutine is another thing's: Go before 1.17, and its assembler. */
TEXT(old, "mov %fs:-8,%rcx\ncmp 16(%rcx),%rsp\njbe 9f" SITE(old) MORE(old));
TEXT(plain, "sub $8,%rsp\nadd $8,%rsp\nplain_site: ret");

struct given {
	const uint8_t *start, *end, *site;
};
#define GIVEN(name) ((struct given){name, name##_end, name##_site})

/* At its own address, so that labels are addresses. */
static bool is_end(void *context, uint64_t target)
{
	const struct given *given = context;
	return target == (uintptr_t)given->end;
}

static struct code_request request_of(struct given *given)
{
	size_t size = (size_t)(given->end - given->start);
	return (struct code_request){
		.machine = EM_X86_64,
		.text = {.bytes = given->start, .address = (uintptr_t)given->start, .size = size},
		.size = size,
		.is_morestack = is_end,
		.find_context = given,
	};
}

static struct code decoded(struct given given, struct arena *arena, bool in_go)
{
	struct code_request request = request_of(&given);
	struct code code;
	if (!in_go)
		request.is_morestack = NULL;
	assert_null(code_decode_request(&request, arena, &code));
	return code;
}

static void test_behind(void **state)
{
	const struct given checks[] = {GIVEN(small),	GIVEN(small_far),  GIVEN(of_thread),
				       GIVEN(middle),	GIVEN(middle_far), GIVEN(large),
				       GIVEN(recovers), GIVEN(switches)};
	struct arena arena = {0};
	(void)state;
	for (size_t i = 0; i < array_size(checks); i++) {
		struct code code = decoded(checks[i], &arena, true);
		assert_int_equal(code.entry.address, (uintptr_t)checks[i].site);
		assert_int_equal(code.entry.length, 4);
		assert_true(code.behind_check);
		assert_string_equal(code.entry_why, "behind Go's stack check");
		assert_true(code.whole);
		assert_int_equal(code.n_returns, checks[i].start == recovers ? 2 : 1);
		assert_int_equal(code.n_tail_jumps, 0);
	}
	arena_deinit(&arena);
}

/* The same bytes in a program that is not Go's are a loop to the start. */
static void test_elsewhere(void **state)
{
	struct arena arena = {0};
	(void)state;
	struct code code = decoded(GIVEN(small), &arena, false);
	assert_int_equal(code.entry.length, 0);
	assert_non_null(strstr(code.why_not, "a loop"));
	code = decoded(GIVEN(plain), &arena, true);
	assert_int_equal(code.entry.address, (uintptr_t)plain);
	assert_false(code.behind_check);
	arena_deinit(&arena);
}

static void test_refused(void **state)
{
	const struct given others[] = {
		GIVEN(other_register),
		GIVEN(other_word),
		GIVEN(other_condition),
		GIVEN(other_scratch),
		GIVEN(other_base),
		GIVEN(two_targets),
		GIVEN(no_underflow),
		GIVEN(no_call),
		GIVEN(other_call),
		GIVEN(two_calls),
		GIVEN(no_way_back),
		GIVEN(back_elsewhere),
		GIVEN(old),
	};
	struct decoder decoder;
	(void)state;
	assert_true(decoder_init(&decoder, EM_X86_64));
	for (size_t i = 0; i < array_size(others); i++) {
		struct given given = others[i];
		struct code_request request = request_of(&given);
		struct go_check check = go_check_find(&request, &decoder);
		assert_int_equal(check.behind, 0);
	}
}

static void test_why(void **state)
{
	struct arena arena = {0};
	(void)state;
	assert_non_null(strstr(decoded(GIVEN(old), &arena, true).why_not, "before 1.17"));
	assert_non_null(strstr(decoded(GIVEN(other_call), &arena, true).why_not, "no form"));
	assert_non_null(strstr(decoded(GIVEN(loops_to_site), &arena, true).why_not, "rounds"));
	assert_non_null(strstr(decoded(GIVEN(loops_to_start), &arena, true).why_not, "rounds"));
	arena_deinit(&arena);
}

/* Every prefix: what is cut off is not read. */
static void test_cut(void **state)
{
	struct decoder decoder;
	struct given given = GIVEN(large);
	(void)state;
	assert_true(decoder_init(&decoder, EM_X86_64));
	struct code_request request = request_of(&given);
	size_t whole = request.size;
	for (size_t size = 1; size < whole; size++) {
		uint8_t *copy = malloc(size);
		assert_non_null(copy);
		memcpy(copy, given.start, size);
		request.size = request.text.size = size;
		request.text.bytes = copy;
		assert_int_equal(go_check_find(&request, &decoder).behind, 0);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_behind),	cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_why),
		cmocka_unit_test(test_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
