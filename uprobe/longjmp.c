/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where longjmp() leaves for its target. The buffer cannot be read for it: glibc scrambles the
 * pointers in there. But the last instructions, which glibc and musl write by hand for each
 * machine, load the stack pointer and jump through a register or the buffer; between the two it is
 * the target's already. They are in longjmp() itself (musl), or in what it calls (glibc: a local
 * function, __longjmp, which stripped libraries have no name for).
 */
#include <elf.h>
#include <string.h>

#include "common/array.h"
#include "uprobe/code.h"
#include "uprobe/longjmp.h"

/* In glibc, three of these are one function. What sigsetjmp() saved comes back by any of them. */
static const char *const names[] = {"longjmp", "_longjmp", "siglongjmp", "__longjmp_chk"};

/* glibc's longest, __longjmp_chk()'s with shadow stacks, has 0x140 bytes. */
#define BYTES_MAX 768
/* From the load of the stack pointer to the jump: the frame pointer, the result, a marker's nop;
 * on arm64 floating-point registers, too. */
#define INSTRUCTIONS_MAX 10

bool uprobe_may_longjmp(struct image *image)
{
	bool is_static = image_is_static(image);
	for (size_t i = 0; i < array_size(names); i++)
		if (image_imports(image, names[i]) || (is_static && image_defines(image, names[i])))
			return true;
	return false;
}

/* With anything but the frame pointer, by which every function gives back its frame. */
static bool loads_stack_pointer(const struct decoder *decoder, const uint8_t *insn, size_t length)
{
	uint32_t word;
	if (decoder->machine == EM_AARCH64) {
		memcpy(&word, insn, sizeof(word));
		return (word & 0xfffffc1f) == 0x9100001f && (word >> 5 & 31) != 29; /* mov sp,xN */
	}
	if (length < 3 || (insn[0] & 0xf8) != 0x48)
		return false;
	bool rex_r = insn[0] & 4, rex_b = insn[0] & 1;
	unsigned int mod = insn[2] >> 6, reg = insn[2] >> 3 & 7, rm = insn[2] & 7;
	if (insn[1] == 0x89) /* mov %reg,%rsp */
		return mod == 3 && rm == 4 && !rex_b && (reg != 5 || rex_r);
	/* mov N(%reg),%rsp */
	return insn[1] == 0x8b && mod != 3 && reg == 4 && !rex_r && (rm != 5 || rex_b);
}

#define TARGETS_MAX 32

struct scan {
	struct longjmp_search *search;
	uint64_t address;
	size_t since;	/* instructions since the stack pointer was loaded; 0: it was not */
	uint64_t place; /* the first of them that may carry a probe; 0: none so far */
	uint64_t targets[TARGETS_MAX]; /* of branches; those beyond are not looked at */
	size_t n_targets;
};

static void note_target(struct scan *scan, const struct decoded *insn)
{
	struct longjmp_search *search = scan->search;
	bool leaves = insn->flow == FLOW_CALL || insn->flow == FLOW_JUMP;
	if (leaves && insn->target && search->n_calls < LONGJMP_CALLS_MAX)
		search->calls[search->n_calls++] = insn->target;
	if (insn->flow == FLOW_BRANCH && scan->n_targets < TARGETS_MAX)
		scan->targets[scan->n_targets++] = insn->target;
}

/* Behind what the flow does not leave alive, there may be data. False: the function is over. */
static bool go_to_target(struct scan *scan)
{
	uint64_t nearest = 0;
	for (size_t i = 0; i < scan->n_targets; i++)
		if (scan->targets[i] > scan->address && (!nearest || scan->targets[i] < nearest))
			nearest = scan->targets[i];
	scan->address = nearest;
	scan->since = 0;
	return nearest;
}

/* Not on a 5-byte nop: some kernels make a call of it, which writes below the stack pointer. */
static bool may_carry(const struct decoded *insn)
{
	return !insn->refused && !(insn->is_nop && insn->length == 5);
}

/* False: the function is over, or what was looked for is found. */
static bool scan_instruction(struct scan *scan, const uint8_t *bytes, const struct decoded *insn)
{
	if (scan->since && !scan->place && may_carry(insn))
		scan->place = scan->address;
	if (scan->since && insn->flow == FLOW_JUMP_INDIRECT) {
		scan->search->place = scan->place;
		return false;
	}
	if (scan->since && ++scan->since > INSTRUCTIONS_MAX)
		scan->since = 0;
	if (loads_stack_pointer(scan->search->decoder, bytes, insn->length)) {
		scan->since = 1;
		scan->place = 0;
	}
	note_target(scan, insn);
	bool goes_on =
		insn->flow == FLOW_NEXT || insn->flow == FLOW_CALL || insn->flow == FLOW_BRANCH;
	if (!goes_on)
		return go_to_target(scan);
	scan->address += insn->length;
	return true;
}

void longjmp_search(struct longjmp_search *search, const struct code_part *text)
{
	struct scan scan = {.search = search, .address = text->address};
	struct decoded insn;
	for (;;) {
		size_t at = (size_t)(scan.address - text->address);
		if (at >= text->size || !decode(search->decoder, text->bytes + at, text->size - at,
						scan.address, &insn))
			break;
		if (!scan_instruction(&scan, text->bytes + at, &insn))
			break;
	}
}

static struct err *search_at(struct longjmp_search *search, const struct image *image,
			     uint64_t address)
{
	uint8_t bytes[BYTES_MAX];
	size_t size = sizeof(bytes);
	struct err *e = code_read_text(image, address, bytes, &size);
	const struct code_part text = {.bytes = bytes, .address = address, .size = size};
	if (!e && size)
		longjmp_search(search, &text);
	return e;
}

static struct err *find(struct image *image, const char *name, uint64_t *ret)
{
	struct decoder decoder;
	struct longjmp_search search = {.decoder = &decoder};
	uint64_t address;
	*ret = 0;
	if (!decoder_init(&decoder, image_machine(image)) ||
	    !image_symbol_address(image, name, &address))
		return NULL;
	struct err *e = search_at(&search, image, address);
	size_t direct = search.n_calls;
	for (size_t i = 0; !e && !search.place && i < direct; i++)
		e = search_at(&search, image, search.calls[i]);
	*ret = search.place;
	return e;
}

/* musl's is its loader, too: one file by two names. */
static bool has_site(const struct probe_set *set, const struct image *image, uint64_t offset)
{
	for (size_t i = 1; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (site->wire.kind == SITE_CATCH && site->offset == offset &&
		    image_is_same_file(site->image, image))
			return true;
	}
	return false;
}

static struct err *add_site(struct probe_set *set, struct image *image, const char *module,
			    const char *name, uint64_t address)
{
	struct instruction at;
	struct probe *probe;
	struct probe_site *site;
	uint64_t offset;
	bool is_inside = false;
	struct err *e = code_instruction_at(image, address, &set->arena, &at);
	if (e || !image_offset_of(image, address, &offset) ||
	    !image_is_text(image, offset, at.length) || has_site(set, image, offset))
		return e;
	e = code_contradicts(image, offset, &set->arena, &is_inside);
	if (e || is_inside)
		return e;
	e = probe_set_add_probe(set, &probe);
	if (e)
		return e;
	probe->kind = PROBE_UPROBE;
	probe->module = arena_string(&set->arena, module);
	if (!probe->module)
		return &err_nomem;
	probe->name = probe->symbol = name;
	e = probe_set_add_site(set, probe, &site);
	if (e)
		return e;
	site->wire.kind = SITE_CATCH;
	site->image = image;
	site->offset = offset;
	site->instruction = at.text;
	site->emulated = at.emulated;
	return NULL;
}

struct err *uprobe_add_longjmp(struct probe_set *set, struct image *image, const char *module)
{
	struct err *e = NULL;
	for (size_t i = 0; !e && i < array_size(names); i++) {
		uint64_t address;
		e = find(image, names[i], &address);
		if (!e && address)
			e = add_site(set, image, module, names[i], address);
	}
	return e;
}
