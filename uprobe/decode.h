/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uprobe/decode.h — one instruction: how long, where it goes on, and whether a probe may sit on it.
 *
 * What may carry a probe is decided by the kernel's arch/<machine>/kernel/ uprobes code, which
 * looks at the first bytes when a process maps the page: too late for us, as a refusal there shows
 * nowhere. So its tables are repeated here, a little stricter.
 */
#ifndef UTRAIL_UPROBE_DECODE_H
#define UTRAIL_UPROBE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <Zydis/Zydis.h>

enum flow {
	FLOW_NEXT,	    /* goes on behind itself */
	FLOW_CALL,	    /* likewise, unless what it calls never returns */
	FLOW_BRANCH,	    /* may go to `target` */
	FLOW_JUMP,	    /* goes to `target` */
	FLOW_JUMP_INDIRECT, /* goes where a register or memory says */
	FLOW_RETURN,
	FLOW_STOP, /* ud2, hlt: the compiler's way to say "never reached" */
};

/* What an indirect jump is likely to be. */
enum indirect {
	INDIRECT_UNKNOWN,
	INDIRECT_TABLE,	   /* by its form, the dispatch of a switch */
	INDIRECT_LINKAGE,  /* through a linkage slot, jmp *f@GOT(%rip): another function */
	INDIRECT_INDEXED,  /* jmp *(%base,%index,8): a switch in Go, anything elsewhere */
	INDIRECT_REGISTER, /* what was computed into `jump_register` decides */
};

struct decoded {
	uint64_t target;     /* FLOW_BRANCH, FLOW_JUMP, direct FLOW_CALL: address; else 0 */
	const char *refused; /* why no probe may sit here; NULL: it may */
	uint8_t length;
	uint8_t flow;	  /* enum flow */
	uint8_t indirect; /* FLOW_JUMP_INDIRECT: enum indirect */
	uint8_t jump_register;
	uint8_t added_to; /* register that this instruction adds to, or DECODED_NO_REGISTER */
	bool emulated;	  /* by every kernel that we support, instead of single-stepped */
	bool is_push, is_nop, is_landing; /* landing: endbr64, bti */
	bool is_padding;		  /* what fills gaps between functions and blocks */
	bool is_odd;			  /* valid, but no compiler writes it: data, probably */
};

#define DECODED_NO_REGISTER 0xff

struct decoder {
	unsigned int machine; /* EM_X86_64, EM_AARCH64 */
	ZydisDecoder zydis;
};

/* False when there is no decoder for the machine. */
bool decoder_init(struct decoder *decoder, unsigned int machine);
/* False when the bytes are no instruction, or end inside one. */
bool decode(const struct decoder *decoder, const uint8_t *bytes, size_t available, uint64_t address,
	    struct decoded *ret);
/* The same, and what the disassembler found: lengths and raw fields only. x86-64 alone. */
bool decode_raw(const struct decoder *decoder, const uint8_t *bytes, size_t available,
		uint64_t address, struct decoded *ret, ZydisDecodedInstruction *ret_raw);
/* The operands of an instruction with a ModRM byte. */
struct operand {
	bool is_register, is_memory;
	uint8_t rm, reg; /* with the REX bits; rm: the register, or the base without an index */
	bool has_base;
	int64_t displacement;
};
struct operand decode_operand(const ZydisDecodedInstruction *insn);
/* Is it this one of one byte, without VEX and the like? */
bool decode_is_opcode(const ZydisDecodedInstruction *insn, uint8_t opcode);
/* "push %rbp", as objdump writes it; "" when the machine's decoder has no words. */
void decode_text(const struct decoder *decoder, const uint8_t *bytes, size_t available,
		 uint64_t address, char *buffer, size_t size);
/* The same of what most functions begin with, at once; NULL: it is something else. */
const char *decode_known_text(const struct decoder *decoder, const uint8_t *bytes,
			      size_t available);

bool decode_arm64(const uint8_t *bytes, size_t available, uint64_t address, struct decoded *ret);

#endif
