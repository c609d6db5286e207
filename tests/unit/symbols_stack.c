/* SPDX-License-Identifier: Apache-2.0 */
/* This process unwinds a copy of its own stack; the compiler's unwinder says what must come out. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include "common/array.h"
#include "symbols/stack.h"
#include "symbols/unwind_row.h"

#if defined(__has_attribute) && __has_attribute(noipa)
#define traced __attribute__((noipa))
#else
#define traced __attribute__((noinline))
#endif

#define FILES_MAX 32

extern void *__libc_stack_end;

/* --- what this process has mapped --------------------------------------------------------------
 */

struct file {
	uint64_t start, end, bias;
	char path[256];
	struct image *image;
};

static struct files {
	struct file items[FILES_MAX];
	size_t count;
} files;

static int add_file(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size, (void)context;
	const char *path = info->dlpi_name[0] ? info->dlpi_name : "/proc/self/exe";
	struct image *image;
	struct err *e = path[0] == '/' ? image_open(path, -1, &image) : NULL;
	if (e || path[0] != '/') { /* the vdso */
		err_free(e);
		return 0;
	}
	for (int i = 0; i < info->dlpi_phnum && files.count < FILES_MAX; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
			continue;
		struct file *file = &files.items[files.count++];
		file->start = info->dlpi_addr + segment->p_vaddr;
		file->end = file->start + segment->p_memsz;
		file->bias = info->dlpi_addr;
		file->image = image;
		snprintf(file->path, sizeof(file->path), "%s", path);
		return 0;
	}
	image_close(image);
	return 0;
}

static int open_files(void **state)
{
	(void)state;
	dl_iterate_phdr(add_file, NULL);
	return files.count ? 0 : -1;
}

static int close_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < files.count; i++)
		image_close(files.items[i].image);
	return 0;
}

static bool find(void *context, uint64_t address, struct stack_code *ret)
{
	(void)context;
	for (size_t i = 0; i < files.count; i++) {
		struct file *file = &files.items[i];
		if (address < file->start || address >= file->end)
			continue;
		*ret = (struct stack_code){.module = file->path,
					   .image = file->image,
					   .address = address - file->bias};
		ret->has_offset = image_offset_of(file->image, ret->address, &ret->offset);
		return true;
	}
	return false;
}

/* --- a stack ------------------------------------------------------------------------------------
 */

static struct taken {
	struct stack_request request;
	_Alignas(8) char bytes[65536];
	void *addresses[64]; /* what libgcc says; the first is in take() */
	int n_addresses;
	uint64_t slot; /* of the return address of the innermost middle() */
} taken;

static void set_registers(struct stack_request *request, const ucontext_t *context)
{
#if defined(__x86_64__)
	static const int order[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
				    REG_RBP, REG_RSP, REG_R8,  REG_R9,	REG_R10, REG_R11,
				    REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
	for (size_t i = 0; i < array_size(order); i++)
		request->registers[i] = (uint64_t)context->uc_mcontext.gregs[order[i]];
	request->pc = (uint64_t)context->uc_mcontext.gregs[REG_RIP];
	request->sp = (uint64_t)context->uc_mcontext.gregs[REG_RSP];
#else
	memcpy(request->registers, context->uc_mcontext.regs, 31 * sizeof(uint64_t));
	request->pc = context->uc_mcontext.pc;
	request->sp = context->uc_mcontext.sp;
#endif
}

/* Not backtrace(3), which sanitizers stand in for. */
static _Unwind_Reason_Code note_address(struct _Unwind_Context *context, void *unused)
{
	(void)unused;
	/* The end of the stack is told as a frame, too. */
	if (taken.n_addresses < 64 && _Unwind_GetIP(context))
		taken.addresses[taken.n_addresses++] = (void *)_Unwind_GetIP(context);
	return _URC_NO_REASON;
}

static traced void take(void)
{
	struct stack_request *request = &taken.request;
	ucontext_t context;
	taken.n_addresses = 0;
	_Unwind_Backtrace(note_address, NULL);
	getcontext(&context);
	*request = (struct stack_request){.max_frames = 64, .bytes = taken.bytes, .find = find};
	set_registers(request, &context);
	request->from = request->sp;
	request->size = (uint64_t)__libc_stack_end - request->sp;
	if (request->size > sizeof(taken.bytes))
		request->size = sizeof(taken.bytes);
	/* By way of the kernel: to the sanitizer there are holes in it. */
	int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(memory, taken.bytes, request->size, (off_t)request->sp),
			 request->size);
	close(memory);
}

static traced int middle(int depth)
{
	volatile char buffer[100];
	buffer[0] = (char)depth;
	if (depth)
		return middle(depth - 1) + buffer[0];
	taken.slot = (uint64_t)__builtin_frame_address(0) + 8;
	take();
	return buffer[0] + 1;
}

static int take_deep(void)
{
	return middle(6);
}

static void assert_as_libgcc(const struct stack *stack, size_t at_least)
{
	size_t count = (size_t)taken.n_addresses;
	assert_true(count >= at_least);
	assert_true(stack->n_frames >= at_least);
	if (!stack->cut)
		assert_int_equal(stack->n_frames, count);
	for (size_t i = 1; i < stack->n_frames; i++)
		assert_int_equal(stack->frames[i].address, (uint64_t)taken.addresses[i]);
}

static const char *symbol(const struct stack *stack, size_t i)
{
	const struct code_place *place = stack->frames[i].place;
	return place && place->own.symbol ? place->own.symbol : "";
}

/* --- tests --------------------------------------------------------------------------------------
 */

static void all_frames_are_found(void **state)
{
	(void)state;
	take_deep();
	struct stack *stack = stack_unwind(&taken.request);
	assert_non_null(stack);
	assert_null(stack->cut);
	assert_as_libgcc(stack, 9);
	assert_string_equal(symbol(stack, 0), "take");
	for (size_t i = 1; i <= 7; i++)
		assert_string_equal(symbol(stack, i), "middle");
	assert_string_equal(symbol(stack, stack->n_frames - 1), "_start");
	stack_free(stack);
}

static void frames_have_their_files(void **state)
{
	(void)state;
	take_deep();
	struct stack *stack = stack_unwind(&taken.request);
	assert_non_null(stack);
	const struct stack_frame *frame = &stack->frames[1];
	assert_string_equal(frame->module, "/proc/self/exe");
	assert_true(frame->has_offset);
	assert_true(image_is_text(frame->image, frame->offset, 1));
	assert_non_null(strstr(frame->place->own.file, "tests/unit/symbols_stack.c"));
	assert_int_equal(frame->place->start + frame->place_offset,
			 frame->address - files.items[0].bias);
	stack_free(stack);
}

static void the_end_of_the_copy_is_told(void **state)
{
	(void)state;
	take_deep();
	/* Two frames of middle() and a bit. */
	taken.request.size = 1000 + 400;
	struct stack *stack = stack_unwind(&taken.request);
	assert_non_null(stack);
	assert_string_equal(stack->cut, "cut: stack copy ended");
	assert_as_libgcc(stack, 1);
	stack_free(stack);
	taken.request.ended = true;
	stack = stack_unwind(&taken.request);
	assert_string_equal(stack->cut, "cut: stack memory not readable");
	stack_free(stack);
	taken.request.size = 0;
	stack = stack_unwind(&taken.request);
	assert_int_equal(stack->n_frames, 1);
	assert_non_null(stack->cut);
	stack_free(stack);
}

static void no_more_frames_than_wanted(void **state)
{
	(void)state;
	take_deep();
	taken.request.max_frames = 4;
	struct stack *stack = stack_unwind(&taken.request);
	assert_non_null(stack);
	assert_int_equal(stack->n_frames, 4);
	assert_string_equal(stack->cut, "cut: more than 4 frames");
	stack_free(stack);
}

static void replaced_return_addresses_are_repaired(void **state)
{
	(void)state;
	take_deep();
	uint64_t *slot = (void *)(taken.bytes + (taken.slot - taken.request.from));
	assert_int_equal(*slot, taken.addresses[2]);
	const struct stack_repair repairs[] = {
		{taken.slot, *slot},
		/* A later one at the same place: a tail call has seen what was replaced. */
		{taken.slot, 0x1234},
	};
	*slot = 0x7fffffffe000;
	struct stack *stack = stack_unwind(&taken.request);
	assert_non_null(stack);
	assert_string_equal(stack->cut, "no code known at 0x7fffffffe000");
	assert_int_equal(stack->n_frames, 2);
	stack_free(stack);
	taken.request.repairs = repairs;
	taken.request.n_repairs = array_size(repairs);
	stack = stack_unwind(&taken.request);
	assert_non_null(stack);
	assert_null(stack->cut);
	assert_as_libgcc(stack, 9);
	stack_free(stack);
}

/* A stack of random bytes, and all places to start from, end somehow. */
static void garbage_ends(void **state)
{
	(void)state;
	uint32_t seed = 1;
	take_deep();
	for (int round = 0; round < 2000; round++) {
		for (size_t i = 0; i < 512; i++) {
			seed = seed * 1664525 + 1013904223;
			taken.bytes[i] = (char)(seed >> 24);
		}
		taken.request.pc =
			files.items[0].start + seed % (files.items[0].end - files.items[0].start);
		taken.request.at_entry = round & 1;
		taken.request.size = seed % 4096;
		struct stack *stack = stack_unwind(&taken.request);
		assert_non_null(stack);
		assert_true(stack->n_frames <= taken.request.max_frames);
		stack_free(stack);
	}
}

static bool find_nothing(void *context, uint64_t address, struct stack_code *ret)
{
	(void)context, (void)address, (void)ret;
	return false;
}

static void nothing_is_mapped(void **state)
{
	(void)state;
	take_deep();
	taken.request.find = find_nothing;
	taken.request.pc = 0x4711;
	struct stack *stack = stack_unwind(&taken.request);
	assert_non_null(stack);
	assert_int_equal(stack->n_frames, 0);
	assert_string_equal(stack->cut, "no code known at 0x4711");
	stack_free(stack);
}

/* Pairs as the kernel's side collects them: (next frame, return address). */
static void a_chain_of_frame_pointers(void **state)
{
	(void)state;
	take_deep();
	uint64_t pairs[] = {
		0x2000, (uint64_t)taken.addresses[2], 0x3000, (uint64_t)taken.addresses[3],
		0,	(uint64_t)taken.addresses[4],
	};
	taken.request.bytes = pairs;
	taken.request.size = sizeof(pairs);
	taken.request.from = 0x1000;
	taken.request.method = STACK_BY_FRAMES;
	struct stack *stack = stack_from_chain(&taken.request);
	assert_non_null(stack);
	assert_null(stack->cut);
	assert_int_equal(stack->n_frames, 4);
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(stack->frames[i].address, (uint64_t)taken.addresses[i + 1]);
	stack_free(stack);
	/* One that no call returns to: the beginning of a function. */
	pairs[3] = (uint64_t)middle;
	stack = stack_from_chain(&taken.request);
	assert_int_equal(stack->n_frames, 2);
	assert_string_equal(stack->cut, "cut: frame pointers lead no further");
	stack_free(stack);
	const struct stack_repair repair = {0x2008, (uint64_t)taken.addresses[3]};
	taken.request.repairs = &repair;
	taken.request.n_repairs = 1;
	stack = stack_from_chain(&taken.request);
	assert_int_equal(stack->n_frames, 4);
	stack_free(stack);
	taken.request.max_frames = 2;
	stack = stack_from_chain(&taken.request);
	assert_int_equal(stack->n_frames, 2);
	assert_string_equal(stack->cut, "cut: more than 2 frames");
	stack_free(stack);
}

static inline __attribute__((always_inline)) void *here_inlined(void)
{
	void *volatile here;
	here = __builtin_extract_return_addr(__builtin_return_address(0));
	take();
	return here;
}

enum { CALL_LINE = __LINE__ + 4 };

static traced int with_inlined(void)
{
	here_inlined();
	return taken.n_addresses + 1;
}

static void inlined_functions_have_lines(void **state)
{
	(void)state;
	with_inlined();
	struct stack *stack = stack_unwind(&taken.request);
	assert_non_null(stack);
	const struct code_place *place = stack->frames[1].place;
	assert_string_equal(place->own.symbol, "with_inlined");
	assert_int_equal(place->own.line, CALL_LINE);
	assert_int_equal(place->n_inlined, 1);
	assert_string_equal(place->inlined[0].symbol, "here_inlined");
	/* The same address is looked up once. */
	assert_ptr_equal(image_place(files.items[0].image,
				     stack->frames[1].address - 1 - files.items[0].bias),
			 place);
	stack_free(stack);
}

static void an_address_without_anything(void **state)
{
	(void)state;
	assert_null(image_place(files.items[0].image, 0));
	assert_null(image_place(files.items[0].image, UINT64_MAX));
	assert_null(image_unwind_row(files.items[0].image, UINT64_MAX));
}

/* At a function's first instruction the frame is where the call left it. */
static void the_rules_of_an_entry(void **state)
{
	(void)state;
	const struct unwind_row *row =
		image_unwind_row(files.items[0].image, (uint64_t)middle - files.items[0].bias);
	assert_non_null(row);
	assert_false(row->is_signal);
	assert_int_equal(row->cfa.kind, ROW_IS);
#if defined(__x86_64__)
	assert_int_equal(row->return_register, 16);
	assert_int_equal(row->cfa_register, 7);
	assert_int_equal(row->cfa.offset, 8);
	assert_int_equal(row->rules[16].kind, ROW_AT);
	assert_int_equal(row->rules[16].offset, -8);
	assert_int_equal(row->rules[3].kind, ROW_SAME);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_frames_are_found),
		cmocka_unit_test(frames_have_their_files),
		cmocka_unit_test(the_end_of_the_copy_is_told),
		cmocka_unit_test(no_more_frames_than_wanted),
		cmocka_unit_test(replaced_return_addresses_are_repaired),
		cmocka_unit_test(garbage_ends),
		cmocka_unit_test(nothing_is_mapped),
		cmocka_unit_test(a_chain_of_frame_pointers),
		cmocka_unit_test(inlined_functions_have_lines),
		cmocka_unit_test(an_address_without_anything),
		cmocka_unit_test(the_rules_of_an_entry),
	};
	return cmocka_run_group_tests(tests, open_files, close_files);
}
