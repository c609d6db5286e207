/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where arguments are, against the compiler: it calls a function that records registers and stack
 * as they are at its first instruction, and the places that we name must hold what was passed.
 */
#include "tests/unit/unit.h"

#include <elf.h>
#include <string.h>

#include "common/array.h"
#include "probe/regs.h"
#include "uprobe/args.h"

static const struct type t_int = {.kind = TYPE_INT, .size = 4, .name = "int"};
static const struct type t_long = {.kind = TYPE_INT, .size = 8, .name = "long"};
static const struct type t_bool = {.kind = TYPE_BOOL, .size = 1, .name = "_Bool"};
static const struct type t_short = {.kind = TYPE_UINT, .size = 2, .name = "unsigned short"};
static const struct type t_string = {.kind = TYPE_STRING, .size = 8, .name = "char *"};
static const struct type t_bytes = {.kind = TYPE_BYTES, .size = 100, .name = "buf"};
static const struct type t_double = {.kind = TYPE_FLOAT, .size = 8, .name = "double"};
static const struct type t_float = {.kind = TYPE_FLOAT, .size = 4, .name = "float"};
static const struct type t_long_double = {.kind = TYPE_FLOAT, .size = 16, .name = "long double"};
static const struct type t_int128 = {.kind = TYPE_INT, .size = 16, .name = "__int128"};
static const struct type t_void = {.kind = TYPE_VOID, .name = "void"};

#define MEMBER(t, field, ty)                         \
	{                                            \
#field, ty, offsetof(t, field), 0, 0 \
	}
#define STRUCT(t, m)                                                                \
	{                                                                           \
		.kind = TYPE_STRUCT, .size = sizeof(t), .name = #t, .members = (m), \
		.n_members = array_size(m)                                          \
	}

struct ints {
	int a, b;
};
static const struct type_member ints_members[] = {MEMBER(struct ints, a, &t_int),
						  MEMBER(struct ints, b, &t_int)};
static const struct type t_ints = STRUCT(struct ints, ints_members);

struct longs {
	long a, b;
};
static const struct type_member longs_members[] = {MEMBER(struct longs, a, &t_long),
						   MEMBER(struct longs, b, &t_long)};
static const struct type t_longs = STRUCT(struct longs, longs_members);

struct big {
	long a, b, c;
};
static const struct type_member big_members[] = {MEMBER(struct big, a, &t_long),
						 MEMBER(struct big, b, &t_long),
						 MEMBER(struct big, c, &t_long)};
static const struct type t_big = STRUCT(struct big, big_members);

struct mixed {
	double d;
	long l;
};
static const struct type_member mixed_members[] = {MEMBER(struct mixed, d, &t_double),
						   MEMBER(struct mixed, l, &t_long)};
static const struct type t_mixed = STRUCT(struct mixed, mixed_members);

struct floats {
	float a, b;
};
static const struct type_member floats_members[] = {MEMBER(struct floats, a, &t_float),
						    MEMBER(struct floats, b, &t_float)};
static const struct type t_floats = STRUCT(struct floats, floats_members);

struct int_float {
	int i;
	float f;
};
static const struct type_member int_float_members[] = {MEMBER(struct int_float, i, &t_int),
						       MEMBER(struct int_float, f, &t_float)};
static const struct type t_int_float = STRUCT(struct int_float, int_float_members);

struct packed {
	char c;
	long l;
} __attribute__((packed));
static const struct type t_char = {.kind = TYPE_CHAR, .size = 1, .name = "char"};
static const struct type_member packed_members[] = {MEMBER(struct packed, c, &t_char),
						    MEMBER(struct packed, l, &t_long)};
static const struct type t_packed = STRUCT(struct packed, packed_members);

struct nested {
	struct ints in;
	int c;
};
static const struct type_member nested_members[] = {MEMBER(struct nested, in, &t_ints),
						    MEMBER(struct nested, c, &t_int)};
static const struct type t_nested = STRUCT(struct nested, nested_members);

struct with_long_double {
	long double v;
};
static const struct type_member wld_members[] = {
	MEMBER(struct with_long_double, v, &t_long_double)};
static const struct type t_wld = STRUCT(struct with_long_double, wld_members);

struct empty {
};
static const struct type t_empty = {.kind = TYPE_STRUCT, .size = 0, .name = "struct empty"};
static const struct type t_opaque = {.kind = TYPE_STRUCT, .size = 8, .name = "struct opaque"};

static struct prototype prototype_of(struct parameter *parameters, const struct type *result,
				     const struct type *const *types)
{
	uint32_t n = 0;
	for (; types[n]; n++)
		parameters[n] = (struct parameter){.name = "x", .type = types[n]};
	return (struct prototype){.parameters = parameters, .n_parameters = n, .result = result};
}

#define PARAMETERS_MAX 16

static void place(unsigned int machine, const struct type *result, const struct type *const *types,
		  struct fetch_source *ret)
{
	struct parameter parameters[PARAMETERS_MAX];
	struct prototype prototype = prototype_of(parameters, result, types);
	args_place(machine, &prototype, false, ret);
}

#define PLACE(ret, result, ...) \
	place(EM_X86_64, result, (const struct type *const[]){__VA_ARGS__, NULL}, ret)

#ifdef __x86_64__

/* What the recorder saw: registers by the numbers of probe/regs.h. */
extern uint64_t recorded[X86_REGS];
uint64_t recorded[X86_REGS];
void record(void);
/* Through a variable, so that the compiler does not mind the many types. */
static void *volatile recorder = (void *)record;
/* The stack is copied, as the caller's frame is gone when we look. */
#define STACK_WORDS 32
extern uint64_t recorded_stack[STACK_WORDS];
uint64_t recorded_stack[STACK_WORDS];

__asm__(".text\n.globl record\n.type record, @function\nrecord:\n"
	"mov %rdi, recorded+8*14(%rip)\n"
	"mov %rsi, recorded+8*13(%rip)\n"
	"mov %rdx, recorded+8*12(%rip)\n"
	"mov %rcx, recorded+8*11(%rip)\n"
	"mov %r8, recorded+8*9(%rip)\n"
	"mov %r9, recorded+8*8(%rip)\n"
	"mov %rdi, %r10\n"
	"mov %rsp, %rsi\n"
	"lea recorded_stack(%rip), %rdi\n"
	"mov $32, %ecx\n"
	"rep movsq\n"
	"mov %r10, %rax\n" /* the address of a large result */
	"ret\n.size record, . - record\n");
_Static_assert(X86_RDI == 14 && X86_RSI == 13 && X86_RDX == 12 && X86_RCX == 11 && X86_R8 == 9 &&
		       X86_R9 == 8,
	       "the recorder's numbers");

/* What BPF would do, on what was recorded; `size` bytes of the value. */
static uint64_t fetch(const struct fetch_source *source, uint32_t size)
{
	if (source->unavailable)
		fail_msg("unavailable: %s", source->unavailable);
	recorded[X86_RSP] = (uintptr_t)recorded_stack;
	uint64_t acc = 0;
	for (uint32_t i = 0; i < source->n_ops; i++) {
		const struct fetch_op *op = &source->ops[i];
		if (op->code == FETCH_REG) {
			acc = recorded[op->reg];
			if (op->size < 8)
				acc &= (1ULL << op->size * 8) - 1;
		} else if (op->code == FETCH_ADD) {
			acc += (uint64_t)op->imm;
		} else {
			fail_msg("operation %u", op->code);
		}
	}
	if (!source->is_address)
		return acc;
	uint64_t value = 0;
	memcpy(&value, (const void *)(uintptr_t)acc, size < 8 ? size : 8);
	return value;
}

#define CALL(types, ...) ((void(*) types)recorder)(__VA_ARGS__)

static void integers_fill_registers_then_stack(void **state)
{
	(void)state;
	struct fetch_source at[PARAMETERS_MAX];
	PLACE(at, &t_void, &t_int, &t_string, &t_bool, &t_short, &t_long, &t_bytes, &t_int, &t_bool,
	      &t_string);
	CALL((int, const char *, _Bool, unsigned short, long, void *, int, _Bool, const char *), -5,
	     "text", true, 0xbeef, 1L << 40, recorded, -7, true, "last");
	assert_int_equal((int32_t)fetch(&at[0], 4), -5);
	assert_string_equal((const char *)(uintptr_t)fetch(&at[1], 8), "text");
	assert_int_equal(fetch(&at[2], 1), 1);
	assert_int_equal(fetch(&at[3], 2), 0xbeef);
	assert_int_equal(fetch(&at[4], 8), 1L << 40);
	assert_ptr_equal((void *)(uintptr_t)fetch(&at[5], 8), recorded);
	assert_int_equal((int32_t)fetch(&at[6], 4), -7);
	assert_int_equal(fetch(&at[7], 1), 1);
	assert_string_equal((const char *)(uintptr_t)fetch(&at[8], 8), "last");
}

static void floats_take_registers_of_their_own(void **state)
{
	(void)state;
	struct fetch_source at[PARAMETERS_MAX];
	PLACE(at, &t_double, &t_double, &t_int, &t_float, &t_int);
	CALL((double, int, float, int), 1.5, 11, 2.5f, 12);
	assert_string_equal(at[0].unavailable, "in xmm0");
	assert_int_equal(fetch(&at[1], 4), 11);
	assert_string_equal(at[2].unavailable, "in xmm1");
	assert_int_equal(fetch(&at[3], 4), 12);
	/* The ninth goes to the stack. */
	PLACE(at, &t_void, &t_double, &t_double, &t_double, &t_double, &t_double, &t_double,
	      &t_double, &t_double, &t_double, &t_int);
	CALL((double, double, double, double, double, double, double, double, double, int), 0, 1, 2,
	     3, 4, 5, 6, 7, 8.25, 9);
	assert_string_equal(at[7].unavailable, "in xmm7");
	uint64_t bits = fetch(&at[8], 8);
	double value;
	memcpy(&value, &bits, sizeof(value));
	assert_true(value == 8.25);
	assert_int_equal(fetch(&at[9], 4), 9);
}

static uint64_t fetch_part(const struct fetch_source *source, uint32_t index)
{
	assert_true(index < source->n_parts);
	const struct fetch_part *from = &source->parts[index];
	struct fetch_source part = {.unavailable = from->unavailable, .n_ops = from->n_ops};
	memcpy(part.ops, from->ops, sizeof(from->ops));
	return fetch(&part, 8);
}

static void small_structures_are_split_by_class(void **state)
{
	(void)state;
	struct fetch_source at[PARAMETERS_MAX];
	PLACE(at, &t_void, &t_ints, &t_longs, &t_mixed, &t_floats, &t_int_float, &t_int);
	CALL((struct ints, struct longs, struct mixed, struct floats, struct int_float, int),
	     (struct ints){1, 2}, (struct longs){3, 4}, (struct mixed){5, 6}, (struct floats){7, 8},
	     (struct int_float){9, 10}, 11);
	assert_int_equal(fetch(&at[0], 8), 1 | 2ULL << 32);
	assert_int_equal(fetch_part(&at[1], 0), 3);
	assert_int_equal(fetch_part(&at[1], 1), 4);
	assert_string_equal(at[2].parts[0].unavailable, "in xmm0");
	assert_int_equal(fetch_part(&at[2], 1), 6);
	assert_string_equal(at[3].unavailable, "in xmm1");
	assert_int_equal((uint32_t)fetch(&at[4], 8), 9);
	assert_int_equal(fetch(&at[5], 4), 11);
}

static void structures_are_never_half_on_the_stack(void **state)
{
	(void)state;
	struct fetch_source at[PARAMETERS_MAX];
	PLACE(at, &t_void, &t_int, &t_int, &t_int, &t_int, &t_int, &t_longs, &t_int, &t_nested,
	      &t_int);
	CALL((int, int, int, int, int, struct longs, int, struct nested, int), 1, 2, 3, 4, 5,
	     (struct longs){6, 7}, 8, (struct nested){{9, 10}, 11}, 12);
	assert_int_equal(fetch(&at[5], 8), 6);
	assert_true(at[5].is_address);
	/* The sixth register is still free. */
	assert_int_equal(fetch(&at[6], 4), 8);
	assert_int_equal(fetch(&at[7], 8), 9 | 10ULL << 32);
	assert_int_equal(fetch(&at[8], 4), 12);
}

static void what_belongs_in_memory_lies_on_the_stack(void **state)
{
	(void)state;
	struct fetch_source at[PARAMETERS_MAX];
	PLACE(at, &t_void, &t_big, &t_int, &t_packed, &t_wld, &t_long_double, &t_int);
	CALL((struct big, int, struct packed, struct with_long_double, long double, int),
	     (struct big){1, 2, 3}, 4, (struct packed){'p', 5}, (struct with_long_double){6}, 7, 8);
	assert_int_equal(fetch(&at[0], 8), 1);
	assert_int_equal(fetch(&at[1], 4), 4);
	assert_int_equal(fetch(&at[2], 1), 'p');
	long double value;
	at[3].is_address = false;
	memcpy(&value, (const void *)(uintptr_t)fetch(&at[3], 8), sizeof(value));
	assert_true(value == 6);
	at[4].is_address = false;
	memcpy(&value, (const void *)(uintptr_t)fetch(&at[4], 8), sizeof(value));
	assert_true(value == 7);
	assert_int_equal(fetch(&at[5], 4), 8);
}

static void wide_integers_take_two(void **state)
{
	(void)state;
	struct fetch_source at[PARAMETERS_MAX];
	PLACE(at, &t_void, &t_int, &t_int128, &t_int, &t_int, &t_int, &t_int128, &t_int);
	CALL((int, __int128, int, int, int, __int128, int), 1, 2, 3, 4, 5, 6, 7);
	assert_int_equal(fetch_part(&at[1], 0), 2);
	assert_int_equal(fetch_part(&at[1], 1), 0);
	assert_int_equal(fetch(&at[2], 4), 3);
	assert_int_equal(fetch(&at[4], 4), 5);
	assert_int_equal(fetch(&at[5], 8), 6);
	assert_int_equal(fetch(&at[6], 4), 7);
}

static void empty_structures_take_nothing(void **state)
{
	(void)state;
	struct fetch_source at[PARAMETERS_MAX];
	PLACE(at, &t_void, &t_empty, &t_int);
	CALL((struct empty, int), (struct empty){}, 5);
	assert_string_equal(at[0].unavailable, "empty");
	assert_int_equal(fetch(&at[1], 4), 5);
}

static void a_large_result_moves_the_arguments(void **state)
{
	(void)state;
	struct fetch_source at[PARAMETERS_MAX];
	PLACE(at, &t_big, &t_int, &t_long);
	(void)((struct big(*)(int, long))recorder)(21, 22);
	assert_int_equal(fetch(&at[0], 4), 21);
	assert_int_equal(fetch(&at[1], 8), 22);
	PLACE(at, &t_longs, &t_int);
	CALL((int), 23);
	assert_int_equal(fetch(&at[0], 4), 23);
	PLACE(at, &t_packed, &t_int);
	(void)((struct packed(*)(int))recorder)(24);
	assert_int_equal(fetch(&at[0], 4), 24);
	PLACE(at, &t_long_double, &t_int);
	CALL((int), 25);
	assert_int_equal(fetch(&at[0], 4), 25);
}

#endif

static void nothing_is_guessed_behind_an_unknown_layout(void **state)
{
	(void)state;
	struct fetch_source at[PARAMETERS_MAX];
	PLACE(at, &t_void, &t_int, &t_opaque, &t_int);
	assert_null(at[0].unavailable);
	assert_non_null(at[1].unavailable);
	assert_non_null(at[2].unavailable);
	/* Rust passes structures as it likes. */
	struct parameter parameters[] = {{"a", &t_int}, {"b", &t_ints}, {"c", &t_int}};
	struct prototype prototype = {
		.parameters = parameters, .n_parameters = 3, .result = &t_void};
	args_place(EM_X86_64, &prototype, true, at);
	assert_null(at[0].unavailable);
	assert_non_null(at[1].unavailable);
	assert_non_null(at[2].unavailable);
	/* And returns them so, which may move all arguments; a large one always does. */
	prototype.result = &t_ints;
	args_place(EM_X86_64, &prototype, true, at);
	assert_non_null(at[0].unavailable);
	prototype.result = &t_big;
	args_place(EM_X86_64, &prototype, true, at);
	assert_null(at[0].unavailable);
	assert_int_equal(at[0].ops[0].reg, X86_RSI);
}

/* C++ returns classes with a constructor or destructor of their own in memory. */
static void classes_in_memory_move_the_arguments(void **state)
{
	(void)state;
	struct fetch_source at[PARAMETERS_MAX], result;
	struct type class = t_ints;
	class.in_memory = true;
	PLACE(at, &class, &t_int);
	assert_int_equal(at[0].ops[0].reg, X86_RSI);
	args_place_result(EM_X86_64, &class, false, &result);
	assert_int_equal(result.ops[0].reg, X86_RAX);
	assert_true(result.is_address);
}

static void results_are_where_the_convention_says(void **state)
{
	(void)state;
	struct fetch_source at;
	args_place_result(EM_X86_64, &t_int, false, &at);
	assert_null(at.unavailable);
	assert_int_equal(at.ops[0].reg, X86_RAX);
	assert_int_equal(at.ops[0].size, 4);
	args_place_result(EM_X86_64, &t_ints, false, &at);
	assert_int_equal(at.ops[0].reg, X86_RAX);
	assert_false(at.is_address);
	args_place_result(EM_X86_64, &t_big, false, &at);
	assert_int_equal(at.ops[0].reg, X86_RAX);
	assert_true(at.is_address);
	args_place_result(EM_X86_64, &t_double, false, &at);
	assert_string_equal(at.unavailable, "in xmm0");
	args_place_result(EM_X86_64, &t_long_double, false, &at);
	assert_string_equal(at.unavailable, "in st0");
	args_place_result(EM_X86_64, &t_longs, false, &at);
	assert_int_equal(at.n_parts, 2);
	assert_int_equal(at.parts[0].ops[0].reg, X86_RAX);
	assert_int_equal(at.parts[1].ops[0].reg, X86_RDX);
	args_place_result(EM_X86_64, &t_mixed, false, &at);
	assert_string_equal(at.parts[0].unavailable, "in xmm0");
	assert_int_equal(at.parts[1].ops[0].reg, X86_RAX);
	args_place_result(EM_X86_64, &t_ints, true, &at);
	assert_non_null(at.unavailable);
}

#define PLACE_ARM64(ret, result, ...) \
	place(EM_AARCH64, result, (const struct type *const[]){__VA_ARGS__, NULL}, ret)

/* Expectations from the examples and rules of AAPCS64 6.8.2. */
static void arm64_has_its_own_rules(void **state)
{
	(void)state;
	struct fetch_source at[PARAMETERS_MAX];
	PLACE_ARM64(at, &t_big, &t_int, &t_double, &t_longs, &t_big, &t_int128, &t_int);
	assert_int_equal(at[0].ops[0].reg, ARM64_X0); /* x8 holds the result's place */
	assert_string_equal(at[1].unavailable, "in v0");
	assert_int_equal(at[2].parts[0].ops[0].reg, ARM64_X0 + 1);
	assert_int_equal(at[2].parts[1].ops[0].reg, ARM64_X0 + 2);
	assert_int_equal(at[3].ops[0].reg, ARM64_X0 + 3); /* address of a copy */
	assert_true(at[3].is_address);
	assert_int_equal(at[4].parts[1].ops[0].reg, ARM64_X0 + 5);
	assert_int_equal(at[5].ops[0].reg, ARM64_X0 + 6);
	PLACE_ARM64(at, &t_void, &t_floats, &t_double, &t_int);
	assert_string_equal(at[0].unavailable, "in floating-point registers");
	assert_string_equal(at[1].unavailable, "in v2");
	assert_int_equal(at[2].ops[0].reg, ARM64_X0);
	PLACE_ARM64(at, &t_void, &t_int, &t_int, &t_int, &t_int, &t_int, &t_int, &t_int, &t_longs,
		    &t_int);
	/* Does not fit into x7 alone, and no later one goes back to it. */
	assert_true(at[7].is_address);
	assert_int_equal(at[7].ops[0].reg, ARM64_SP);
	assert_int_equal(at[7].ops[1].imm, 0);
	assert_int_equal(at[8].ops[1].imm, 16);
	struct fetch_source result;
	args_place_result(EM_AARCH64, &t_int, false, &result);
	assert_int_equal(result.ops[0].reg, ARM64_X0);
	args_place_result(EM_AARCH64, &t_big, false, &result);
	assert_non_null(result.unavailable);
	args_place_result(EM_AARCH64, &t_double, false, &result);
	assert_string_equal(result.unavailable, "in v0");
}

/* One parameter, in the place that DWARF gives, beside or instead of the convention. */
static struct fetch_source located(const struct type *type, struct parameter_place place,
				   const char *no_convention, bool is_optimised)
{
	struct parameter parameter = {.name = "x", .type = type};
	struct prototype prototype = {.parameters = &parameter,
				      .n_parameters = 1,
				      .places = &place,
				      .no_convention = no_convention,
				      .is_optimised = is_optimised};
	struct fetch_source ret;
	args_place(EM_X86_64, &prototype, false, &ret);
	args_use_places(EM_X86_64, &prototype, &ret);
	return ret;
}

#define PLACE_AT(...) ((struct parameter_place){__VA_ARGS__})

static void assert_why(struct fetch_source source, const char *why)
{
	assert_non_null(source.unavailable);
	assert_string_equal(source.unavailable, why);
}

/* psABI x86-64: DWARF's 0 is rax, 3 rbx, 5 rdi, 4 rsi, 17 xmm0. */
static void places_instead_of_the_convention(void **state)
{
	(void)state;
	static const char go[] = "Go's own", own[] = "own";
	struct fetch_source at = located(
		&t_int, PLACE_AT(.kind = PLACE_REGISTER, .reg = 4, .exact = true), own, false);
	assert_null(at.unavailable);
	assert_int_equal(at.ops[0].reg, X86_RSI);
	assert_int_equal(at.ops[0].size, 4);
	at = located(&t_long, PLACE_AT(.kind = PLACE_REGISTER, .reg = 3, .exact = true), go, false);
	assert_null(at.unavailable);
	assert_int_equal(at.ops[0].reg, X86_RBX);
	assert_why(located(&t_long, PLACE_AT(.kind = PLACE_REGISTER, .reg = 3, .exact = true), own,
			   false),
		   own);
	assert_why(located(&t_long, PLACE_AT(.kind = PLACE_REGISTER, .reg = 120, .exact = true),
			   own, false),
		   own);
	assert_why(located(&t_big, PLACE_AT(.kind = PLACE_REGISTER, .reg = 5, .exact = true), own,
			   false),
		   own);
	assert_why(located(&t_double, PLACE_AT(.kind = PLACE_REGISTER, .reg = 17, .exact = true),
			   own, false),
		   "in xmm0");
	assert_why(located(&t_int, PLACE_AT(.kind = PLACE_NOWHERE), own, false), "optimised out");
	assert_why(located(&t_longs, PLACE_AT(.kind = PLACE_PIECES), own, false),
		   "in several places");
	assert_why(located(&t_int, PLACE_AT(.kind = PLACE_UNKNOWN), own, false), own);
	at = located(&t_int, PLACE_AT(.kind = PLACE_CONSTANT, .offset = -7), own, false);
	assert_null(at.unavailable);
	assert_int_equal(at.ops[0].code, FETCH_CONST);
	assert_int_equal(at.ops[0].imm, -7);
	assert_why(located(&t_double, PLACE_AT(.kind = PLACE_CONSTANT), own, false), own);
}

#define PIECE(...) ((struct place_piece){__VA_ARGS__})
/* A string of Go: the pointer in a register, the length in another one. */
static void pieces_are_put_together(void **state)
{
	(void)state;
	static const char own[] = "Go's own calling convention";
	struct parameter_place place = PLACE_AT(.kind = PLACE_PIECES, .exact = true, .n_pieces = 2);
	place.pieces[0] = PIECE(.kind = PLACE_REGISTER, .reg = 0, .size = 8);
	place.pieces[1] = PIECE(.kind = PLACE_REGISTER, .reg = 3, .size = 8);
	struct fetch_source at = located(&t_longs, place, own, false);
	assert_int_equal(at.n_parts, 2);
	assert_int_equal(at.parts[0].ops[0].reg, X86_RAX);
	assert_int_equal(at.parts[1].ops[0].reg, X86_RBX);
	place.pieces[1] = PIECE(.kind = PLACE_NOWHERE, .size = 8);
	at = located(&t_longs, place, own, false);
	assert_string_equal(at.parts[1].unavailable, "optimised out");
	place.pieces[0] = PIECE(.kind = PLACE_NOWHERE, .size = 8);
	assert_why(located(&t_longs, place, own, false), "optimised out");
	/* These are not the parts of that type: what is said is not understood. */
	place.pieces[0] = PIECE(.kind = PLACE_REGISTER, .reg = 0, .size = 4);
	assert_why(located(&t_longs, place, own, false), own);
	place.pieces[0] = PIECE(.kind = PLACE_REGISTER, .reg = 0, .size = 9);
	assert_why(located(&t_longs, place, own, false), own);
}

/* The canonical frame address is above the return address, so 8 above rsp. */
static void places_in_memory(void **state)
{
	(void)state;
	static const char go[] = "Go's own", own[] = "own";
	struct parameter_place frame =
		PLACE_AT(.kind = PLACE_MEMORY, .reg = PLACE_CFA, .exact = true, .offset = 16);
	struct fetch_source at = located(&t_big, frame, own, false);
	assert_true(at.is_address);
	assert_int_equal(at.ops[0].reg, X86_RSP);
	assert_int_equal(at.ops[1].imm, 24);
	frame.exact = false; /* Go's room for what is in registers */
	assert_why(located(&t_big, frame, go, false), go);
	struct parameter_place led = PLACE_AT(.kind = PLACE_MEMORY, .reg = 5, .offset = 8);
	at = located(&t_big, led, own, false);
	assert_true(at.is_address);
	assert_int_equal(at.ops[0].reg, X86_RDI);
	led.kind = PLACE_SUM;
	assert_false(located(&t_long, led, own, false).is_address);
	led.reg = 3; /* rbx holds nothing yet */
	assert_why(located(&t_long, led, own, false), own);
}

static void places_beside_the_convention(void **state)
{
	(void)state;
	struct fetch_source at = located(&t_int, PLACE_AT(.kind = PLACE_NOWHERE), NULL, false);
	assert_null(at.unavailable);
	assert_int_equal(at.ops[0].reg, X86_RDI);
	assert_why(located(&t_int, PLACE_AT(.kind = PLACE_NOWHERE), NULL, true), "optimised out");
	/* ms_abi: the first one in rcx; a single expression is not exact enough. */
	at = located(&t_int, PLACE_AT(.kind = PLACE_REGISTER, .reg = 2, .exact = true), NULL,
		     false);
	assert_int_equal(at.ops[0].reg, X86_RCX);
	at = located(&t_int, PLACE_AT(.kind = PLACE_REGISTER, .reg = 2, .exact = false), NULL,
		     false);
	assert_int_equal(at.ops[0].reg, X86_RDI);
	at = located(&t_opaque, PLACE_AT(.kind = PLACE_REGISTER, .reg = 4, .exact = false), NULL,
		     false);
	assert_null(at.unavailable);
	assert_int_equal(at.ops[0].reg, X86_RSI);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_instead_of_the_convention),
		cmocka_unit_test(places_in_memory),
		cmocka_unit_test(places_beside_the_convention),
#ifdef __x86_64__
		cmocka_unit_test(integers_fill_registers_then_stack),
		cmocka_unit_test(floats_take_registers_of_their_own),
		cmocka_unit_test(small_structures_are_split_by_class),
		cmocka_unit_test(structures_are_never_half_on_the_stack),
		cmocka_unit_test(what_belongs_in_memory_lies_on_the_stack),
		cmocka_unit_test(wide_integers_take_two),
		cmocka_unit_test(empty_structures_take_nothing),
		cmocka_unit_test(a_large_result_moves_the_arguments),
#endif
		cmocka_unit_test(nothing_is_guessed_behind_an_unknown_layout),
		cmocka_unit_test(classes_in_memory_move_the_arguments),
		cmocka_unit_test(results_are_where_the_convention_says),
		cmocka_unit_test(arm64_has_its_own_rules),
		cmocka_unit_test(pieces_are_put_together),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
