/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nobody can read code that is not there yet, and it may look at return addresses as any other. So
 * calls of mmap() and mprotect() that ask for PROT_EXEC, which is in %edx, tell against a file:
 * mov $7,%edx, or push $7; pop %rdx, right before them.
 */
#include "uprobe/made_code.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "uprobe/callers.h"

/* How far before a call, or behind the number of a system call, its arguments are made. */
#define ARGUMENTS_BEFORE 48
#define ARGUMENTS_BEHIND 32

/* pkey_mprotect() has it in %edx, too. */
static const char *const mappers[] = {"mmap", "mmap64", "mprotect", "pkey_mprotect", NULL};
static const struct callee memory_mappers = {mappers, {9, 10}}; /* mmap(2), mprotect(2) */

#define MOV_EDX	 0xba
#define PUSH	 0x6a
#define POP_RDX	 0x5a
#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

static bool is_protection(const uint8_t *insn, uint8_t *ret)
{
	static const uint8_t rest[] = {0, 0, 0};
	bool is_mov = insn[0] == MOV_EDX && !memcmp(insn + 2, rest, sizeof(rest));
	*ret = insn[1];
	return (is_mov || (insn[0] == PUSH && insn[2] == POP_RDX)) && !(insn[1] & ~PROT_ALL);
}

/* By the last one that is set before the end. */
static bool asks_for_code(const struct code_part *text, size_t start, size_t end)
{
	uint8_t protection, last = 0;
	for (size_t i = start; i + 5 <= end; i++)
		if (is_protection(text->bytes + i, &protection))
			last = protection;
	return last & PROT_EXEC;
}

struct err *made_code_search(struct image *image, const struct relocations *relocations,
			     const struct code_part *text, bool *ret)
{
	struct places calls = {0};
	*ret = false;
	struct err *e = callers_find(image, text, relocations, &memory_mappers, &calls);
	for (size_t i = 0; !e && !*ret && i < calls.list.count; i++) {
		size_t at = calls.list.items[i] - text->address;
		size_t start = at > ARGUMENTS_BEFORE ? at - ARGUMENTS_BEFORE : 0, end = at;
		if (text->bytes[at] == MOV_EDI) /* then it is another register's turn */
			continue;
		if (text->bytes[at] == MOV_EAX) /* the number, before or behind the arguments */
			end = text->size - at > ARGUMENTS_BEHIND ? at + ARGUMENTS_BEHIND
								 : text->size;
		*ret = asks_for_code(text, start, end);
	}
	free(calls.list.items);
	return e;
}
