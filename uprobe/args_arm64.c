/* SPDX-License-Identifier: Apache-2.0 */
/* The procedure call standard for the Arm 64-bit architecture (AAPCS64), 6.8.2, stages A to C. */
#include "probe/regs.h"
#include "uprobe/args.h"

#define N_INTEGER 8
#define N_FLOAT	  8

static const char *const float_registers[] = {"in v0", "in v1", "in v2", "in v3",
					      "in v4", "in v5", "in v6", "in v7"};

struct taken {
	unsigned int integers, floats;
	uint64_t stack; /* bytes above sp at the entry */
	bool lost;
};

static struct fetch_source place_on_stack(struct taken *taken, const struct args_shape *shape)
{
	uint64_t at = (taken->stack + shape->align - 1) / shape->align * shape->align;
	taken->stack = at + ((uint64_t)shape->size + 7) / 8 * 8;
	return args_at(ARM64_SP, at);
}

/* One to four floating-point members of one size, or a plain floating-point value. */
static unsigned int vector_registers(const struct args_shape *shape, const struct type *type)
{
	if (type->kind == TYPE_FLOAT || type->kind == TYPE_ARRAY)
		return shape->float_members ? shape->float_members : 1;
	return shape->is_struct && shape->float_members <= 4 ? shape->float_members : 0;
}

static struct fetch_source place_float(struct taken *taken, const struct args_shape *shape,
				       unsigned int count)
{
	if (taken->floats + count > N_FLOAT) {
		taken->floats = N_FLOAT;
		return place_on_stack(taken, shape);
	}
	const char *where = float_registers[taken->floats];
	taken->floats += count;
	return args_unavailable(count == 1 ? where : "in floating-point registers");
}

static struct fetch_source place_integer(struct taken *taken, const struct args_shape *shape,
					 bool indirect)
{
	unsigned int count = indirect ? 1 : (shape->size + 7) / 8;
	/* Sixteen-byte alignment means an even register. */
	if (count == 2 && shape->align == 16)
		taken->integers += taken->integers & 1;
	if (taken->integers + count > N_INTEGER) {
		taken->integers = N_INTEGER;
		struct args_shape pointer = {.size = 8, .align = 8};
		struct fetch_source at = place_on_stack(taken, indirect ? &pointer : shape);
		/* The copy's address is in memory: one step more to the copy itself. */
		if (indirect)
			at.ops[at.n_ops++] = (struct fetch_op){.code = FETCH_DEREF, .size = 8};
		return at;
	}
	uint8_t reg = (uint8_t)(ARM64_X0 + taken->integers);
	taken->integers += count;
	if (count == 2) {
		struct fetch_source both = {0};
		args_add_register(&both, reg);
		args_add_register(&both, (uint8_t)(reg + 1));
		return both;
	}
	uint8_t size = shape->size < 8 && !shape->is_struct ? (uint8_t)shape->size : 8;
	struct fetch_source source = fetch_from_register(reg, size, false);
	source.is_address = indirect;
	return source;
}

static struct fetch_source place(struct taken *taken, const struct type *type,
				 const struct args_shape *shape)
{
	if (shape->classes[0] == ARGS_UNKNOWN)
		taken->lost = true;
	if (taken->lost)
		return args_unavailable(NULL);
	if (shape->classes[0] == ARGS_NONE)
		return args_unavailable("empty");
	unsigned int vectors = vector_registers(shape, type);
	if (vectors)
		return place_float(taken, shape, vectors);
	return place_integer(taken, shape, shape->is_struct && shape->size > 16);
}

/* Homogeneous structures of floats may have up to four members of eight bytes: more than 16 bytes
 * in all, which the common classification does not look into. */
static struct args_shape shape_of(const struct type *type, bool is_rust)
{
	struct args_shape shape = args_shape_of(type, is_rust);
	/* Packed, or with a long double, which goes to a vector register here: it does not tell. */
	if (shape.is_struct && shape.size <= 16 && shape.classes[0] == ARGS_MEMORY)
		shape.classes[0] = ARGS_UNKNOWN;
	if (type->kind != TYPE_STRUCT || type->size <= 16 || type->size > 64 || is_rust)
		return shape;
	uint32_t size = type->n_members ? type->members[0].type->size : 0;
	for (uint32_t i = 0; i < type->n_members; i++) {
		const struct type *member = type->members[i].type;
		if (member->kind == TYPE_STRUCT || member->kind == TYPE_ARRAY) {
			shape.classes[0] = ARGS_UNKNOWN; /* of floats, perhaps */
			return shape;
		}
		if (member->kind != TYPE_FLOAT || member->size != size)
			return shape;
	}
	shape.float_members = type->n_members;
	return shape;
}

void args_place_arm64(const struct prototype *prototype, bool is_rust, struct fetch_source *ret)
{
	/* A large result's place is in x8, which is no argument register. */
	struct taken taken = {0};
	for (uint32_t i = 0; i < prototype->n_parameters; i++) {
		const struct type *type = prototype->parameters[i].type;
		struct args_shape shape = shape_of(type, is_rust);
		ret[i] = place(&taken, type, &shape);
	}
}

void args_place_result_arm64(const struct type *type, bool is_rust, struct fetch_source *ret)
{
	struct args_shape shape = shape_of(type, is_rust);
	struct taken taken = {0};
	if (shape.is_struct && shape.size > 16 && !vector_registers(&shape, type))
		*ret = args_unavailable("in memory whose address the caller chose");
	else
		*ret = place(&taken, type, &shape);
}
