/* SPDX-License-Identifier: Apache-2.0 */
/* The System V calling convention of x86-64, and the choice of convention by machine. */
#include "uprobe/args.h"

#include <elf.h>

#include "probe/regs.h"

static const uint8_t integer_registers[] = {X86_RDI, X86_RSI, X86_RDX, X86_RCX, X86_R8, X86_R9};
#define N_INTEGER (sizeof(integer_registers))

static const char *const float_registers[] = {"in xmm0", "in xmm1", "in xmm2", "in xmm3",
					      "in xmm4", "in xmm5", "in xmm6", "in xmm7"};
#define N_FLOAT (sizeof(float_registers) / sizeof(float_registers[0]))

static const uint8_t result_registers[] = {X86_RAX, X86_RDX};

/* What is taken so far. */
struct taken {
	unsigned int integers, floats;
	uint64_t stack; /* bytes above the return address */
	bool lost;	/* something before took an unknown number of them */
};

struct fetch_source args_in_register(uint8_t reg, const struct type *type)
{
	bool whole = type->kind == TYPE_STRUCT || type->kind == TYPE_POINTER ||
		     type->kind == TYPE_STRING || type->kind == TYPE_BYTES ||
		     type->kind == TYPE_UNKNOWN;
	uint8_t size = whole || type->size > 8 || !type->size ? 8 : (uint8_t)type->size;
	return fetch_from_register(reg, size, false);
}

void args_add_register(struct fetch_source *source, uint8_t reg)
{
	const struct fetch_op op = {.code = FETCH_REG, .reg = reg, .size = 8};
	fetch_add_part(source, 8, &op, 1, NULL);
}

bool args_has_part(const struct fetch_source *source)
{
	for (uint32_t i = 0; i < source->n_parts; i++)
		if (!source->parts[i].unavailable)
			return true;
	return false;
}

static struct fetch_source place_on_stack(struct taken *taken, const struct args_shape *shape)
{
	uint64_t at = (taken->stack + shape->align - 1) / shape->align * shape->align;
	taken->stack = at + ((uint64_t)shape->size + 7) / 8 * 8;
	/* At the entry, and at the push behind it, rsp points to the return address. */
	return args_at(X86_RSP, at + 8);
}

/* Each eightbyte goes to the next register of its own class. */
static struct fetch_source in_registers(const struct args_shape *shape, const uint8_t *integers,
					const char *const *floats)
{
	struct fetch_source source = {0};
	for (unsigned int i = 0; i < shape->n_parts; i++) {
		if (shape->classes[i] == ARGS_INTEGER)
			args_add_register(&source, *integers++);
		else
			fetch_add_part(&source, 8, NULL, 0, *floats++);
	}
	return args_has_part(&source) ? source : args_unavailable(source.parts[0].unavailable);
}

static struct fetch_source place(struct taken *taken, const struct type *type,
				 const struct args_shape *shape)
{
	unsigned int integers = 0, floats = 0;
	for (unsigned int i = 0; i < shape->n_parts; i++) {
		integers += shape->classes[i] == ARGS_INTEGER;
		floats += shape->classes[i] == ARGS_FLOAT;
	}
	/* clang has put half of a number into the last register until version 18, and had others at
	 * multiples of 8 on the stack. */
	bool is_wide = type_is_wide_number(type) && taken->integers + integers > N_INTEGER;
	if (shape->classes[0] == ARGS_UNKNOWN ||
	    (is_wide && (taken->integers < N_INTEGER || taken->stack % 16)))
		taken->lost = true;
	if (taken->lost)
		return args_unavailable(NULL);
	if (shape->classes[0] == ARGS_NONE)
		return args_unavailable("empty");
	/* Never half in registers, half on the stack. */
	if (!shape->n_parts || taken->integers + integers > N_INTEGER ||
	    taken->floats + floats > N_FLOAT)
		return place_on_stack(taken, shape);
	struct fetch_source source;
	if (shape->n_parts == 1 && integers)
		source = args_in_register(integer_registers[taken->integers], type);
	else if (shape->n_parts == 1)
		source = args_unavailable(float_registers[taken->floats]);
	else
		source = in_registers(shape, &integer_registers[taken->integers],
				      &float_registers[taken->floats]);
	taken->integers += integers;
	taken->floats += floats;
	return source;
}

static void place_x86_64(const struct prototype *prototype, bool is_rust, struct fetch_source *ret)
{
	struct taken taken = {0};
	if (prototype->result) {
		struct args_shape result = args_shape_of(prototype->result, is_rust);
		/* The caller hands over the place of a large structure as a first argument; a long
		 * double comes back in st0. Large classes are returned so in any language. */
		bool is_large = result.is_struct && prototype->result->size > 16;
		if (is_large || (result.is_struct && result.classes[0] == ARGS_MEMORY))
			taken.integers = 1;
		else
			taken.lost = result.classes[0] == ARGS_UNKNOWN;
	}
	for (uint32_t i = 0; i < prototype->n_parameters; i++) {
		const struct type *type = prototype->parameters[i].type;
		struct args_shape shape = args_shape_of(type, is_rust);
		ret[i] = place(&taken, type, &shape);
	}
}

static void place_result_x86_64(const struct type *type, bool is_rust, struct fetch_source *ret)
{
	struct args_shape shape = args_shape_of(type, is_rust);
	if (shape.is_struct && (type->size > 16 || shape.classes[0] == ARGS_MEMORY)) {
		/* The function returns the address of the place that it was given. */
		*ret = fetch_from_register(X86_RAX, 8, false);
		ret->is_address = true;
		return;
	}
	if (shape.classes[0] == ARGS_UNKNOWN)
		*ret = args_unavailable(NULL);
	else if (shape.classes[0] == ARGS_NONE)
		*ret = args_unavailable("empty");
	else if (shape.classes[0] == ARGS_MEMORY)
		*ret = args_unavailable("in st0");
	else if (shape.n_parts == 2)
		*ret = in_registers(&shape, result_registers, float_registers);
	else if (shape.classes[0] == ARGS_FLOAT)
		*ret = args_unavailable(float_registers[0]);
	else
		*ret = args_in_register(X86_RAX, type);
}

void args_place(unsigned int machine, const struct prototype *prototype, bool is_rust,
		struct fetch_source *ret)
{
	if (machine == EM_AARCH64)
		args_place_arm64(prototype, is_rust, ret);
	else
		place_x86_64(prototype, is_rust, ret);
}

void args_place_result(unsigned int machine, const struct type *type, bool is_rust,
		       struct fetch_source *ret)
{
	if (machine == EM_AARCH64)
		args_place_result_arm64(type, is_rust, ret);
	else
		place_result_x86_64(type, is_rust, ret);
}
