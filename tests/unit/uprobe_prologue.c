/* SPDX-License-Identifier: Apache-2.0 */
/* Where parameters come from that a function stores before anything else. */
#include "uprobe/prologue.h"

#include <elf.h>

#include "common/array.h"
#include "tests/unit/unit.h"

#define DWARF_RDX  1
#define DWARF_RSI  4
#define DWARF_RDI  5
#define DWARF_RBP  6
#define DWARF_RSP  7
#define DWARF_XMM0 17

static const struct type byte_type = {.kind = TYPE_UINT, .size = 1, .name = "u8"};
static const struct type long_type = {.kind = TYPE_UINT, .size = 8, .name = "u64"};
static const struct type text_type = {.kind = TYPE_STRUCT, .size = 16, .name = "&str"};

/* One parameter in the frame, at a register of DWARF's. */
static struct parameter_place find_later(const char *bytes, size_t size, const struct type *type,
					 struct parameter_place place, bool *ret_all)
{
	const struct parameter parameter = {.name = "p", .type = type};
	place.kind = PLACE_LATER;
	const struct prototype prototype = {
		.parameters = &parameter, .n_parameters = 1, .places = &place, .is_rust = true};
	struct parameter_place found = place;
	prologue_find(EM_X86_64, (const uint8_t *)bytes, size, &prototype, &found);
	*ret_all = found.kind != PLACE_UNKNOWN;
	return found;
}

#define AT(offset_)                                   \
	(struct parameter_place)                      \
	{                                             \
		.reg = DWARF_RSP, .offset = (offset_) \
	}
#define FIND(bytes, type, place, all) find_later(bytes RET, sizeof(bytes RET) - 1, type, place, all)

/* objdump writes them so. */
#define SUB	    "\x48\x83\xec\x18"	       /* sub $0x18,%rsp */
#define RDI_TO_8    "\x48\x89\x7c\x24\x08"     /* mov %rdi,0x8(%rsp) */
#define RSI_TO_8    "\x48\x89\x74\x24\x08"     /* mov %rsi,0x8(%rsp) */
#define RSI_TO_16   "\x48\x89\x74\x24\x10"     /* mov %rsi,0x10(%rsp) */
#define RSI_TO_RDI  "\x48\x89\xf7"	       /* mov %rsi,%rdi */
#define ADD_RDI	    "\x48\x83\xc7\x01"	       /* add $0x1,%rdi */
#define AND_DL	    "\x80\xe2\x01"	       /* and $0x1,%dl */
#define AND_DL_3    "\x80\xe2\x03"	       /* and $0x3,%dl */
#define DL_TO_7	    "\x88\x54\x24\x07"	       /* mov %dl,0x7(%rsp) */
#define DH_TO_7	    "\x88\x74\x24\x07"	       /* mov %dh,0x7(%rsp) */
#define STACK_TO_AX "\x48\x8b\x44\x24\x28"     /* mov 0x28(%rsp),%rax */
#define RETURN_AX   "\x48\x8b\x44\x24\x18"     /* mov 0x18(%rsp),%rax: the return address */
#define AX_TO_8	    "\x48\x89\x44\x24\x08"     /* mov %rax,0x8(%rsp) */
#define XMM0_TO_8   "\xf2\x0f\x11\x44\x24\x08" /* movsd %xmm0,0x8(%rsp) */
#define CLEAR_XMM0  "\x0f\x57\xc0"	       /* xorps %xmm0,%xmm0 */
#define CALL	    "\xe8\x00\x00\x00\x00"
#define BACK	    "\x75\xf8" /* jne -0x6 */
#define RET	    "\xc3"
#define FRAME	    "\x55\x48\x89\xe5" /* push %rbp; mov %rsp,%rbp */
#define RDI_TO_BP   "\x48\x89\x7d\xf8" /* mov %rdi,-0x8(%rbp) */
#define INTO_RDI    "\x48\x89\x37"     /* mov %rsi,(%rdi) */
#define CPUID	    "\x0f\xa2"
#define PUSH_AX	    "\x50"
#define EDI_TO_4    "\x89\x7c\x24\x04" /* mov %edi,0x4(%rsp) */

static void a_register_that_is_stored_first_counts(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		enum place_kind kind;
		uint16_t reg;
	} cases[] = {
#define CASE(bytes_, kind_, reg_) {bytes_ RET, sizeof(bytes_ RET) - 1, kind_, reg_}
		CASE(SUB RDI_TO_8, PLACE_REGISTER, DWARF_RDI),
		CASE(SUB RDI_TO_8 RSI_TO_8, PLACE_REGISTER, DWARF_RDI),
		CASE(SUB RSI_TO_RDI RDI_TO_8, PLACE_REGISTER, DWARF_RSI),
		CASE(SUB ADD_RDI RDI_TO_8, PLACE_UNKNOWN, 0),
		CASE(SUB AX_TO_8, PLACE_UNKNOWN, 0),
		CASE(SUB STACK_TO_AX AX_TO_8, PLACE_MEMORY, PLACE_CFA),
		CASE(SUB RETURN_AX AX_TO_8, PLACE_UNKNOWN, 0),
		CASE(SUB XMM0_TO_8, PLACE_REGISTER, DWARF_XMM0),
		CASE(SUB CLEAR_XMM0 XMM0_TO_8, PLACE_UNKNOWN, 0),
		/* behind these nobody knows */
		CASE(SUB CALL RDI_TO_8, PLACE_UNKNOWN, 0),
		CASE(SUB INTO_RDI RDI_TO_8, PLACE_UNKNOWN, 0),
		CASE(SUB CPUID RDI_TO_8, PLACE_UNKNOWN, 0),
		CASE(SUB, PLACE_UNKNOWN, 0),
		/* the frame grows on */
		CASE(SUB RDI_TO_8 CALL SUB, PLACE_UNKNOWN, 0),
		CASE(SUB RDI_TO_8 BACK, PLACE_UNKNOWN, 0),
#undef CASE
	};
	for (size_t i = 0; i < array_size(cases); i++) {
		bool all;
		struct parameter_place place =
			find_later(cases[i].bytes, cases[i].size, &long_type, AT(8), &all);
		assert_int_equal(place.kind, cases[i].kind);
		assert_int_equal(all, cases[i].kind != PLACE_UNKNOWN);
		if (all)
			assert_int_equal(place.reg, cases[i].reg);
	}
}

static void parts_are_put_together(void **state)
{
	(void)state;
	bool all;
	struct parameter_place place = FIND(SUB RSI_TO_16 RDI_TO_8, &text_type, AT(8), &all);
	assert_true(all && place.exact);
	assert_int_equal(place.kind, PLACE_PIECES);
	assert_int_equal(place.n_pieces, 2);
	assert_int_equal(place.pieces[0].reg, DWARF_RDI);
	assert_int_equal(place.pieces[0].size, 8);
	assert_int_equal(place.pieces[1].reg, DWARF_RSI);
	/* half outside */
	place = FIND(SUB RSI_TO_16 RDI_TO_8, &text_type, AT(4), &all);
	assert_int_equal(place.kind, PLACE_UNKNOWN);
	/* what is not stored yet may be anything */
	place = FIND(SUB RSI_TO_16, &text_type, AT(8), &all);
	assert_int_equal(place.n_pieces, 2);
	assert_int_equal(place.pieces[0].kind, PLACE_UNKNOWN);
}

static void bytes_are_low_ones(void **state)
{
	(void)state;
	bool all;
	struct parameter_place place = FIND(SUB AND_DL DL_TO_7, &byte_type, AT(7), &all);
	assert_true(all);
	assert_int_equal(place.reg, DWARF_RDX);
	assert_int_equal(FIND(SUB AND_DL_3 DL_TO_7, &byte_type, AT(7), &all).kind, PLACE_UNKNOWN);
	assert_int_equal(FIND(SUB DH_TO_7, &byte_type, AT(7), &all).kind, PLACE_UNKNOWN);
}

static void places_are_followed(void **state)
{
	(void)state;
	bool all;
	struct parameter_place in_frame = {.reg = DWARF_RBP, .offset = -8};
	struct parameter_place place = FIND(FRAME RDI_TO_BP, &long_type, in_frame, &all);
	assert_true(all);
	assert_int_equal(place.reg, DWARF_RDI);
	/* where its address was put; from then on */
	struct parameter_place address = AT(8);
	address.is_address = true;
	address.since = 9;
	place = FIND(SUB RDI_TO_8 RSI_TO_8, &text_type, address, &all);
	assert_int_equal(place.kind, PLACE_MEMORY);
	assert_int_equal(place.reg, DWARF_RDI);
	address.since = 10; /* in the midst of an instruction */
	assert_int_equal(FIND(SUB RDI_TO_8 RSI_TO_8, &text_type, address, &all).kind,
			 PLACE_UNKNOWN);
	/* the caller's own */
	place = FIND(SUB RDI_TO_8, &long_type, AT(0x28), &all);
	assert_int_equal(place.kind, PLACE_MEMORY);
	assert_int_equal(place.reg, PLACE_CFA);
	assert_int_equal(place.offset, 8);
}

/* It makes room; what it stores there is nobody's. */
static void a_push_of_nothing_hides_no_parameter(void **state)
{
	(void)state;
	static const struct type int_type = {.kind = TYPE_UINT, .size = 4, .name = "u32"};
	bool all;
	struct parameter_place place = FIND(PUSH_AX EDI_TO_4, &int_type, AT(4), &all);
	assert_true(all);
	assert_int_equal(place.kind, PLACE_REGISTER);
	assert_int_equal(place.reg, DWARF_RDI);
	assert_int_equal(FIND(PUSH_AX, &int_type, AT(4), &all).kind, PLACE_UNKNOWN);
}

static void other_machines_are_not_understood(void **state)
{
	(void)state;
	const struct parameter parameter = {.name = "p", .type = &long_type};
	struct parameter_place place = AT(8);
	place.kind = PLACE_LATER;
	struct parameter_place found = place;
	const struct prototype prototype = {
		.parameters = &parameter, .n_parameters = 1, .places = &place};
	static const uint8_t bytes[] = SUB RDI_TO_8 RET;
	prologue_find(EM_AARCH64, bytes, sizeof(bytes) - 1, &prototype, &found);
	assert_int_equal(found.kind, PLACE_UNKNOWN);
}

/* Whatever the bytes and the debug information are. */
static void nothing_hostile_is_trusted(void **state)
{
	(void)state;
	static const int64_t offsets[] = {0, 8, -8, INT64_MAX, INT64_MIN, 1 << 20};
	uint64_t random = 88172645463325252;
	for (int round = 0; round < 20000; round++) {
		char bytes[64] = SUB;
		bool all;
		for (size_t i = 4; i < sizeof(bytes); i++) {
			next_random(&random);
			bytes[i] = (char)(random >> 40);
			if (i % 5 == 4 && random & 1) /* make more of them stores */
				memcpy(bytes + i, RDI_TO_8, i + 5 < sizeof(bytes) ? 5 : 0);
		}
		next_random(&random);
		struct parameter_place place = {
			.reg = (uint16_t)(random & 31),
			.offset = offsets[(random >> 8 & 255) % array_size(offsets)],
			.since = (uint16_t)(random >> 16 & 31),
			.is_address = random >> 32 & 1};
		place = find_later(bytes, sizeof(bytes), &text_type, place, &all);
		assert_true(place.kind != PLACE_LATER && place.n_pieces <= PLACE_PIECES_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_register_that_is_stored_first_counts),
		cmocka_unit_test(parts_are_put_together),
		cmocka_unit_test(bytes_are_low_ones),
		cmocka_unit_test(places_are_followed),
		cmocka_unit_test(a_push_of_nothing_hides_no_parameter),
		cmocka_unit_test(other_machines_are_not_understood),
		cmocka_unit_test(nothing_hostile_is_trusted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
