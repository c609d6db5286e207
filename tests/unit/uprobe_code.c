/* SPDX-License-Identifier: Apache-2.0 */
/* Placement in functions that the assembler makes; the labels in them say what is to be found. */
#include "tests/unit/unit.h"

#include <elf.h>
#include <string.h>

#include "common/array.h"
#include "uprobe/code.h"

/* Text that is never run, in a section of its own; `name_end` bounds it. */
#define TEXT(name, body)                                                         \
	__asm__(".pushsection .rodata\n.balign 16\n" #name ":\n" body "\n" #name \
		"_end:\n.byte 0xcc\n.popsection\n");                             \
	extern const uint8_t name[] __attribute__((visibility("hidden")));       \
	extern const uint8_t name##_end[] __attribute__((visibility("hidden")))

TEXT(landing_push, "endbr64\npush %rbp\nmov %rsp,%rbp\npop %rbp\nret");
TEXT(landing_push_high, "endbr64\npush %r12\npop %r12\nret");
TEXT(landing_sub, "endbr64\nsub $8,%rsp\nadd $8,%rsp\nret");
TEXT(landing_nop, "endbr64\nnop\nret");
TEXT(landing_nop5, "endbr64\n.byte 0x0f,0x1f,0x44,0,0\nret");
TEXT(landing_nop5_prefixes, "endbr64\n.byte 0x66,0x66,0x66,0x66,0x90\nret");
TEXT(landing_call, "endbr64\ncall . + 64\nret");
TEXT(landing_jump, "endbr64\njmp 1f\n1: ret");
TEXT(push_targeted, "endbr64\n1: push %rax\ndec %edi\njne 1b\nret");
TEXT(push_targeted_far, "endbr64\n1: push %rax\n.fill 300,1,0x90\ndec %edi\njne 1b\nret");
TEXT(first_targeted, "1: dec %edi\njne 1b\nret");
TEXT(landing_targeted, "1: endbr64\npush %rax\ndec %edi\njne 1b\nret");
TEXT(nop5_first, ".byte 0x0f,0x1f,0x44,0,0\nret");
TEXT(nop5_later, "mov %edi,%eax\n.byte 0x0f,0x1f,0x44,0,0\nret");
TEXT(call_first, "call . + 64\nret");
TEXT(call_indirect_first, "call *8(%rdi)\nret");
TEXT(lock_first, "lock incl (%rdi)\nret");
TEXT(trap_first, "ud2");
TEXT(breakpoint_first, "int3\nret");
TEXT(halt_first, "hlt");
TEXT(syscall_first, "syscall\nret");
TEXT(interrupt_first, "int $0x80\nret");
TEXT(xchg_first, "xchg %r8,%rax\nret");
TEXT(vmovdqa_first, "vmovdqa (%rdi),%ymm0\nret");
TEXT(vmovaps_first, "vmovaps (%rdi),%ymm0\nret");
TEXT(vaddps_first, "vaddps %ymm0,%ymm1,%ymm2\nret");
/* Taken for jumps, a return and popf. */
TEXT(vpor_first, "vpor %xmm0,%xmm1,%xmm2\nret");
TEXT(vpcmpeqb_first, "vpcmpeqb %xmm0,%xmm1,%xmm2\nret");
TEXT(vcmpps_first, "vcmpps $0,%xmm0,%xmm1,%xmm2\nret");
TEXT(vfnmadd_first, "vfnmadd132ss %xmm0,%xmm1,%xmm2\nret");
TEXT(vpbroadcastb_first, ".byte 0x62,0xe2,0x7d,0x28,0x7a,0xce\nret"); /* %esi,%ymm17 */
TEXT(fma4_first, "vfmaddsd %xmm2,%xmm1,%xmm0,%xmm0\nret");
TEXT(fma3_first, "vfmadd213sd %xmm2,%xmm1,%xmm0\nret");
TEXT(xop_first, "vpcmov %xmm0,%xmm1,%xmm2,%xmm3\nret");
TEXT(fp16_first, ".byte 0x62,0xf5,0x74,0x08,0x58,0xc0\nret"); /* vaddph */
TEXT(pushf_first, "pushfq\npop %rax\nret");
TEXT(popf_first, "popfq\nret");
TEXT(rep_first, "rep stosb\nret");
TEXT(repne_first, "repne scasb\nret");
TEXT(string_first, "stosb\nret");
TEXT(segment_first, ".byte 0x2e\nmov (%rdi),%eax\nret");
TEXT(tls_first, "mov %fs:0x28,%rax\nret");
TEXT(riprel_first, "mov 0x1000(%rip),%rax\nret");
TEXT(pop_first, "pop %rax\njmp *%rax");
TEXT(push_wide, ".byte 0x48,0x50\npop %rax\nret"); /* REX.W: not what the kernel emulates */
TEXT(returns, "test %edi,%edi\nje 1f\nret\n1: repz ret");
TEXT(return_imm, "ret $8");
TEXT(return_bnd, ".byte 0xf2\nret"); /* bnd, which clang does not know by name */
TEXT(tail_jump, "test %edi,%edi\nje 1f\nret\n1: jmp . + 0x4000");
TEXT(tail_linkage, "jmp *0x2000(%rip)");
TEXT(tail_virtual, "mov (%rdi),%rax\njmp *0x18(%rax)");
TEXT(tail_register, "mov 8(%rdi),%rax\njmp *%rax");
TEXT(tail_conditional, "test %edi,%edi\nje . + 0x4000\nret");
TEXT(loop_inside, "mov $3,%ecx\n1: dec %ecx\njne 1b\nret");
TEXT(rcx_branches, "mov $3,%ecx\n1: loop 1b\njrcxz 1b\nret");
TEXT(noreturn_end, "sub $8,%rsp\ncall . + 64");
TEXT(runs_on, "mov %edi,%eax\nadd $1,%eax");
TEXT(data_inside, "mov 1f(%rip),%rax\nret\n1: .quad 0x1122334455667788\n");
TEXT(zeros_inside, "mov %edi,%eax\nret\n.fill 8,1,0");
TEXT(padding_inside, "test %edi,%edi\njne 1f\nret\n.byte 0x0f,0x1f,0x80,0,0,0,0\n1: ret");
TEXT(overlap, "test %edi,%edi\nje 1f+1\n1: lock incl (%rsi)\nret");
TEXT(into_middle, "mov $0xc3c3c3c3,%eax\njmp . - 3");
TEXT(truncated, "mov %edi,%eax\n.byte 0x48,0xb8,0,0");
TEXT(invalid, "mov %edi,%eax\n.byte 0x06\nret");
/* What gcc -O2 makes of a switch, with and without -fcf-protection. */
TEXT(switch_notrack, "lea 0x100(%rip),%rdx\nmovslq (%rdx,%rdi,4),%rax\nadd %rdx,%rax\n"
		     "notrack jmp *%rax\nnopl (%rax)\nmov $1,%eax\nret\nmov $2,%eax\nret");
TEXT(switch_add, "lea 0x100(%rip),%rdx\nmovslq (%rdx,%rdi,4),%rax\nadd %rdx,%rax\n"
		 "jmp *%rax\nnopl (%rax)\nmov $1,%eax\nret\nmov $2,%eax\nret");
TEXT(switch_absolute, "jmp *0x1000(,%rdi,8)\nmov $1,%eax\nret\nmov $2,%eax\nret");
TEXT(computed_goto, "jmp *(%rdx,%rdi,8)\nmov $1,%eax\nret\nmov $2,%eax\nret");
/* A table entry may lead to a switch's own data: what follows must be code that programs use. */
TEXT(switch_then_data, "jmp *0x1000(,%rdi,8)\nmov $1,%eax\nret\n.fill 8,1,0");

enum { REFUSED = -1 };

struct expectation {
	const char *name;
	const uint8_t *start, *end;
	int entry; /* offset, or REFUSED */
	bool emulated, is_nop5, whole;
	size_t returns, tails;
	bool conditional;
	const char *why; /* part of why_not */
};

#define CASE(name, ...)                              \
	{                                            \
#name, name, name##_end, __VA_ARGS__ \
	}

static const struct expectation expectations[] = {
	CASE(landing_push, 4, true, false, true, 1, 0, false, NULL),
	CASE(landing_push_high, 4, true, false, true, 1, 0, false, NULL),
	CASE(landing_sub, 0, false, false, true, 1, 0, false, NULL),
	CASE(landing_nop, 4, true, false, true, 1, 0, false, NULL),
	CASE(landing_nop5, 0, false, false, true, 1, 0, false, NULL),
	CASE(landing_nop5_prefixes, 0, false, false, true, 1, 0, false, NULL),
	CASE(landing_call, 0, false, false, true, 1, 0, false, NULL),
	CASE(landing_jump, 0, false, false, true, 1, 0, false, NULL),
	CASE(push_targeted, 0, false, false, true, 1, 0, false, NULL),
	CASE(push_targeted_far, 0, false, false, true, 1, 0, false, NULL),
	CASE(first_targeted, REFUSED, false, false, false, 0, 0, false, "loop"),
	CASE(landing_targeted, REFUSED, false, false, false, 0, 0, false, "loop"),
	CASE(nop5_first, 0, false, true, true, 1, 0, false, NULL),
	CASE(nop5_later, 0, false, false, true, 1, 0, false, NULL),
	CASE(call_first, REFUSED, false, false, false, 0, 0, false, "shadow stack"),
	CASE(call_indirect_first, REFUSED, false, false, false, 0, 0, false, "shadow stack"),
	CASE(lock_first, REFUSED, false, false, false, 0, 0, false, "lock"),
	CASE(trap_first, REFUSED, false, false, false, 0, 0, false, "traps"),
	CASE(breakpoint_first, REFUSED, false, false, false, 0, 0, false, "cannot step"),
	CASE(halt_first, REFUSED, false, false, false, 0, 0, false, "cannot step"),
	CASE(syscall_first, REFUSED, false, false, false, 0, 0, false, "system call"),
	CASE(interrupt_first, REFUSED, false, false, false, 0, 0, false, "cannot step"),
	CASE(xchg_first, REFUSED, false, false, false, 0, 0, false, "nop"),
	CASE(vmovdqa_first, REFUSED, false, false, false, 0, 0, false, "cannot step"),
	CASE(vmovaps_first, 0, false, false, true, 1, 0, false, NULL),
	CASE(vaddps_first, 0, false, false, true, 1, 0, false, NULL),
	CASE(vpor_first, REFUSED, false, false, false, 0, 0, false, "another instruction"),
	CASE(vpcmpeqb_first, REFUSED, false, false, false, 0, 0, false, "another instruction"),
	CASE(vcmpps_first, REFUSED, false, false, false, 0, 0, false, "another instruction"),
	CASE(vfnmadd_first, REFUSED, false, false, false, 0, 0, false, "another instruction"),
	CASE(vpbroadcastb_first, REFUSED, false, false, false, 0, 0, false, "another instruction"),
	CASE(fma4_first, REFUSED, false, false, false, 0, 0, false, "does not know"),
	CASE(fma3_first, 0, false, false, true, 1, 0, false, NULL),
	CASE(xop_first, REFUSED, false, false, false, 0, 0, false, "does not know"),
	CASE(fp16_first, REFUSED, false, false, false, 0, 0, false, "does not know"),
	CASE(pushf_first, REFUSED, false, false, false, 0, 0, false, "trap flag"),
	CASE(popf_first, 0, false, false, true, 1, 0, false, NULL),
	CASE(rep_first, REFUSED, false, false, false, 0, 0, false, "repetition"),
	CASE(repne_first, REFUSED, false, false, false, 0, 0, false, "repetition"),
	CASE(string_first, 0, false, false, true, 1, 0, false, NULL),
	CASE(segment_first, REFUSED, false, false, false, 0, 0, false, "segment"),
	CASE(tls_first, 0, false, false, true, 1, 0, false, NULL),
	CASE(riprel_first, 0, false, false, true, 1, 0, false, NULL),
	CASE(pop_first, 0, false, false, true, 0, 1, false, NULL),
	CASE(push_wide, 0, false, false, true, 1, 0, false, NULL),
	CASE(returns, 0, false, false, true, 2, 0, false, NULL),
	CASE(return_imm, 0, false, false, true, 1, 0, false, NULL),
	CASE(return_bnd, 0, false, false, true, 1, 0, false, NULL),
	CASE(tail_jump, 0, false, false, true, 1, 1, false, NULL),
	CASE(tail_linkage, 0, false, false, true, 0, 1, false, NULL),
	CASE(tail_virtual, 0, false, false, true, 0, 1, false, NULL),
	CASE(tail_register, 0, false, false, true, 0, 1, false, NULL),
	CASE(tail_conditional, 0, false, false, true, 1, 0, true, NULL),
	CASE(loop_inside, 0, false, false, true, 1, 0, false, NULL),
	CASE(rcx_branches, 0, false, false, true, 1, 0, false, NULL),
	CASE(noreturn_end, 0, false, false, true, 0, 0, false, NULL),
	CASE(runs_on, 0, false, false, false, 0, 0, false, "runs on behind its end at +0x5"),
	CASE(data_inside, 0, false, false, false, 0, 0, false, "nothing leads to at +0x8"),
	CASE(zeros_inside, 0, false, false, false, 0, 0, false, "nothing leads to at +0x3"),
	CASE(padding_inside, 0, false, false, true, 2, 0, false, NULL),
	CASE(overlap, 0, false, false, false, 0, 0, false, "at +0x"),
	CASE(into_middle, 0, false, false, false, 0, 0, false, "middle of an instruction at +0x2"),
	CASE(truncated, 0, false, false, false, 0, 0, false, "cut off by the end, at +0x2"),
	CASE(invalid, 0, false, false, false, 0, 0, false, "no instruction"),
	CASE(switch_notrack, 0, false, false, true, 2, 0, false, NULL),
	CASE(switch_add, 0, false, false, true, 2, 0, false, NULL),
	CASE(switch_absolute, 0, false, false, true, 2, 0, false, NULL),
	CASE(computed_goto, 0, false, false, false, 0, 0, false, "may be a switch"),
	CASE(switch_then_data, 0, false, false, false, 0, 0, false, "do not use at +0xd"),
};

static void check(const struct expectation *x, const struct code *code)
{
	uint64_t start = (uintptr_t)x->start;
	int entry = code->entry.length ? (int)(code->entry.address - start) : REFUSED;
	if (entry != x->entry || code->entry.emulated != x->emulated ||
	    code->entry.is_nop5 != x->is_nop5)
		fail_msg("%s: entry at %d, emulated %d, nop5 %d", x->name, entry,
			 code->entry.emulated, code->entry.is_nop5);
	if (code->whole != x->whole || code->n_returns != x->returns ||
	    code->n_tail_jumps != x->tails || code->conditional_tail != x->conditional)
		fail_msg("%s: whole %d (%s), %zu returns, %zu tail jumps, conditional %d", x->name,
			 code->whole, code->why_not, code->n_returns, code->n_tail_jumps,
			 code->conditional_tail);
	if (x->why && (!code->why_not || !strstr(code->why_not, x->why)))
		fail_msg("%s: '%s' does not say '%s'", x->name, code->why_not, x->why);
	for (size_t i = 0; i < code->n_returns; i++) {
		const uint8_t *at = x->start + (code->returns[i] - start);
		assert_true(at < x->end);
		assert_non_null(memchr("\xc3\xc2\xf3\xf2", *at, 4));
	}
}

static void every_shape_is_placed(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(expectations); i++) {
		const struct expectation *x = &expectations[i];
		size_t size = (size_t)(x->end - x->start);
		struct arena arena = {0};
		struct code code;
		assert_ok(code_decode(EM_X86_64, x->start, size, size, (uintptr_t)x->start, &arena,
				      &code));
		check(x, &code);
		arena_deinit(&arena);
	}
}

/* The short way, without disassembly, must choose the same place. */
static void entry_alone_is_placed_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(expectations); i++) {
		const struct expectation *x = &expectations[i];
		size_t size = (size_t)(x->end - x->start);
		struct arena arena = {0};
		struct code code;
		struct code_request request = {
			.machine = EM_X86_64,
			.text = {.bytes = x->start, .address = (uintptr_t)x->start, .size = size},
			.size = size,
			.entry_only = true,
		};
		assert_ok(code_decode_request(&request, &arena, &code));
		int entry = code.entry.length ? (int)(code.entry.address - (uintptr_t)x->start)
					      : REFUSED;
		if (entry != x->entry)
			fail_msg("%s: entry at %d", x->name, entry);
		arena_deinit(&arena);
	}
}

static void instructions_have_words(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct code code;
	assert_ok(code_decode(EM_X86_64, landing_push, 12, 12, 0x1000, &arena, &code));
	assert_string_equal(code.entry.text, "push %rbp");
	assert_string_equal(code.entry_why, "push after endbr64");
	assert_int_equal(code.entry.address, 0x1004);
	assert_int_equal(code.entry.length, 1);
	assert_ok(code_decode(EM_X86_64, landing_sub, 13, 13, 0x1000, &arena, &code));
	assert_string_equal(code.entry.text, "endbr64");
	assert_string_equal(code.entry_why, "first instruction");
	assert_ok(code_decode(EM_X86_64, nop5_first, 6, 6, 0x1000, &arena, &code));
	assert_string_equal(code.entry.text, "nop (5 bytes)");
	arena_deinit(&arena);
}

static void without_a_size_only_the_first_instruction_is_sure(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct code code;
	assert_ok(code_decode(EM_X86_64, landing_push, 16, 0, 0x1000, &arena, &code));
	assert_int_equal(code.entry.address, 0x1000);
	assert_int_equal(code.entry.length, 4);
	assert_false(code.whole);
	assert_non_null(strstr(code.why_not, "size"));
	/* The text ends early. */
	assert_ok(code_decode(EM_X86_64, landing_push, 6, 10, 0x1000, &arena, &code));
	assert_int_equal(code.entry.address, 0x1000);
	assert_false(code.whole);
	assert_non_null(strstr(code.why_not, "ends before"));
	assert_ok(code_decode(EM_X86_64, landing_push, 2, 10, 0x1000, &arena, &code));
	assert_int_equal(code.entry.length, 0);
	assert_ok(code_decode(EM_X86_64, landing_push, 0, 10, 0x1000, &arena, &code));
	assert_int_equal(code.entry.length, 0);
	assert_ok(code_decode(EM_RISCV, landing_push, 10, 10, 0x1000, &arena, &code));
	assert_int_equal(code.entry.length, 0);
	arena_deinit(&arena);
}

/* A split function: the branch leads to the other part, which returns itself or comes back to a
 * place that nothing else leads to. */
TEXT(split, "push %rbx\ntest %edi,%edi\njne split_cold\npop %rbx\nret\n"
	    "split_back: mov $7,%eax\npop %rbx\nret\n");
TEXT(split_cold, "cmp $2,%edi\nje split_back\npop %rbx\nret\n");

static bool find_cold(void *context, uint64_t target, struct code_part *ret)
{
	(*(int *)context)++;
	if (target != (uintptr_t)split_cold)
		return false;
	*ret = (struct code_part){.bytes = split_cold,
				  .address = (uintptr_t)split_cold,
				  .size = (size_t)(split_cold_end - split_cold)};
	return true;
}

static void the_cold_part_belongs_to_its_function(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct code code;
	int asked = 0;
	struct code_request request = {
		.machine = EM_X86_64,
		.text = {.bytes = split,
			 .address = (uintptr_t)split,
			 .size = (size_t)(split_end - split)},
		.size = (size_t)(split_end - split),
		.find_part = find_cold,
		.find_context = &asked,
	};
	assert_ok(code_decode_request(&request, &arena, &code));
	assert_int_equal(asked, 1);
	assert_true(code.whole);
	assert_false(code.conditional_tail);
	assert_int_equal(code.n_returns, 3);
	assert_int_equal(code.n_tail_jumps, 0);
	/* Without it, the function is decoded too, but a way out is not seen. */
	request.find_part = NULL;
	assert_ok(code_decode_request(&request, &arena, &code));
	assert_true(code.whole);
	assert_true(code.conditional_tail);
	assert_int_equal(code.n_returns, 2);
	arena_deinit(&arena);
}

/* Landing pads are reached by the unwinder alone. */
TEXT(landing_pads, "sub $8,%rsp\ncall . + 64\nadd $8,%rsp\nret\n"
		   "mov %rax,%rdi\ncall . + 64\nxor %eax,%eax\nadd $8,%rsp\nret\n");

static void landing_pads_explain_unreached_code(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct code code;
	size_t size = (size_t)(landing_pads_end - landing_pads);
	struct code_request request = {
		.machine = EM_X86_64,
		.text = {.bytes = landing_pads, .address = 0x1000, .size = size},
		.size = size,
	};
	assert_ok(code_decode_request(&request, &arena, &code));
	assert_false(code.whole);
	request.has_landing_pads = true;
	assert_ok(code_decode_request(&request, &arena, &code));
	assert_true(code.whole);
	assert_int_equal(code.n_returns, 2);
	arena_deinit(&arena);
}

static const uint32_t arm64_text[] = {
	0xd503245f, /* bti c */
	0xa9bf7bfd, /* stp x29, x30, [sp, #-16]! */
	0xb4000060, /* cbz x0, +12 */
	0xa8c17bfd, /* ldp x29, x30, [sp], #16 */
	0xd65f03c0, /* ret */
	0xa8c17bfd, /* ldp x29, x30, [sp], #16 */
	0x14001000, /* b +0x4000 */
};

static void arm64_is_decoded(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct code code;
	assert_ok(code_decode(EM_AARCH64, (const uint8_t *)arm64_text, sizeof(arm64_text),
			      sizeof(arm64_text), 0x1000, &arena, &code));
	assert_true(code.whole);
	assert_int_equal(code.entry.address, 0x1000);
	assert_int_equal(code.entry.length, 4);
	assert_int_equal(code.n_returns, 1);
	assert_int_equal(code.returns[0], 0x1010);
	assert_int_equal(code.n_tail_jumps, 1);
	assert_int_equal(code.tail_jumps[0], 0x1018);
	/* Retaa is what the kernel can neither step nor simulate. */
	static const uint32_t authenticated[] = {0xd503233f, 0xd65f0bff};
	assert_ok(code_decode(EM_AARCH64, (const uint8_t *)authenticated, 8, 8, 0x1000, &arena,
			      &code));
	assert_false(code.whole);
	assert_int_equal(code.entry.length, 4);
	arena_deinit(&arena);
}

/* Whatever the formatter has no part in must be as it would have written it. */
static void known_words_are_the_formatters(void **state)
{
	(void)state;
	struct decoder decoder;
	size_t known = 0;
	assert_true(decoder_init(&decoder, EM_X86_64));
	for (unsigned int first = 0; first < 0x10000; first++) {
		uint8_t bytes[] = {(uint8_t)(first >> 8), (uint8_t)first, 0x1e, 0xfa};
		char words[64];
		decode_text(&decoder, bytes, sizeof(bytes), 0x1000, words, sizeof(words));
		const char *text = decode_known_text(&decoder, bytes, sizeof(bytes));
		if (!text)
			continue;
		known++;
		assert_string_equal(text, words);
	}
	/* Eight of one byte, eight behind a prefix, and the landing pad. */
	assert_int_equal(known, 8 * 256 + 8 + 1);
	static const uint8_t cut[] = {0x41};
	assert_null(decode_known_text(&decoder, cut, 1));
	assert_null(decode_known_text(&decoder, cut, 0));
	decoder.machine = EM_AARCH64;
	static const uint8_t push[] = {0x55, 0, 0, 0};
	assert_null(decode_known_text(&decoder, push, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_words_are_the_formatters),
		cmocka_unit_test(every_shape_is_placed),
		cmocka_unit_test(entry_alone_is_placed_the_same),
		cmocka_unit_test(instructions_have_words),
		cmocka_unit_test(without_a_size_only_the_first_instruction_is_sure),
		cmocka_unit_test(the_cold_part_belongs_to_its_function),
		cmocka_unit_test(landing_pads_explain_unreached_code),
		cmocka_unit_test(arm64_is_decoded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
