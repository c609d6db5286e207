/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/probe_compile.h — a small interpreter of plans, and one value's way there and back. */
#ifndef UTRAIL_TESTS_PROBE_COMPILE_H
#define UTRAIL_TESTS_PROBE_COMPILE_H

#include "tests/unit/unit.h"

#include <stdbool.h>

#include "probe/compile.h"
#include "probe/regs.h"
#include "probe/value.h"

struct machine {
	uint64_t regs[32];
	uint64_t acc, end;
	bool poisoned, has_length;
	uint32_t length, length_flags;
	uint32_t unavailable, n_slots;
	char payload[FETCH_PAYLOAD_MAX];
	size_t used;
};

/* Addresses below the first page stand for memory that is not there. */
static inline bool readable(uint64_t address)
{
	return address >= 4096;
}

static inline uint64_t cut(uint64_t value, uint8_t size, bool sign)
{
	unsigned int shift = size && size < 8 ? 64 - size * 8U : 0;
	return sign ? (uint64_t)((int64_t)(value << shift) >> shift) : value << shift >> shift;
}

static inline void put_blob(struct machine *m, const void *bytes, uint32_t length, uint32_t flags,
			    bool ok)
{
	struct fetch_blob blob = {.length = length, .flags = flags};
	memcpy(m->payload + m->used, &blob, sizeof(blob));
	if (length)
		memcpy(m->payload + m->used + sizeof(blob), bytes, length);
	m->used += sizeof(blob) + ((length + 7) & ~7U);
	m->unavailable |= ok ? 0 : 1U << m->n_slots;
	m->n_slots++;
}

static inline void run_text(struct machine *m, const struct fetch_op *op)
{
	if (m->poisoned)
		put_blob(m, NULL, 0, 0, false);
	else if (m->acc == 0 && (op->flags & FETCH_NULL_OK))
		put_blob(m, NULL, 0, FETCH_BLOB_NULL, true);
	else if (op->code == FETCH_BYTES && m->has_length && !m->length)
		put_blob(m, NULL, 0, m->length_flags, true);
	else if (!readable(m->acc))
		put_blob(m, NULL, 0, 0, false);
	else if (op->code == FETCH_STRING) {
		const char *text = (const char *)m->acc;
		size_t length = strlen(text);
		bool long_one = length > (size_t)op->imm;
		put_blob(m, text, long_one ? (uint32_t)op->imm : (uint32_t)length,
			 long_one ? FETCH_BLOB_TRUNCATED : 0, true);
	} else {
		put_blob(m, (const void *)m->acc, m->has_length ? m->length : (uint32_t)op->imm,
			 m->has_length ? m->length_flags : 0, true);
	}
	m->has_length = false;
}

static inline void run_op(struct machine *m, const struct fetch_op *op)
{
	bool sign = op->flags & FETCH_SIGNED;
	switch (op->code) {
	case FETCH_REG:
		m->acc = cut(m->regs[op->reg] >> op->shift, op->size, sign);
		m->poisoned = false;
		break;
	case FETCH_CONST:
		m->acc = (uint64_t)op->imm;
		m->poisoned = false;
		break;
	case FETCH_ADD:
		m->acc += (uint64_t)op->imm;
		break;
	case FETCH_INDEX:
		m->acc += cut(m->regs[op->reg], op->size, sign) * (uint64_t)op->imm;
		break;
	case FETCH_DEREF: {
		uint64_t value = 0;
		uint64_t from = m->acc + (uint64_t)op->imm;
		if (m->poisoned || !readable(from))
			m->poisoned = true;
		else
			memcpy(&value, (const void *)from, op->size);
		m->acc = cut(value, op->size, sign);
		break;
	}
	case FETCH_LENGTH: {
		uint64_t size = op->next[0] | (uint64_t)op->next[1] << 8;
		uint64_t bytes = size ? m->acc * size : m->acc << op->shift;
		int64_t length = m->poisoned ? 0 : (int64_t)bytes;
		if (op->flags & FETCH_IN_ALL) {
			m->end = (uint64_t)length;
			break;
		}
		if (op->flags & FETCH_TO_END)
			length = (int64_t)m->end - length;
		if (length < 0)
			length = 0;
		m->length = length > op->imm ? (uint32_t)op->imm : (uint32_t)length;
		m->length_flags = length > op->imm ? FETCH_BLOB_TRUNCATED : 0;
		m->has_length = true;
		break;
	}
	case FETCH_EACH:
	case FETCH_WALK: /* what is in it, only BPF can tell */
		put_blob(m, NULL, 0, FETCH_BLOB_END, true);
		break;
	case FETCH_KEEP:
		m->regs[X86_KEPT + op->reg] = m->poisoned ? UINT64_MAX : m->acc;
		break;
	case FETCH_INT: {
		uint64_t value = m->poisoned ? 0 : cut(m->acc, op->size, sign);
		memcpy(m->payload + m->used, &value, sizeof(value));
		m->used += sizeof(value);
		m->unavailable |= m->poisoned ? 1U << m->n_slots : 0;
		m->n_slots++;
		break;
	}
	case FETCH_FILE: { /* what it is asked for */
		int32_t fd = (int32_t)m->acc;
		put_blob(m, &fd, m->poisoned ? 0 : sizeof(fd), 0, !m->poisoned);
		break;
	}
	default:
		run_text(m, op);
	}
}

/* --- one value, there and back ------------------------------------------------------------------
 */

struct round_trip {
	struct arena arena;
	struct plan_builder builder;
	struct machine machine;
	const struct fetch_plan *plan;
	struct value_list values;
	struct slots slots;
};

static inline void begin(struct round_trip *trip)
{
	const struct compile_options options = {.string_limit = 16, .depth = 2};
	memset(trip, 0, sizeof(*trip));
	plan_builder_init(&trip->builder, &trip->arena, &options);
}

static inline void add(struct round_trip *trip, const struct type *type, uint8_t reg,
		       uint64_t value)
{
	const struct fetch_source source = fetch_from_register(reg, 8, false);
	trip->machine.regs[reg] = value;
	assert_ok(plan_add_value(&trip->builder, "x", type, &source, NULL));
}

static inline void run(struct round_trip *trip)
{
	assert_ok(plan_finish(&trip->builder, &trip->plan, &trip->values));
	for (uint32_t i = 0; trip->plan && i < trip->plan->n_ops; i++)
		run_op(&trip->machine, &trip->plan->ops[i]);
	trip->slots.unreadable = "bad address";
	assert_int_equal(slots_decode(trip->plan, trip->machine.unavailable, trip->machine.payload,
				      trip->machine.used, &trip->slots),
			 trip->machine.used);
}

static inline void end(struct round_trip *trip)
{
	plan_builder_deinit(&trip->builder);
	arena_deinit(&trip->arena);
}

static inline uint64_t scalar(const struct round_trip *trip, const struct value *value)
{
	uint64_t ret = 0;
	const char *why = "";
	if (!value_scalar(value, &trip->slots, &ret, &why))
		fail_msg("not available: %s", why);
	return ret;
}

static inline void assert_bytes(const struct round_trip *trip, const struct value *value,
				const char *wanted, uint32_t flags)
{
	const char *bytes, *why = "";
	uint32_t length, got_flags;
	if (!value_bytes(value, &trip->slots, &bytes, &length, &got_flags, &why))
		fail_msg("not available: %s", why);
	assert_int_equal(length, strlen(wanted));
	assert_memory_equal(bytes, wanted, length);
	assert_int_equal(got_flags, flags);
}

static inline void assert_unavailable(const struct round_trip *trip, const struct value *value,
				      const char *wanted)
{
	uint64_t ignored;
	const char *why = "";
	assert_false(value_scalar(value, &trip->slots, &ignored, &why));
	assert_string_equal(why, wanted);
}

static const struct type int_type = {.kind = TYPE_INT, .size = 4, .name = "int"};
static const struct type short_type = {.kind = TYPE_INT, .size = 2, .name = "short"};
static const struct type byte_type = {.kind = TYPE_UINT, .size = 1, .name = "uint8_t"};
static const struct type long_type = {.kind = TYPE_UINT, .size = 8, .name = "unsigned long"};
static const struct type string_type = {.kind = TYPE_STRING, .size = 8, .name = "char *"};
static const struct type char_type = {.kind = TYPE_CHAR, .size = 1, .name = "char"};
static const struct type name_type = {
	.kind = TYPE_ARRAY, .size = 8, .name = "char[8]", .target = &char_type};

#endif
