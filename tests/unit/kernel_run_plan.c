/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernel_run_plan.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/unit/unit.h"

struct machine {
	struct plan_run *run;
	uint64_t acc;
	uint64_t length; /* of the next BYTES */
	uint64_t in_all; /* of the buffers of the next list */
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
	if (ok && !is_string && op->flags & FETCH_MAYBE && m->acc < 4096)
		size = 0;
	if (ok && m->acc == 0 && op->flags & FETCH_NULL_OK) {
		blob.head.flags = FETCH_BLOB_NULL;
	} else if (ok && m->acc && is_string) {
		size = strnlen((const char *)m->acc, (size_t)op->imm + 1);
		m->cut = size > (uint64_t)op->imm;
		size -= m->cut;
	}
	if (ok && m->acc && size) {
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
	uint64_t length = m->poisoned || is_negative ? 0 : m->acc << op->shift;
	if (op->flags & FETCH_WHEN) {
		if (cut(m->run->regs[op->reg], op->size, false) == (uint64_t)op->imm >> 32)
			m->length = (uint32_t)op->imm;
		return;
	}
	if (op->flags & FETCH_IN_ALL) {
		m->in_all = length;
		return;
	}
	m->length = length;
	m->cut = m->length > (uint64_t)op->imm;
	if (m->cut)
		m->length = (uint64_t)op->imm;
	m->has_length = true;
}

/* One blob of a list, which is one slot; its text is at `from`, behind `head_size` bytes. */
static void add_element(struct machine *m, const void *head, size_t head_size, uint64_t from,
			uint64_t size, uint32_t flags)
{
	struct {
		struct fetch_blob head;
		char bytes[FETCH_STRING_MAX];
	} blob = {.head.flags = flags};
	memcpy(blob.bytes, head, head_size);
	if (from && !read_memory(blob.bytes + head_size, from, size)) {
		blob.head.flags |= FETCH_BLOB_UNREADABLE;
		m->run->unavailable |= 1u << m->run->n_slots;
		size = 0;
	}
	blob.head.length = (uint32_t)(head_size + (from ? size : 0));
	uint32_t slots = m->run->n_slots;
	add_slot(m, &blob, sizeof(blob.head) + blob.head.length, true);
	if (!(flags & FETCH_BLOB_END))
		m->run->n_slots = slots;
}

static void add_string_list(struct machine *m, const struct fetch_op *op)
{
	uint64_t from = 0, at = m->acc;
	for (; at && read_memory(&from, at, sizeof(from)) && from && m->length; m->length--) {
		size_t size = strnlen((const char *)from, (size_t)op->imm + 1);
		bool is_cut = size > (size_t)op->imm;
		add_element(m, "", 0, from, size - is_cut, is_cut ? FETCH_BLOB_TRUNCATED : 0);
		at += sizeof(from);
	}
	add_element(m, "", 0, 0, 0,
		    FETCH_BLOB_END | (at ? 0 : FETCH_BLOB_NULL) |
			    (from && !m->length ? FETCH_BLOB_TRUNCATED : 0));
}

static void add_buffer_list(struct machine *m, const struct fetch_op *op)
{
	struct iovec iovec;
	for (uint64_t at = m->acc; m->length; m->length--, at += sizeof(iovec)) {
		if (!read_memory(&iovec, at, sizeof(iovec)))
			fail_msg("no iovec");
		uint64_t size = iovec.iov_len;
		if (op->flags & FETCH_LENGTH_SIGNED) {
			size = size < m->in_all ? size : m->in_all;
			m->in_all -= size;
		}
		bool is_cut = size > (uint64_t)op->imm;
		add_element(m, &iovec, sizeof(iovec), (uintptr_t)iovec.iov_base,
			    is_cut ? (uint64_t)op->imm : size, is_cut ? FETCH_BLOB_TRUNCATED : 0);
	}
	add_element(m, "", 0, 0, 0, FETCH_BLOB_END | (m->cut ? FETCH_BLOB_TRUNCATED : 0));
}

static void add_count(struct machine *m)
{
	uint64_t pointer = 0, count = 0;
	while (m->acc && read_memory(&pointer, m->acc + 8 * count, sizeof(pointer)) && pointer)
		count++;
	add_slot(m, &count, sizeof(count), !m->poisoned);
}

static void add_records(struct machine *m, const struct fetch_op *op)
{
	uint64_t count = 0, used = 0;
	uint16_t size;
	for (; used < m->length; used += size, count++)
		if (!read_memory(&size, m->acc + used + (uint64_t)op->imm, sizeof(size)) || !size)
			m->poisoned = true, size = UINT16_MAX;
	m->poisoned |= used != m->length;
	add_slot(m, &count, sizeof(count), !m->poisoned);
}

/* As add_file(): what it would be asked of. */
static void add_found(struct machine *m, int fd)
{
	struct {
		struct fetch_file file;
		char name[16];
	} found = {.file.flags = FETCH_FILE_TEXT};
	if (fd < 0)
		return;
	snprintf(found.name, sizeof(found.name), "%d", fd);
	add_element(m, &found, sizeof(found.file) + strlen(found.name) + 1, 0, 0,
		    (uint32_t)fd << FETCH_BLOB_FD);
}

static void add_files(struct machine *m, const struct fetch_op *op)
{
	const struct cmsghdr *control = (const void *)m->acc;
	int fd;
	if (op->size == FILES_IN_CONTROL) {
		/* Tests have one control message. */
		size_t size = m->length >= sizeof(*control) ? control->cmsg_len : 0;
		for (size_t at = sizeof(*control); at + 4 <= size; at += 4) {
			memcpy(&fd, (const char *)control + at, sizeof(fd));
			add_found(m, fd);
		}
		m->length = 0;
	}
	for (uint32_t i = 0; m->acc && i < m->length; i++) {
		bool is_in_set = op->size == FILES_IN_SET;
		uint64_t word = 0;
		uint64_t at = is_in_set ? m->acc + i / 64 * 8 : m->acc + i * (uint64_t)op->imm;
		if (!read_memory(&word, at, is_in_set ? 8 : 4))
			fail_msg("no descriptor");
		if (!is_in_set)
			add_found(m, (int)word);
		else if (word >> i % 64 & 1)
			add_found(m, (int)i);
	}
	add_element(m, "", 0, 0, 0, FETCH_BLOB_END);
}

static void add_list(struct machine *m, const struct fetch_op *op)
{
	if (op->code == FETCH_STRING)
		add_string_list(m, op);
	else if (op->code == FETCH_BYTES)
		add_buffer_list(m, op);
	else if (op->code == FETCH_FILE)
		add_files(m, op);
	else if (op->imm)
		add_records(m, op);
	else
		add_count(m);
	m->has_length = m->cut = false;
}

static void load(struct machine *m, uint64_t value)
{
	m->acc = value;
	m->poisoned = false;
}

static void dereference(struct machine *m, const struct fetch_op *op)
{
	uint64_t value = 0;
	if (!m->acc && op->flags & FETCH_NULL_OK)
		return;
	if (op->flags & FETCH_FROM_REG)
		fail_msg("no plan of a system call does that");
	if (!read_memory(&value, m->acc + op->imm, op->size))
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
	if (op->flags & FETCH_LIST) {
		add_list(m, op);
		return;
	}
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
	case FETCH_INDEX:
		m->acc += cut(reg, op->size, op->flags & FETCH_SIGNED) * (uint64_t)op->imm;
		break;
	case FETCH_DEREF:
		dereference(m, op);
		break;
	case FETCH_LENGTH:
		limit_length(m, op);
		break;
	case FETCH_NETLINK: /* no descriptor here is such a socket */
		load(m, 0);
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
