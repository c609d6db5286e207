/* SPDX-License-Identifier: Apache-2.0 */
/* What instructions prove of a function's result, and where it is then. */
#include "uprobe/result_proof.h"

#include <elf.h>

#include "common/array.h"
#include "probe/regs.h"
#include "tests/unit/unit.h"
#include "uprobe/args.h"

#define RAX	    RESULT_PROOF_RAX
#define RDX	    RESULT_PROOF_RDX
#define UNOPTIMISED RESULT_PROOF_UNOPTIMISED
#define HIDDEN	    RESULT_PROOF_HIDDEN
#define SEEN	    RESULT_PROOF_SEEN

#define DWARF_RSI   4
#define DWARF_RDI   5
#define DWARF_RSP   7

/* objdump writes them so. */
#define MOV_AX	  "\xb8\x2a\x00\x00\x00" /* mov $0x2a,%eax */
#define LOAD_AX	  "\x48\x8b\x44\x24\x10" /* mov 0x10(%rsp),%rax */
#define LOAD_DX	  "\x48\x8b\x54\x24\x08" /* mov 0x8(%rsp),%rdx */
#define ADD_AX	  "\x01\xf0"		 /* add %esi,%eax */
#define OR_AX	  "\x0d\x00\x02\x03\x00" /* or $0x30200,%eax */
#define SET_CL	  "\x0f\x90\xc1"	 /* seto %cl */
#define AX_TO_CX  "\x89\xc1"		 /* mov %eax,%ecx */
#define MUL_CX	  "\x48\xf7\xe1"	 /* mul %rcx */
#define XCHG	  "\x87\x06"		 /* xchg %eax,(%rsi) */
#define STORE_AX  "\x89\x04\x24"	 /* mov %eax,(%rsp) */
#define LEA_FRAME "\x48\x8d\x54\x24\xfc" /* lea -0x4(%rsp),%rdx */
#define SP_TO_AX  "\x48\x89\xe0"	 /* mov %rsp,%rax */
#define DI_TO_AX  "\x48\x89\xf8"	 /* mov %rdi,%rax */
#define NOP	  "\x90"
#define ADD_SP	  "\x48\x83\xc4\x18" /* add $0x18,%rsp */
#define SUB_SP	  "\x48\x83\xec\x18" /* sub $0x18,%rsp */
#define POP_AX	  "\x58"
#define POP_CX	  "\x59"
#define POP_BX	  "\x5b"
#define PUSH_AX	  "\x50"
#define CALL	  "\xe8\x00\x00\x00\x00"
#define JE	  "\x74\x01" /* over one byte */
#define JMP	  "\xeb\x01"
#define RET	  "\xc3"
#define SPILL_DI  "\x48\x89\x7c\x24\x08" /* mov %rdi,0x8(%rsp) */
#define LEA_SPILL "\x48\x8d\x7c\x24\x08" /* lea 0x8(%rsp),%rdi */
#define INDEXED	  "\x8b\x4c\x84\x08"	 /* mov 0x8(%rsp,%rax,4),%ecx */

static const struct prototype nothing;

static uint8_t find(const char *bytes, size_t size, const struct prototype *prototype)
{
	return result_proof_find(EM_X86_64, (const uint8_t *)bytes, size, prototype);
}

static void what_is_read_by_nobody_is_the_result(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		uint8_t proof;
	} cases[] = {
#define CASE(bytes_, proof_) {bytes_, sizeof(bytes_) - 1, proof_}
		CASE(MOV_AX RET, RAX),
		CASE(LOAD_AX LOAD_DX ADD_SP RET, RAX | RDX),
		CASE(LOAD_DX LOAD_AX POP_BX RET, RAX | RDX),
		CASE(MOV_AX OR_AX RET, RAX),
		CASE(MOV_AX ADD_AX RET, RAX),
		CASE(MOV_AX ADD_AX SET_CL RET, 0), /* only its flags may matter */
		CASE(MOV_AX AX_TO_CX RET, 0),
		CASE(MOV_AX STORE_AX RET, 0),
		CASE(MOV_AX MUL_CX RET, 0),
		CASE(MOV_AX XCHG RET, 0),
		CASE(MOV_AX CALL RET, 0),
		CASE(MOV_AX JE NOP RET, 0),
		CASE(MOV_AX JMP NOP ADD_SP RET, RAX),
		CASE(CALL ADD_SP RET, 0),
		CASE(CALL POP_CX RET, RAX),
		CASE(CALL POP_CX POP_BX RET, RAX),
		CASE(CALL POP_AX RET, 0),
		CASE(MOV_AX POP_AX RET, 0),
		/* What assembler in the source is handed. */
		CASE(LEA_FRAME RET, 0),
		CASE(SP_TO_AX RET, 0),
		CASE(MOV_AX NOP RET, 0),
		CASE(DI_TO_AX RET, RAX | HIDDEN),
		CASE(MOV_AX, 0),
	};
	for (size_t i = 0; i < array_size(cases); i++)
		assert_int_equal(find(cases[i].bytes, cases[i].size, &nothing), cases[i].proof);
	assert_int_equal(result_proof_find(EM_AARCH64, (const uint8_t *)RET, 1, &nothing), 0);
}

static const struct type long_type = {.kind = TYPE_UINT, .size = 8, .name = "u64"};
static const struct parameter number = {.name = "n", .type = &long_type};

static void a_dead_spill_means_that_nobody_optimised(void **state)
{
	(void)state;
	const struct parameter_place place = {.kind = PLACE_LATER, .reg = DWARF_RSP, .offset = 8};
	const struct prototype prototype = {
		.parameters = &number, .n_parameters = 1, .places = &place, .is_rust = true};
	static const struct {
		const char *bytes;
		size_t size;
		bool is_dead;
	} cases[] = {
		CASE(SUB_SP SPILL_DI CALL ADD_SP RET, true),
		CASE(SUB_SP CALL ADD_SP RET, false),
		CASE(SUB_SP SPILL_DI CALL LOAD_DX ADD_SP RET, false),
		CASE(SUB_SP SPILL_DI LEA_SPILL CALL ADD_SP RET, false),
		CASE(SUB_SP SPILL_DI INDEXED CALL ADD_SP RET, false),
		CASE(SUB_SP SPILL_DI PUSH_AX CALL ADD_SP RET, false),
		CASE(SUB_SP SPILL_DI SUB_SP CALL ADD_SP RET, false),
		CASE(SUB_SP SPILL_DI CALL ADD_SP RET "\x06", false), /* no instruction */
	};
	for (size_t i = 0; i < array_size(cases); i++) {
		uint8_t proof = find(cases[i].bytes, cases[i].size, &prototype);
		assert_int_equal((proof & UNOPTIMISED) != 0, cases[i].is_dead);
	}
}

static void a_register_has_a_parameter_or_the_place_of_the_result(void **state)
{
	(void)state;
	struct parameter_place place = {.kind = PLACE_REGISTER, .exact = true, .reg = DWARF_RDI};
	struct prototype prototype = {.parameters = &number,
				      .n_parameters = 1,
				      .places = &place,
				      .result_proof = RAX | HIDDEN};
	result_proof_settle(&prototype);
	assert_int_equal(prototype.result_proof, RAX | SEEN);
	place.reg = DWARF_RSI;
	prototype.result_proof = RAX | HIDDEN;
	result_proof_settle(&prototype);
	assert_int_equal(prototype.result_proof, RAX | HIDDEN);
	place.kind = PLACE_UNKNOWN;
	result_proof_settle(&prototype);
	assert_int_equal(prototype.result_proof, RAX);
}

/* --- where it is ------------------------------------------------------------------------------ */

static const struct type t_u8 = {.kind = TYPE_UINT, .size = 1, .name = "u8"};
static const struct type t_u32 = {.kind = TYPE_UINT, .size = 4, .name = "u32"};
static const struct type t_u128 = {.kind = TYPE_UINT, .size = 16, .name = "u128"};
static const struct type t_f64 = {.kind = TYPE_FLOAT, .size = 8, .name = "f64"};
static const struct type_member halves[] = {{"a", &t_u32, 0, 0, 0}, {"b", &t_u32, 4, 0, 0}};
static const struct type_member words[] = {{"a", &long_type, 0, 0, 0}, {"b", &long_type, 8, 0, 0}};
static const struct type_member real[] = {{"a", &t_f64, 0, 0, 0}};
static const struct type_member large[] = {{"a", &t_u128, 0, 0, 0}, {"b", &long_type, 16, 0, 0}};
static const struct type t_halves = {
	.kind = TYPE_STRUCT, .size = 8, .name = "(u32, u32)", .members = halves, .n_members = 2};
static const struct type t_words = {
	.kind = TYPE_STRUCT, .size = 16, .name = "(u64, u64)", .members = words, .n_members = 2};
static const struct type t_real = {
	.kind = TYPE_STRUCT, .size = 8, .name = "Real", .members = real, .n_members = 1};
static const struct type t_large = {
	.kind = TYPE_STRUCT, .size = 32, .name = "(u128, u64)", .members = large, .n_members = 2};
static const struct type t_bytes = {
	.kind = TYPE_ARRAY, .size = 3, .name = "[u8; 3]", .target = &t_u8, .n_members = 3};
static const struct type t_longs = {
	.kind = TYPE_ARRAY, .size = 16, .name = "[u64; 2]", .target = &long_type, .n_members = 2};
static const struct type t_many = {
	.kind = TYPE_ARRAY, .size = 24, .name = "[u64; 3]", .target = &long_type, .n_members = 3};

enum place {
	NOWHERE,
	ONE,	 /* in %rax */
	SPLIT_4, /* in both, four bytes in the first */
	SPLIT_8,
	ADDRESS,
};

static enum place placed(const struct type *type, uint8_t proof)
{
	struct fetch_source source;
	args_place_rust_result(type, proof, &source);
	if (source.unavailable)
		return NOWHERE;
	if (source.is_address)
		return ADDRESS;
	if (!source.n_parts)
		return source.ops[0].reg == X86_RAX ? ONE : NOWHERE;
	assert_int_equal(source.n_parts, 2);
	assert_int_equal(source.parts[0].ops[0].reg, X86_RAX);
	assert_int_equal(source.parts[1].ops[0].reg, X86_RDX);
	return source.parts[1].offset == 4 ? SPLIT_4 : SPLIT_8;
}

static void only_what_leaves_one_way_is_told(void **state)
{
	(void)state;
	static const struct {
		const struct type *type;
		uint8_t proof;
		enum place place;
	} cases_of_types[] = {
		{&t_u32, RAX, ONE},
		{&t_u32, UNOPTIMISED, ONE},
		{&t_u32, RDX, NOWHERE},
		{&t_u128, RAX, NOWHERE},
		{&t_u128, RAX | RDX, SPLIT_8},
		{&t_u128, UNOPTIMISED, SPLIT_8},
		{&t_f64, RAX | UNOPTIMISED, NOWHERE},
		{&t_real, UNOPTIMISED, NOWHERE},
		{&t_real, RAX, ONE},
		{&t_halves, RAX | UNOPTIMISED, NOWHERE},
		{&t_halves, UNOPTIMISED | RDX, SPLIT_4},
		{&t_halves, RAX | RDX, SPLIT_4},
		{&t_words, RAX | UNOPTIMISED, NOWHERE},
		{&t_words, RAX | RDX, SPLIT_8},
		{&t_words, UNOPTIMISED | SEEN, SPLIT_8},
		{&t_words, RAX | UNOPTIMISED | HIDDEN, NOWHERE},
		{&t_bytes, RAX, ONE},
		{&t_longs, RAX | HIDDEN, ADDRESS},
		{&t_longs, RAX, NOWHERE},
		{&t_longs, RAX | RDX, SPLIT_8},
		{&t_many, RAX, ADDRESS},
		{&t_many, UNOPTIMISED, ADDRESS},
		{&t_many, HIDDEN, NOWHERE},
		{&t_large, RAX, NOWHERE},
		{&t_large, RAX | HIDDEN, ADDRESS},
	};
	for (size_t i = 0; i < array_size(cases_of_types); i++)
		assert_int_equal(placed(cases_of_types[i].type, cases_of_types[i].proof),
				 cases_of_types[i].place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_by_nobody_is_the_result),
		cmocka_unit_test(a_dead_spill_means_that_nobody_optimised),
		cmocka_unit_test(a_register_has_a_parameter_or_the_place_of_the_result),
		cmocka_unit_test(only_what_leaves_one_way_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
