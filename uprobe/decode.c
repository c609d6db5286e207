/* SPDX-License-Identifier: Apache-2.0 */
#include "uprobe/decode.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

/*
 * One-byte opcodes that the kernel accepts for 64-bit programs: good_insns_64 of Linux
 * arch/x86/kernel/uprobes.c, one bit each, lowest first. VEX and EVEX instructions are looked up
 * by their opcode too, which is why it refuses vmovdqa (6f) but takes vmovaps (28).
 */
static const uint16_t good_opcodes[16] = {
	0xbf3f, 0x3f3f, 0x7f7f, 0x7f7f, 0xffff, 0xffff, 0x0ff8, 0xffff,
	0xfffb, 0xfbff, 0xffff, 0xffff, 0x0fff, 0xff8f, 0x0b0f, 0xf3ed,
};

static bool in_table(const uint16_t *table, uint8_t opcode)
{
	return table[opcode >> 4] >> (opcode & 15) & 1;
}

/* The 0f map. The kernel's own table for it is dead code (0f itself is "good"), so these are ours.
 */
static const char *refused_0f(const ZydisDecodedInstruction *insn)
{
	switch (insn->opcode) {
	case 0x05:
	case 0x07:
	case 0x34:
	case 0x35:
		return "system call instructions cannot be stepped out of line";
	case 0x0b:
	case 0xb9:
	case 0xff:
		return "it traps";
	case 0x00:
	case 0x01:
	case 0x06:
	case 0x08:
	case 0x09:
	case 0x30:
	case 0x37:
	case 0x78:
	case 0x79:
		return "system instruction";
	default:
		return NULL;
	}
}

static const char *refused_prefix(const ZydisDecodedInstruction *insn)
{
	for (unsigned int i = 0; i < insn->raw.prefix_count; i++) {
		switch (insn->raw.prefixes[i].value) {
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
			return "the kernel refuses segment prefixes (and notrack)";
		case 0xf0:
			return "the kernel refuses lock prefixes";
		default:
			break;
		}
	}
	return NULL;
}

static bool has_prefix(const ZydisDecodedInstruction *insn, uint8_t value)
{
	for (unsigned int i = 0; i < insn->raw.prefix_count; i++)
		if (insn->raw.prefixes[i].value == value)
			return true;
	return false;
}

static bool is_legacy(const ZydisDecodedInstruction *insn)
{
	return insn->encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY;
}

static bool is_one_byte(const ZydisDecodedInstruction *insn)
{
	return is_legacy(insn) && insn->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT;
}

static bool is_two_byte(const ZydisDecodedInstruction *insn)
{
	return is_legacy(insn) && insn->opcode_map == ZYDIS_OPCODE_MAP_0F;
}

/*
 * The kernel looks at the opcode byte alone, also behind a VEX or EVEX prefix, where it means
 * something else: it "emulates" vpor (eb) as a jump and vpbroadcastb (7a) as jp, by going on behind
 * it, leaves %rip in its own page after vcmpps (c2, a ret elsewhere), and the trap flag set after
 * vfnmadd132ss (9d, popf). branch_setup_xol_ops() and arch_uprobe_analyze_insn() in
 * arch/x86/kernel/uprobes.c.
 */
static bool is_taken_for_another(const ZydisDecodedInstruction *insn)
{
	if (is_legacy(insn))
		return false;
	switch (insn->opcode) {
	case 0x90:
	case 0x9a:
	case 0x9d:
	case 0xc2:
	case 0xc3:
	case 0xca:
	case 0xcb:
	case 0xe8:
	case 0xe9:
	case 0xea:
	case 0xeb:
	case 0xff:
		return true;
	default:
		return (insn->opcode & 0xf0) == 0x70;
	}
}

/*
 * What the kernel's decoder (arch/x86/lib/x86-opcode-map.txt) has no entry for; then the attachment
 * fails as a whole: AMD's XOP and FMA4, and the maps of AVX512-FP16, which 5.10 does not know.
 */
static bool is_unknown_to_kernels(const ZydisDecodedInstruction *insn)
{
	uint8_t row = insn->opcode >> 4, column = insn->opcode & 15;
	switch (insn->encoding) {
	case ZYDIS_INSTRUCTION_ENCODING_LEGACY:
		return false;
	case ZYDIS_INSTRUCTION_ENCODING_VEX:
		return insn->opcode_map == ZYDIS_OPCODE_MAP_0F3A &&
		       ((row == 5 && column >= 12) || ((row == 6 || row == 7) && column >= 8));
	case ZYDIS_INSTRUCTION_ENCODING_EVEX:
		return insn->opcode_map > ZYDIS_OPCODE_MAP_0F3A;
	default:
		return true;
	}
}

/* Behind rep and repne: ins, outs, movs, cmps, stos, lods, scas. */
static bool is_repeated(const ZydisDecodedInstruction *insn)
{
	uint8_t opcode = insn->opcode;
	bool is_string = (opcode & 0xfc) == 0x6c || (opcode & 0xfc) == 0xa4 ||
			 (opcode >= 0xaa && opcode <= 0xaf);
	return is_string && (has_prefix(insn, 0xf2) || has_prefix(insn, 0xf3));
}

/* What is stepped, but not as if it had run where it stands. */
static const char *refused_one_byte(const ZydisDecodedInstruction *insn)
{
	/* Kernels took any 90 for a nop, even xchg %r8,%rax (49 90). */
	if (insn->opcode == 0x90 && insn->raw.rex.B)
		return "some kernels take it for a nop";
	if (insn->opcode == 0x8e && insn->raw.modrm.reg == 2)
		return "it masks exceptions";
	/* A later popf would set the flag in earnest, and SIGTRAP end the target. */
	if (insn->opcode == 0x9c)
		return "it would store the trap flag that the kernel steps it with";
	/* The processor stops after each round, and the kernel goes back to the breakpoint. */
	if (is_repeated(insn))
		return "each round of its repetition would hit the probe";
	return NULL;
}

static const char *refused(const ZydisDecodedInstruction *insn, const struct decoded *decoded)
{
	/* "x86/uprobes: Keep shadow stack in sync for emulated CALLs": kernels without it push the
	 * return address to the ordinary stack only, and the target dies at the return. */
	if (decoded->flow == FLOW_CALL)
		return "a probe on a call breaks shadow stacks";
	const char *why = refused_prefix(insn);
	if (why)
		return why;
	bool old_map = is_legacy(insn) && insn->opcode_map != ZYDIS_OPCODE_MAP_DEFAULT;
	if (is_two_byte(insn))
		why = refused_0f(insn);
	else if (!old_map && !in_table(good_opcodes, insn->opcode))
		why = "the kernel cannot step this instruction";
	else if (is_one_byte(insn))
		why = refused_one_byte(insn);
	if (!why && is_unknown_to_kernels(insn))
		why = "the kernel does not know this instruction";
	if (!why && is_taken_for_another(insn))
		why = "the kernel takes its opcode for that of another instruction";
	/* Intel and AMD disagree on 66 e9; the kernel refuses. */
	if (!why && insn->raw.imm[0].is_relative && has_prefix(insn, 0x66))
		why = "16-bit branch";
	return why;
}

static void set_indirect(const ZydisDecodedInstruction *insn, struct decoded *ret)
{
	const ZydisDecodedInstructionRaw *raw = &insn->raw;
	uint8_t b = raw->rex.B ? 8 : 0;
	ret->indirect = INDIRECT_UNKNOWN;
	if (has_prefix(insn, 0x3e)) /* notrack: only a switch needs none of endbr64 */
		ret->indirect = INDIRECT_TABLE;
	else if (raw->modrm.mod == 3)
		ret->indirect = INDIRECT_REGISTER;
	else if (raw->modrm.mod == 0 && raw->modrm.rm == 5)
		ret->indirect = INDIRECT_LINKAGE;
	else if (raw->modrm.mod == 0 && raw->modrm.rm == 4 && raw->sib.base == 5 &&
		 raw->sib.index != 4)
		ret->indirect = INDIRECT_TABLE; /* table(,%reg,8), outside of PIC */
	else if (raw->modrm.rm == 4 && (raw->sib.index != 4 || raw->rex.X))
		ret->indirect = INDIRECT_INDEXED;
	ret->jump_register = raw->modrm.rm | b;
}

static void set_flow_group5(const ZydisDecodedInstruction *insn, struct decoded *ret)
{
	switch (insn->raw.modrm.reg) {
	case 2:
		ret->flow = FLOW_CALL;
		break;
	case 3:
		ret->flow = FLOW_CALL;
		ret->is_odd = true;
		break;
	case 4:
		ret->flow = FLOW_JUMP_INDIRECT;
		set_indirect(insn, ret);
		break;
	case 5:
		ret->flow = FLOW_JUMP_INDIRECT;
		ret->is_odd = true;
		break;
	default:
		break;
	}
}

static void set_flow(const ZydisDecodedInstruction *insn, struct decoded *ret)
{
	ret->flow = FLOW_NEXT;
	if (insn->raw.imm[0].is_relative && is_legacy(insn))
		ret->flow = FLOW_BRANCH;
	if (is_two_byte(insn) && (insn->opcode == 0x0b || insn->opcode == 0xb9))
		ret->flow = FLOW_STOP;
	if (!is_one_byte(insn))
		return;
	switch (insn->opcode) {
	case 0xe8:
		ret->flow = FLOW_CALL;
		break;
	case 0xe9:
	case 0xeb:
		ret->flow = FLOW_JUMP;
		break;
	case 0xc2:
	case 0xc3:
		ret->flow = FLOW_RETURN;
		break;
	case 0xca:
	case 0xcb:
	case 0xcf:
		ret->flow = FLOW_RETURN;
		ret->is_odd = true;
		break;
	case 0xf4:
		ret->flow = FLOW_STOP;
		break;
	case 0xff:
		set_flow_group5(insn, ret);
		break;
	default:
		break;
	}
}

/* Instructions that decode, but that only data would spell. */
static bool is_odd(const ZydisDecodedInstruction *insn, const uint8_t *bytes)
{
	if (is_two_byte(insn)) {
		const char *why = refused_0f(insn);
		bool used = insn->opcode == 0x05 || insn->opcode == 0x0b || insn->opcode == 0x01 ||
			    insn->opcode == 0xb9;
		return why && !used;
	}
	if (!is_one_byte(insn))
		return false;
	if (bytes[0] == 0 && bytes[1] == 0) /* add %al,(%rax) */
		return true;
	switch (insn->opcode) {
	case 0xcc: /* int3 */
	case 0xcd: /* int $0x80 */
	case 0xf4: /* hlt */
		return false;
	default:
		return !in_table(good_opcodes, insn->opcode);
	}
}

static bool is_emulated(const ZydisDecodedInstruction *insn, const struct decoded *decoded)
{
	if (decoded->refused || !is_legacy(insn))
		return false;
	uint8_t opcode = insn->opcode;
	if (is_two_byte(insn))
		return opcode >= 0x80 && opcode <= 0x8f;
	if (!is_one_byte(insn))
		return false;
	/* Multi-byte nops (0f 1f) are emulated since 6.18 only, and so are not counted here. */
	return decoded->is_push || opcode == 0x90 || opcode == 0xe9 || opcode == 0xeb ||
	       (opcode >= 0x70 && opcode <= 0x7f);
}

/* The destination of an `add` between 64-bit registers or from memory: the last step of
 * `table[i] + table`, before the jump of a switch. */
static uint8_t added_to(const ZydisDecodedInstruction *insn)
{
	const ZydisDecodedInstructionRaw *raw = &insn->raw;
	if (!is_one_byte(insn) || !raw->rex.W)
		return DECODED_NO_REGISTER;
	if (insn->opcode == 0x01 && raw->modrm.mod == 3)
		return raw->modrm.rm | (raw->rex.B ? 8 : 0);
	if (insn->opcode == 0x03)
		return raw->modrm.reg | (raw->rex.R ? 8 : 0);
	return DECODED_NO_REGISTER;
}

static void describe(const ZydisDecodedInstruction *insn, const uint8_t *bytes, uint64_t address,
		     struct decoded *ret)
{
	*ret = (struct decoded){.length = insn->length, .added_to = added_to(insn)};
	ret->is_odd = is_odd(insn, bytes);
	set_flow(insn, ret);
	if (insn->raw.imm[0].is_relative)
		ret->target = address + insn->length + (uint64_t)insn->raw.imm[0].value.s;
	bool one_byte = is_one_byte(insn);
	ret->is_push = one_byte && (insn->opcode & 0xf8) == 0x50 &&
		       (insn->length == 1 || (insn->length == 2 && bytes[0] == 0x41));
	ret->is_nop = insn->mnemonic == ZYDIS_MNEMONIC_NOP;
	ret->is_landing = insn->mnemonic == ZYDIS_MNEMONIC_ENDBR64;
	ret->is_padding = ret->is_nop || (one_byte && insn->opcode == 0xcc);
	ret->refused = refused(insn, ret);
	ret->emulated = is_emulated(insn, ret);
}

bool decoder_init(struct decoder *decoder, unsigned int machine)
{
	decoder->machine = machine;
	if (machine == EM_AARCH64)
		return true;
	if (machine != EM_X86_64)
		return false;
	ZydisDecoderInit(&decoder->zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	/* Lengths and raw fields are all we need; twice as fast. */
	ZydisDecoderEnableMode(&decoder->zydis, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE);
	return true;
}

bool decode_raw(const struct decoder *decoder, const uint8_t *bytes, size_t available,
		uint64_t address, struct decoded *ret, ZydisDecodedInstruction *ret_raw)
{
	if (ZYAN_FAILED(ZydisDecoderDecodeInstruction(&decoder->zydis, NULL, bytes, available,
						      ret_raw)))
		return false;
	describe(ret_raw, bytes, address, ret);
	return true;
}

struct operand decode_operand(const ZydisDecodedInstruction *insn)
{
	const ZydisDecodedInstructionRaw *raw = &insn->raw;
	struct operand o = {.displacement = raw->disp.value};
	if (!(insn->attributes & ZYDIS_ATTRIB_HAS_MODRM))
		return o;
	o.reg = raw->modrm.reg | (raw->rex.R ? 8 : 0);
	o.is_register = raw->modrm.mod == 3;
	o.is_memory = !o.is_register;
	o.rm = raw->modrm.rm | (raw->rex.B ? 8 : 0);
	o.has_base = o.is_memory && !(raw->modrm.mod == 0 && raw->modrm.rm == 5);
	if (o.is_memory && raw->modrm.rm == 4) {
		bool has_index = raw->sib.index != 4 || raw->rex.X;
		o.rm = raw->sib.base | (raw->rex.B ? 8 : 0);
		o.has_base = !has_index && !(raw->sib.base == 5 && raw->modrm.mod == 0);
	}
	return o;
}

bool decode_is_opcode(const ZydisDecodedInstruction *insn, uint8_t opcode)
{
	return is_one_byte(insn) && insn->opcode == opcode;
}

bool decode(const struct decoder *decoder, const uint8_t *bytes, size_t available, uint64_t address,
	    struct decoded *ret)
{
	ZydisDecodedInstruction insn;
	if (decoder->machine == EM_AARCH64)
		return decode_arm64(bytes, available, address, ret);
	return decode_raw(decoder, bytes, available, address, ret, &insn);
}

void decode_text(const struct decoder *decoder, const uint8_t *bytes, size_t available,
		 uint64_t address, char *buffer, size_t size)
{
	buffer[0] = '\0';
	if (decoder->machine != EM_X86_64)
		return;
	ZydisDecoder full;
	ZydisFormatter formatter;
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecoderInit(&full, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT);
	ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
	ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_DISP_PADDING,
				  ZYDIS_PADDING_DISABLED);
	ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_IMM_PADDING,
				  ZYDIS_PADDING_DISABLED);
	ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
				  ZYDIS_PADDING_DISABLED);
	if (ZYAN_FAILED(ZydisDecoderDecodeFull(&full, bytes, available, &insn, operands)))
		return;
	/* Its operands mean nothing. */
	if (insn.mnemonic == ZYDIS_MNEMONIC_NOP && insn.length > 1) {
		snprintf(buffer, size, "nop (%u bytes)", insn.length);
		return;
	}
	if (ZYAN_FAILED(ZydisFormatterFormatInstruction(&formatter, &insn, operands,
							insn.operand_count_visible, buffer, size,
							address, NULL)))
		buffer[0] = '\0';
}

const char *decode_known_text(const struct decoder *decoder, const uint8_t *bytes, size_t available)
{
	static const char *const pushes[2][8] = {
		{"push %rax", "push %rcx", "push %rdx", "push %rbx", "push %rsp", "push %rbp",
		 "push %rsi", "push %rdi"},
		{"push %r8", "push %r9", "push %r10", "push %r11", "push %r12", "push %r13",
		 "push %r14", "push %r15"},
	};
	static const uint8_t landing[] = {0xf3, 0x0f, 0x1e, 0xfa};
	if (decoder->machine != EM_X86_64)
		return NULL;
	if (available >= sizeof(landing) && memcmp(bytes, landing, sizeof(landing)) == 0)
		return "endbr64";
	size_t is_high = available && bytes[0] == 0x41;
	if (available <= is_high || (bytes[is_high] & 0xf8) != 0x50)
		return NULL;
	return pushes[is_high][bytes[is_high] & 7];
}
