/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All arm64 instructions are four bytes, and those that change the flow are few: no library is
 * needed. Encodings: Arm Architecture Reference Manual, C4.1; what the kernel can step or simulate:
 * Linux arch/arm64/kernel/probes/decode-insn.c.
 */
#include "uprobe/decode.h"

#include <string.h>

struct pattern {
	uint32_t mask, value;
	uint8_t flow; /* enum flow */
	uint8_t target_bits, target_shift;
};

/* The kernel simulates all of these. */
static const struct pattern flows[] = {
	{0xfc000000, 0x14000000, FLOW_JUMP, 26, 0},	    /* b */
	{0xfc000000, 0x94000000, FLOW_CALL, 26, 0},	    /* bl */
	{0xff000000, 0x54000000, FLOW_BRANCH, 19, 5},	    /* b.cond, bc.cond */
	{0x7e000000, 0x34000000, FLOW_BRANCH, 19, 5},	    /* cbz, cbnz */
	{0x7e000000, 0x36000000, FLOW_BRANCH, 14, 5},	    /* tbz, tbnz */
	{0xfffffc1f, 0xd61f0000, FLOW_JUMP_INDIRECT, 0, 0}, /* br */
	{0xfffffc1f, 0xd63f0000, FLOW_CALL, 0, 0},	    /* blr */
	{0xfffffc1f, 0xd65f0000, FLOW_RETURN, 0, 0},	    /* ret */
};

/* The kernel neither steps nor simulates these. */
static const struct pattern flows_refused[] = {
	{0xfefff800, 0xd61f0800, FLOW_JUMP_INDIRECT, 0, 0}, /* braa.. brabz */
	{0xfefff800, 0xd63f0800, FLOW_CALL, 0, 0},	    /* blraa.. */
	{0xfffffbff, 0xd65f0bff, FLOW_RETURN, 0, 0},	    /* retaa, retab */
	{0xffff0000, 0x00000000, FLOW_STOP, 0, 0},	    /* udf */
	{0xffe0001f, 0xd4200000, FLOW_STOP, 0, 0},	    /* brk */
};

struct refusal {
	uint32_t mask, value;
	const char *why;
};

static const struct refusal refusals[] = {
	{0x3f000000, 0x08000000, "the kernel cannot step exclusive loads and stores"},
	{0x3b000000, 0x18000000, "the kernel cannot step loads relative to the program counter"},
	{0xff000000, 0xd4000000, "it traps"},
	{0xfff8f01f, 0xd500401f, "system instruction"}, /* msr, immediate */
	{0xfff00000, 0xd5100000, "system instruction"}, /* msr */
};

static uint64_t target_of(uint32_t word, const struct pattern *pattern, uint64_t address)
{
	if (!pattern->target_bits)
		return 0;
	uint32_t top = 32u - pattern->target_bits;
	int32_t words = (int32_t)(word >> pattern->target_shift << top) >> top;
	return address + (uint64_t)((int64_t)words * 4);
}

static const struct pattern *find(const struct pattern *patterns, size_t count, uint32_t word)
{
	for (size_t i = 0; i < count; i++)
		if ((word & patterns[i].mask) == patterns[i].value)
			return &patterns[i];
	return NULL;
}

/* The hints that the kernel steps: nop, xpaclri, those that sign the return address, bti. */
static bool is_refused_hint(uint32_t word)
{
	static const uint8_t good[] = {0x00, 0x07, 0x08, 0x0a, 0x18, 0x19,
				       0x1a, 0x1b, 0x20, 0x22, 0x24, 0x26};
	if ((word & 0xfffff01f) != 0xd503201f)
		return false;
	return !memchr(good, word >> 5 & 0x7f, sizeof(good));
}

static void set_refusal(uint32_t word, struct decoded *ret)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if ((word & refusals[i].mask) == refusals[i].value)
			ret->refused = refusals[i].why;
	if (is_refused_hint(word))
		ret->refused = "the kernel refuses this hint";
	if (ret->flow == FLOW_CALL)
		ret->refused = "a probe on a call breaks shadow stacks";
}

bool decode_arm64(const uint8_t *bytes, size_t available, uint64_t address, struct decoded *ret)
{
	uint32_t word;
	if (available < sizeof(word) || address & 3)
		return false;
	memcpy(&word, bytes, sizeof(word)); /* text is little-endian, as the hosts we run on */
	*ret = (struct decoded){.length = 4, .added_to = DECODED_NO_REGISTER};
	const struct pattern *flow = find(flows, sizeof(flows) / sizeof(flows[0]), word);
	if (flow) {
		ret->emulated = flow->flow != FLOW_CALL;
	} else {
		flow = find(flows_refused, sizeof(flows_refused) / sizeof(flows_refused[0]), word);
		if (flow)
			ret->refused = "the kernel cannot step this instruction";
	}
	if (flow) {
		ret->flow = flow->flow;
		ret->target = target_of(word, flow, address);
	}
	ret->indirect = flow && flow->flow == FLOW_JUMP_INDIRECT ? INDIRECT_REGISTER : 0;
	ret->jump_register = word >> 5 & 31;
	/* add Xd, Xn, Xm{, lsl}; add Xd, Xn, Wm, sxt?: the last step before the br of a switch. */
	if ((word & 0xff200000) == 0x8b000000 || (word & 0xffe00000) == 0x8b200000)
		ret->added_to = word & 31;
	ret->is_nop = word == 0xd503201f;
	ret->is_padding = ret->is_nop || (word & 0xffff0000) == 0;
	ret->is_landing = (word & 0xffffff3f) == 0xd503241f;
	set_refusal(word, ret);
	return true;
}
