/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernel_run_plan.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/unit/unit.h"

struct machine {
	struct plan_run *run;
	uint64_t acc;
	uint64_t length; /* of the next BYTES */
	bool has_length, cut, poisoned;
};

/* A bad address is an error, not a crash. */
static bool read_memory(void *to, uint64_t from, size_t size)
{
	struct iovec here = {to, size}, there = {(void *)from, size};
	return size == 0 || process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)size;
}

static uint64_t cut(uint64_t value, uint8_t size, bool sign)
{
	unsigned int spare = 64 - 8 * (size ?: 8);
	return sign ? (uint64_t)((int64_t)(value << spare) >> spare) : value << spare >> spare;
}

static void add_slot(struct machine *m, const void *bytes, size_t size, bool available)
{
	struct plan_run *run = m->run;
	if (!available)
		run->unavailable |= 1u << run->n_slots;
	run->n_slots++;
	memcpy(run->payload + run->used, bytes, size);
	run->used += (uint32_t)(size + 7) & ~7u;
}

static void add_blob(struct machine *m, const struct fetch_op *op, bool is_string)
{
	struct {
		struct fetch_blob head;
		char bytes[FETCH_STRING_MAX];
	} blob = {0};
	uint64_t size = m->has_length ? m->length : (uint64_t)op->imm;
	bool ok = !m->poisoned;
	if (ok && m->acc == 0 && op->flags & FETCH_NULL_OK) {
		blob.head.flags = FETCH_BLOB_NULL;
	} else if (ok && m->acc && is_string) {
		size = strnlen((const char *)m->acc, (size_t)op->imm + 1);
		m->cut = size > (uint64_t)op->imm;
		size -= m->cut;
	}
	if (ok && m->acc) {
		ok = read_memory(blob.bytes, m->acc, size);
		blob.head.length = ok ? (uint32_t)size : 0;
		blob.head.flags = m->cut ? FETCH_BLOB_TRUNCATED : 0;
	}
	add_slot(m, &blob, sizeof(blob.head) + blob.head.length, ok);
	m->has_length = m->cut = false;
}

static void limit_length(struct machine *m, const struct fetch_op *op)
{
	bool is_negative = op->flags & FETCH_LENGTH_SIGNED && (int64_t)m->acc < 0;
	m->length = m->poisoned || is_negative ? 0 : m->acc;
	m->cut = m->length > (uint64_t)op->imm;
	if (m->cut)
		m->length = (uint64_t)op->imm;
	m->has_length = true;
}

static void load(struct machine *m, uint64_t value)
{
	m->acc = value;
	m->poisoned = false;
}

static void dereference(struct machine *m, const struct fetch_op *op)
{
	uint64_t value = 0;
	if (!read_memory(&value, m->acc, op->size))
		m->poisoned = true;
	m->acc = cut(value, op->size, op->flags & FETCH_SIGNED);
}

/* Not the path, but what it would be asked of: "3", "cwd". */
static void add_file(struct machine *m, const struct fetch_op *op)
{
	struct {
		struct fetch_blob head;
		struct fetch_file file;
		char name[16];
	} blob = {.file.flags = FETCH_FILE_TEXT};
	int fd = (int)m->acc;
	if (fd == AT_FDCWD && op->flags & FETCH_CWD)
		strcpy(blob.name, "cwd");
	else if (fd >= 0)
		snprintf(blob.name, sizeof(blob.name), "%d", fd);
	if (*blob.name)
		blob.head.length = (uint32_t)(sizeof(blob.file) + strlen(blob.name) + 1);
	add_slot(m, &blob, sizeof(blob.head) + blob.head.length, !m->poisoned);
}

static void step(struct machine *m, const struct fetch_op *op)
{
	uint64_t reg = m->run->regs[op->reg];
	uint64_t shown;
	switch (op->code) {
	case FETCH_REG:
		load(m, cut(reg >> op->shift, op->size, op->flags & FETCH_SIGNED));
		break;
	case FETCH_CONST:
		load(m, (uint64_t)op->imm);
		break;
	case FETCH_ADD:
		m->acc += (uint64_t)op->imm;
		break;
	case FETCH_DEREF:
		dereference(m, op);
		break;
	case FETCH_LENGTH:
		limit_length(m, op);
		break;
	case FETCH_INT:
		shown = cut(m->acc, op->size, op->flags & FETCH_SIGNED);
		add_slot(m, &shown, sizeof(shown), !m->poisoned);
		break;
	case FETCH_STRING:
	case FETCH_BYTES:
		add_blob(m, op, op->code == FETCH_STRING);
		break;
	case FETCH_FILE:
		add_file(m, op);
		break;
	default:
		fail_msg("operation %u", op->code);
	}
}

void plan_run(struct plan_run *run, const struct fetch_plan *plan)
{
	struct machine machine = {.run = run};
	run->used = run->n_slots = run->unavailable = 0;
	for (uint32_t i = 0; plan && i < plan->n_ops; i++)
		step(&machine, &plan->ops[i]);
	long used = slots_decode(plan, run->unavailable, run->payload, run->used, &run->slots);
	assert_int_equal(used, run->used);
}
