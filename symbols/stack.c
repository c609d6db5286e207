/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/stack.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "symbols/image.h"
#include "symbols/stack_step.h"

/* What is further above the copy than this is not its continuation. */
#define SAME_STACK_BYTES (8ULL << 20)

struct building {
	ARRAY_OF(struct stack_frame) frames;
	char *cut;
	bool failed; /* out of memory */
};

void stack_free(struct stack *stack)
{
	if (!stack)
		return;
	free((char *)stack->cut);
	free(stack);
}

static void cut(struct building *building, const char *format, ...) printf_like(2, 3);

static void cut(struct building *building, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (vasprintf(&building->cut, format, args) < 0) {
		building->cut = NULL;
		building->failed = true;
	}
	va_end(args);
}

static void add_frame(struct building *building, uint64_t pc, bool exact,
		      const struct stack_code *code)
{
	struct stack_frame *frame = array_push(&building->frames);
	if (!frame) {
		building->failed = true;
		return;
	}
	frame->address = pc;
	frame->module = code->module;
	frame->image = code->image;
	frame->offset = code->offset + !exact;
	frame->has_offset = code->has_offset;
	/* A call is what the frame is in, and not what follows: that may be another line, or
	 * another function, when this one never comes back. */
	frame->place = code->image ? image_place(code->image, code->address) : code->place;
	if (frame->place)
		frame->place_offset =
			(code->image ? code->address + !exact : pc) - frame->place->start;
}

static struct stack *finish(const struct stack_request *request, struct building *building)
{
	size_t bytes = building->frames.count * sizeof(struct stack_frame);
	struct stack *stack = building->failed ? NULL : calloc(1, sizeof(*stack) + bytes);
	if (stack) {
		stack->sp = request->sp;
		stack->cut = building->cut;
		stack->n_frames = building->frames.count;
		if (bytes)
			memcpy(stack->frames, building->frames.items, bytes);
	} else {
		free(building->cut);
	}
	free(building->frames.items);
	return stack;
}

/* In the page of the kernel's own trampolines, as it names that: at its very start, mostly. */
static bool is_trampoline(const struct stack_request *request, uint64_t pc)
{
	struct stack_code code;
	return request->find(request->context, pc, &code) && !code.image &&
	       strcmp(code.module, "[uprobes]") == 0;
}

/* Finds what is at a frame's place, and adds it. False: there are no more frames. */
static bool take_frame(const struct stack_request *request, struct building *building, uint64_t pc,
		       bool exact, struct stack_code *code)
{
	if (building->frames.count >= request->max_frames) {
		cut(building, "cut: more than %zu frames", request->max_frames);
		return false;
	}
	if (!exact && is_trampoline(request, pc)) {
		cut(building, "cut: a return probe has taken the return address");
		return false;
	}
	/* Of a call, its last byte. */
	if (!request->find(request->context, pc - !exact, code)) {
		cut(building, "no code known at 0x%" PRIx64, pc);
		return false;
	}
	add_frame(building, pc, exact, code);
	return !building->failed;
}

static void explain_failure(const struct stack_walk *walk, const struct stack_code *code,
			    struct building *building)
{
	const struct stack_request *request = walk->request;
	uint64_t end = request->from + request->size;
	if (!code->image && code->has_offset)
		cut(building, "file could not be read: %s", code->module);
	else if (!walk->memory.failed)
		cut(building, "%s: %s",
		    request->method == STACK_BY_FRAMES ? "no frame pointers"
		    : code->image && image_unwind_row(code->image, code->address)
			    ? "unwind tables lead nowhere"
			    : "no unwind tables",
		    code->module);
	else if (walk->missing < request->from ||
		 (walk->missing > end && walk->missing - end > SAME_STACK_BYTES))
		cut(building, "cut: goes on on another stack");
	else
		cut(building,
		    request->ended ? "cut: stack memory not readable" : "cut: stack copy ended");
}

/* Where the target was before our probes changed anything. */
static uint64_t first_return(const struct stack_request *request)
{
	struct stack_walk walk;
	uint64_t word;
	stack_walk_init(&walk, request);
	return walk.memory.read(&walk, request->sp, &word)
		       ? stack_repaired(request, request->sp, word)
		       : 0;
}

struct stack *stack_unwind(const struct stack_request *request)
{
	struct building building = {0};
	struct stack_walk walk;
	struct frame_state state = {.pc = request->pc, .cfa = request->sp};
	struct frame_state caller;
	struct stack_code code;
	bool exact = true, is_signal;
	stack_walk_init(&walk, request);
	memcpy(state.values, request->registers, sizeof(state.values));
	state.known = (1ULL << STACK_REGISTERS) - 1;
	state.values[REGISTER_SP] = request->sp;
	while (take_frame(request, &building, state.pc, exact, &code)) {
		bool first = building.frames.count == 1;
		enum step_result result =
			stack_step(&walk, &state, &code, first, &caller, &is_signal);
		if (result == STEP_FAILED)
			explain_failure(&walk, &code, &building);
		if (result != STEP_DONE || !caller.pc)
			break;
		state = caller;
		exact = is_signal;
		building.frames.items[building.frames.count - 1].is_signal = is_signal;
	}
	struct stack *stack = finish(request, &building);
	if (stack)
		stack->return_address = first_return(request);
	return stack;
}

/* --- frame pointers that the kernel followed ---------------------------------------------------
 */

struct pair {
	uint64_t next, pc;
};

/* One return address; false: the last. */
static bool take_return(const struct stack_request *request, struct building *building,
			uint64_t slot, uint64_t found)
{
	struct stack_code code;
	uint64_t pc = stack_repaired(request, slot, found);
	if (!pc)
		return false;
	if (!stack_is_return_address(request, pc)) {
		cut(building, "cut: frame pointers lead no further");
		return false;
	}
	return take_frame(request, building, pc, false, &code);
}

struct stack *stack_from_chain(const struct stack_request *request)
{
	struct building building = {0};
	struct stack_code code;
	size_t count = request->size / sizeof(struct pair);
	struct pair pair = {.next = request->from};
	uint64_t top = request->registers[REGISTER_RETURN];
	bool more = take_frame(request, &building, request->pc, true, &code);
	if (more && request->at_entry)
		more = take_return(request, &building, request->sp, top);
	for (size_t i = 0; more && i < count; i++) {
		uint64_t at = pair.next;
		memcpy(&pair, (const char *)request->bytes + i * sizeof(pair), sizeof(pair));
		more = take_return(request, &building, at + 8, pair.pc);
	}
	/* A chain that is whole ends with 0. */
	if (more && pair.next && building.frames.count >= request->max_frames)
		cut(&building, "cut: more than %zu frames", request->max_frames);
	else if (more && pair.next)
		cut(&building, "cut: frame pointers lead no further");
	struct stack *stack = finish(request, &building);
	if (stack)
		stack->return_address = stack_repaired(request, request->sp, top);
	return stack;
}
