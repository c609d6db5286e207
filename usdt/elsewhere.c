/* SPDX-License-Identifier: Apache-2.0 */
#include "usdt/elsewhere.h"

#include <elf.h>
#include <limits.h>

#include "common/cleanup.h"
#include "probe/regs.h"
#include "symbols/call.h"
#include "usdt/placement.h"

/* More than fit into the largest section that is read (notes.c). */
#define NOTES_MAX 100000

/* Operands of so many notes are asked for at once. */
#define NOTES_AT_ONCE 1000

/* --- notes ------------------------------------------------------------------------------------ */

static struct err *serve_notes(struct image *image, struct wire *in, struct wire *out)
{
	_cleanup_(arena_deinit) struct arena arena = {0};
	const struct usdt_note *notes;
	size_t count, malformed;
	(void)in;
	struct err *e = usdt_notes(image, &arena, &notes, &count, &malformed);
	if (e)
		return e;
	wire_put_u64(out, malformed);
	wire_put_u64(out, count);
	for (size_t i = 0; i < count; i++) {
		wire_put_u64(out, notes[i].address);
		wire_put_u64(out, notes[i].semaphore);
		wire_put_text(out, notes[i].provider);
		wire_put_text(out, notes[i].name);
		wire_put_text(out, notes[i].operands);
	}
	return NULL;
}

/* Whether a probe may sit there is not believed, but looked at. */
static struct err *take_note(struct image *image, const struct section_range *probes,
			     struct wire *from, struct arena *arena, struct usdt_note *ret)
{
	ret->address = wire_take_u64(from);
	ret->semaphore = wire_take_u64(from);
	ret->provider = wire_keep_name(from, arena);
	ret->name = wire_keep_name(from, arena);
	ret->operands = wire_keep_name(from, arena);
	from->bad |= !*ret->provider || !*ret->name;
	struct err *e = from->bad ? NULL : placement_check(image, ret);
	if (!e && !from->bad && ret->semaphore && !ret->refused)
		placement_find_semaphore(image, probes, ret->semaphore, ret);
	return e;
}

struct err *elsewhere_notes(struct image *image, struct arena *arena, const struct usdt_note **ret,
			    size_t *ret_count, size_t *ret_malformed)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	struct section_range notes_range, probes;
	*ret = NULL;
	*ret_count = *ret_malformed = 0;
	/* Of most files this is known. */
	if (!image_section(image, ".note.stapsdt", &notes_range) || !notes_range.size)
		return NULL;
	if (!image_section(image, ".probes", &probes))
		probes.size = 0;
	image_call_begin(image, serve_notes, &request);
	struct err *e = image_call(image, &request, &answer);
	if (e)
		return e;
	size_t malformed = wire_take_u64(&answer), count = wire_take_count(&answer, 31);
	answer.bad |= count > NOTES_MAX || malformed > NOTES_MAX;
	struct usdt_note *notes = answer.bad ? NULL : arena_array(arena, count + 1, sizeof(*notes));
	if (!answer.bad && !notes)
		return &err_nomem;
	for (size_t i = 0; !e && i < count && !answer.bad; i++)
		e = take_note(image, &probes, &answer, arena, &notes[i]);
	e = e ? e : image_call_end(image, &answer);
	if (e)
		return e;
	*ret = notes;
	*ret_count = count;
	*ret_malformed = malformed;
	return NULL;
}

/* --- operands --------------------------------------------------------------------------------- */

static void put_source(const struct fetch_source *source, struct wire *out)
{
	wire_put_text(out, source->unavailable);
	wire_put_u8(out, source->is_address);
	wire_put_u8(out, (uint8_t)source->n_ops);
	for (uint32_t i = 0; i < source->n_ops; i++) {
		wire_put_u8(out, source->ops[i].code);
		wire_put_u8(out, source->ops[i].reg);
		wire_put_u8(out, source->ops[i].size);
		wire_put_u8(out, source->ops[i].flags);
		wire_put_u8(out, source->ops[i].shift);
		wire_put_u64(out, (uint64_t)source->ops[i].imm);
	}
}

static void put_operands(const struct usdt_operands *list, struct wire *out)
{
	wire_put_u64(out, list->count);
	for (size_t i = 0; i < list->count; i++) {
		const struct usdt_operand *operand = &list->items[i];
		wire_put_u32(out, (uint32_t)operand->size);
		wire_put_u8(out, operand->size_assumed);
		wire_put_u8(out, operand->is_signed);
		wire_put_u8(out, operand->is_float);
		wire_put_text(out, operand->text);
		put_source(&operand->source, out);
	}
}

static struct err *serve_operands(struct image *image, struct wire *in, struct wire *out)
{
	_cleanup_(arena_deinit) struct arena arena = {0};
	size_t count = wire_take_count(in, 12);
	struct err *e = NULL;
	for (size_t i = 0; !e && i < count; i++) {
		const struct usdt_note note = {.address = wire_take_u64(in)};
		const char *text = wire_take_text(in);
		struct usdt_operands list = {0};
		if (!text)
			return err_new(ERR_BUG, 0, "operands of no note");
		e = usdt_operands(text, image_machine(image), image, &note, &arena, &list.items,
				  &list.count);
		if (!e)
			put_operands(&list, out);
	}
	return e;
}

/* Of the operations that operands are made of, with registers that there are. */
static bool is_sound(const struct fetch_op *op, uint32_t index, unsigned int regs)
{
	bool sized = op->size == 1 || op->size == 2 || op->size == 4 || op->size == 8;
	switch (op->code) {
	case FETCH_REG:
		return !index && sized && op->reg < regs && op->shift < 64 && !op->imm &&
		       !(op->flags & ~FETCH_SIGNED);
	case FETCH_CONST:
		return !index && !op->size && !op->reg && !op->shift && !op->flags;
	case FETCH_ADD:
		return index && !op->size && !op->reg && !op->shift && !op->flags;
	case FETCH_INDEX:
		return index && sized && op->reg < regs && !op->shift &&
		       !(op->flags & ~FETCH_SIGNED);
	}
	return false;
}

static void take_source(struct wire *from, unsigned int regs, struct arena *arena,
			struct fetch_source *ret)
{
	ret->unavailable = wire_keep_text(from, arena);
	ret->is_address = wire_take_bool(from);
	ret->n_ops = wire_take_u8(from);
	from->bad |= ret->n_ops > FETCH_SOURCE_OPS || (!ret->n_ops && !ret->unavailable);
	for (uint32_t i = 0; i < ret->n_ops && !from->bad; i++) {
		struct fetch_op *op = &ret->ops[i];
		op->code = wire_take_u8(from);
		op->reg = wire_take_u8(from);
		op->size = wire_take_u8(from);
		op->flags = wire_take_u8(from);
		op->shift = wire_take_u8(from);
		op->imm = (int64_t)wire_take_u64(from);
		from->bad |= !is_sound(op, i, regs);
	}
}

static void take_operands(struct wire *from, unsigned int regs, struct arena *arena,
			  struct usdt_operands *ret)
{
	size_t count = wire_take_count(from, 14);
	from->bad |= count > USDT_OPERANDS_MAX;
	struct usdt_operand *items =
		from->bad ? NULL : arena_array(arena, count + 1, sizeof(*items));
	from->bad |= !items;
	for (size_t i = 0; i < count && !from->bad; i++) {
		uint32_t size = wire_take_u32(from);
		items[i].size = (int)size;
		items[i].size_assumed = wire_take_bool(from);
		items[i].is_signed = wire_take_bool(from);
		items[i].is_float = wire_take_bool(from);
		items[i].text = wire_keep_name(from, arena);
		take_source(from, regs, arena, &items[i].source);
		/* What is to be read has a size that the parser lets through. */
		from->bad |= size > INT_MAX;
		from->bad |= !items[i].source.unavailable && (!size || size > FETCH_STRING_MAX);
	}
	*ret = (struct usdt_operands){items, from->bad ? 0 : count};
}

static struct err *ask_operands(struct image *image, const struct usdt_note *const *notes,
				size_t count, struct arena *arena, struct usdt_operands *ret)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	unsigned int regs = image_machine(image) == EM_AARCH64 ? ARM64_REGS : X86_REGS;
	image_call_begin(image, serve_operands, &request);
	wire_put_u64(&request, count);
	for (size_t i = 0; i < count; i++) {
		wire_put_u64(&request, notes[i]->address);
		wire_put_text(&request, notes[i]->operands);
	}
	struct err *e = image_call(image, &request, &answer);
	for (size_t i = 0; !e && i < count; i++)
		take_operands(&answer, regs, arena, &ret[i]);
	return e ? e : image_call_end(image, &answer);
}

struct err *usdt_operands_of(struct image *image, const struct usdt_note *const *notes,
			     size_t count, struct arena *arena, struct usdt_operands *ret)
{
	struct err *e = NULL;
	size_t n;
	for (size_t i = 0; !e && i < count; i += n) {
		n = count - i < NOTES_AT_ONCE ? count - i : NOTES_AT_ONCE;
		if (image_is_elsewhere(image)) {
			e = ask_operands(image, notes + i, n, arena, ret + i);
			continue;
		}
		n = 1;
		e = usdt_operands(notes[i]->operands, image_machine(image), image, notes[i], arena,
				  &ret[i].items, &ret[i].count);
	}
	return e;
}
