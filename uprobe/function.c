/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions as they lie in a file.
 *
 * Compilers split functions: what is seldom run goes to another section under the name `f.cold`
 * (gcc before 9: `f.cold.0`), and the two parts jump both ways. Such a part is no function: its
 * returns are returns of `f`, and a jump to it leaves nothing. In a stripped file the part has no
 * name, and a jump to it looks like a tail call; the stack pointer then tells them apart at the
 * hit, as a tail call happens only with the stack as it was at the entry.
 */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbols/clone.h"
#include "uprobe/code.h"

/* Enough for the longest two instructions. */
#define ENTRY_BYTES 32

/* Text of the parts found on the way; they must outlive the walk. */
struct parts {
	struct image *image;
	const struct function *function;
	uint8_t *bytes[WALK_PARTS_MAX];
	size_t count;
};

static void parts_deinit(struct parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		free(parts->bytes[i]);
}

static bool belongs_to(struct image *image, const char *cold, const struct function *function)
{
	size_t length = (size_t)(clone_cold_mark(cold) - cold);
	if (!strncmp(function->symbol, cold, length) && !function->symbol[length])
		return true;
	/* The part may be named after an alias of the function. */
	_cleanup_free_ char *base = strndup(cold, length);
	uint64_t address;
	return base && image_symbol_address(image, base, &address) && address == function->address;
}

static bool read_text(struct parts *parts, const struct function *function, size_t size,
		      struct code_part *ret)
{
	if (parts->count == WALK_PARTS_MAX)
		return false;
	uint8_t *bytes = malloc(size);
	struct err *e = bytes ? image_read(parts->image, function->offset, bytes, size) : NULL;
	if (!bytes || e) {
		err_free(e);
		free(bytes);
		return false;
	}
	parts->bytes[parts->count++] = bytes;
	*ret = (struct code_part){.bytes = bytes, .address = function->address, .size = size};
	return true;
}

/* As much of it as lies in the file's text: all, or the entry, or nothing. */
static bool read_function(struct parts *parts, const struct function *function,
			  struct code_part *ret)
{
	size_t size = function->size;
	if (!size || function->size > WALK_BYTES_MAX ||
	    !image_is_text(parts->image, function->offset, size))
		for (size = ENTRY_BYTES; size; size--)
			if (image_is_text(parts->image, function->offset, size))
				break;
	return size && read_text(parts, function, size, ret);
}

static bool find_part(void *context, uint64_t target, struct code_part *ret)
{
	struct parts *parts = context;
	const struct function *found = image_function_at(parts->image, target);
	return found && clone_is_cold(found->symbol) &&
	       belongs_to(parts->image, found->symbol, parts->function) &&
	       found->size <= WALK_BYTES_MAX &&
	       image_is_text(parts->image, found->offset, found->size) &&
	       read_text(parts, found, found->size, ret);
}

/* The next symbol behind the function's own address, if it lies inside. */
static uint64_t other_entry(struct image *image, const struct function *function)
{
	const struct function *functions;
	size_t count;
	struct err *e = image_functions(image, &functions, &count);
	err_free(e);
	if (e || function < functions || function >= functions + count)
		return 0;
	for (const struct function *f = function; f < functions + count; f++)
		if (f->address != function->address)
			return f->address - function->address < ENTRY_BYTES ? f->address : 0;
	return 0;
}

static bool has_go_table(struct image *image)
{
	struct section_range table;
	return image_section(image, ".gopclntab", &table) ||
	       image_section(image, ".data.rel.ro.gopclntab", &table);
}

struct code_file code_file_of(struct image *image)
{
	struct section_range table;
	struct code_file file = {
		.image = image,
		.has_landing_pads = image_section(image, ".gcc_except_table", &table),
	};
	/* Go's linker puts all of its text between two symbols; C's lies elsewhere. */
	if (has_go_table(image) && (!image_symbol_address(image, "runtime.text", &file.go_start) ||
				    !image_symbol_address(image, "runtime.etext", &file.go_end)))
		file.go_start = file.go_end = 0;
	return file;
}

/* Symbol tables have the mark of the calling convention at the name, the table of Go itself has
 * not. */
static bool is_morestack(void *context, uint64_t target)
{
	static const char prefix[] = "runtime.morestack";
	const struct parts *parts = context;
	const struct function *found = image_function_at(parts->image, target);
	if (!found || found->address != target ||
	    strncmp(found->symbol, prefix, sizeof(prefix) - 1) != 0)
		return false;
	const char *rest = found->symbol + sizeof(prefix) - 1;
	size_t length = strcspn(rest, ".");
	bool known = !length || !strncmp(rest, "c", length) || !strncmp(rest, "_noctxt", length);
	return known && (!rest[length] || !strcmp(rest + length, ".abi0"));
}

static bool is_go(const struct code_file *file, const struct function *function)
{
	return (function->tables & FUNCTION_GO) ||
	       (function->address >= file->go_start && function->address < file->go_end);
}

/*
 * Has it the goroutine in its register, from its entry to its end? What the compiler has made, and
 * what was written in assembler for its convention. Go's own table does not tell these from what
 * was written for the older one, which is in these packages.
 */
static bool keeps_goroutine(const struct function *function)
{
	static const char *const packages[] = {"runtime.", "runtime/", "reflect.",
					       "internal/runtime/"};
	bool is_told = function->tables & FUNCTION_SYMTAB;
	for (size_t i = 0; !is_told && i < sizeof(packages) / sizeof(packages[0]); i++)
		if (!strncmp(function->symbol, packages[i], strlen(packages[i])))
			return false;
	return !strstr(function->symbol, ".abi0");
}

static void request_init(struct code_request *request, const struct code_file *file,
			 struct parts *parts)
{
	*request = (struct code_request){
		.machine = image_machine(parts->image),
		.size = parts->function->size,
		.is_go = is_go(file, parts->function),
		.has_landing_pads = file->has_landing_pads,
		.other_entry = other_entry(parts->image, parts->function),
		.find_part = find_part,
		.is_morestack = is_morestack,
		.find_context = parts,
	};
	if (!read_function(parts, parts->function, &request->text))
		request->text = (struct code_part){.address = parts->function->address};
}

/* A symbol is only a name: what speaks against a function there? NULL: nothing. */
static const char *why_no_entry(struct image *image, const struct function *function,
				enum frame_place frame)
{
	if (function->ifunc)
		return "its symbol is a resolver (IFUNC) that runs once, at start, to choose the "
		       "function";
	if (clone_is_cold(function->symbol))
		return "it is no function, but a part of one that the compiler moved";
	if (frame == FRAME_INSIDE)
		return "the unwind tables tell that no function begins there";
	if (frame == FRAME_START)
		return NULL;
	/* Without tables at least the other symbols must not contradict. */
	const struct function *before = image_function_at(image, function->address - 1);
	if (before && function->address - before->address < before->size)
		return "another function's symbol covers it, and no unwind tables tell";
	return NULL;
}

struct err *code_decode_function(const struct code_file *file, const struct function *function,
				 enum code_depth depth, struct arena *arena, struct code *ret)
{
	_cleanup_(parts_deinit) struct parts parts = {.image = file->image, .function = function};
	struct code_request request;
	enum frame_place frame = image_frame_place(file->image, function->address);
	const char *why_not = why_no_entry(file->image, function, frame);
	if (why_not) {
		*ret = (struct code){.why_not = why_not, .entry_why = why_not};
		return NULL;
	}
	request_init(&request, file, &parts);
	/* Where no table tells that it is a function, its own bytes must. */
	request.entry_only = depth != CODE_WHOLE && frame == FRAME_START;
	request.want_slot = depth == CODE_ENTRY_AND_SLOT;
	struct err *e = code_decode_request(&request, arena, ret);
	ret->entry_proven = frame == FRAME_START;
	ret->is_go = request.is_go;
	ret->in_goroutine |= request.is_go && keeps_goroutine(function);
	bool may_be_data = (function->tables & FUNCTION_UNTYPED) && !ret->whole;
	if (e || ret->entry_proven || (!ret->not_code && !may_be_data))
		return e;
	ret->entry.length = 0;
	if (may_be_data)
		ret->why_not = arena_printf(arena, "its symbol has no type, and it may be data: %s",
					    ret->why_not);
	return ret->why_not ? NULL : &err_nomem;
}

struct err *uprobe_find_entry(struct image *image, const struct function *function,
			      struct arena *arena, struct instruction *ret,
			      const char **ret_why_not)
{
	const struct code_file file = code_file_of(image);
	struct code code;
	struct err *e = code_decode_function(&file, function, CODE_ENTRY, arena, &code);
	if (e)
		return e;
	*ret = code.entry;
	*ret_why_not = code.entry.length ? NULL : code.why_not;
	return NULL;
}

struct err *code_read_text(const struct image *image, uint64_t address, uint8_t *bytes,
			   size_t *size)
{
	uint64_t offset;
	if (!image_offset_of(image, address, &offset))
		*size = 0;
	while (*size && !image_is_text(image, offset, *size))
		(*size)--;
	return *size ? image_read(image, offset, bytes, *size) : NULL;
}

struct err *code_instruction_at(struct image *image, uint64_t address, struct arena *arena,
				struct instruction *ret)
{
	uint8_t bytes[ENTRY_BYTES];
	size_t size = sizeof(bytes);
	struct decoder decoder;
	struct decoded insn;
	*ret = (struct instruction){.address = address};
	if (!decoder_init(&decoder, image_machine(image)))
		return NULL;
	struct err *e = code_read_text(image, address, bytes, &size);
	if (e)
		return e;
	const struct code_part text = {.bytes = bytes, .address = address, .size = size};
	if (!decode(&decoder, bytes, size, address, &insn))
		return NULL;
	return code_describe(&decoder, &text, &insn, address, arena, ret);
}

struct boundary {
	uint64_t address;
	bool ok;
	struct instruction instruction;
	const char *why;
};

/* What may be said of an address that starts an instruction. */
static struct err *judge_instruction(struct boundary *b, const struct code_part *text,
				     const struct decoder *decoder, struct arena *arena)
{
	size_t offset = b->address - text->address;
	struct decoded insn;
	if (!decode(decoder, text->bytes + offset, text->size - offset, b->address, &insn)) {
		b->why = "no instruction";
		return NULL;
	}
	struct err *e = code_describe(decoder, text, &insn, b->address, arena, &b->instruction);
	if (e)
		return e;
	b->why = insn.refused;
	if (!b->why && b->instruction.is_nop5 && offset)
		b->why = "a 5-byte nop inside a function: some kernels make a call of it, which "
			 "destroys what the function keeps below its stack pointer";
	b->ok = !b->why;
	return NULL;
}

static struct err *find_boundary(struct boundary *b, const struct code_request *request,
				 const struct decoder *decoder, struct arena *arena)
{
	struct walk walk = code_walk(request, decoder, arena);
	struct err *e = walk_run(&walk);
	if (!e && walk_is_boundary(&walk, b->address))
		e = judge_instruction(b, &request->text, decoder, arena);
	else if (!e && walk.whole)
		b->why = "it is not the start of an instruction";
	else if (!e)
		b->why = walk.why_not;
	walk_deinit(&walk);
	return e;
}

static struct err *check_function(struct image *image, const struct function *function,
				  struct boundary *b, struct arena *arena)
{
	_cleanup_(parts_deinit) struct parts parts = {.image = image, .function = function};
	struct code_request request;
	struct decoder decoder;
	const struct code_file file = code_file_of(image);
	/* What is decoded from a wrong place on proves nothing. */
	b->why = "the unwind tables tell that the symbol which covers it is no function's";
	if (image_frame_place(image, function->address) == FRAME_INSIDE)
		return NULL;
	request_init(&request, &file, &parts);
	b->why = "its text cannot be read";
	if (request.text.size < function->size)
		return NULL;
	b->why = "there is no decoder for this machine";
	return decoder_init(&decoder, request.machine) ? find_boundary(b, &request, &decoder, arena)
						       : NULL;
}

struct err *code_check_boundary(struct image *image, uint64_t offset, struct arena *arena,
				bool *ret_ok, struct instruction *ret_instruction,
				const char **ret_why)
{
	struct boundary b = {.why = "it does not lie in the program's text"};
	if (image_is_text(image, offset, 1) && image_address_of(image, offset, &b.address)) {
		const struct function *function = image_function_at(image, b.address);
		b.why = "no symbol covers it, so that nobody knows where instructions start";
		struct err *e = function ? check_function(image, function, &b, arena) : NULL;
		if (e)
			return e;
	}
	*ret_ok = b.ok;
	*ret_instruction = b.instruction;
	*ret_why = b.ok ? NULL : b.why;
	return NULL;
}

/* --- places that the file vouches for -------------------------------------------------------- */

enum verdict {
	VERDICT_NONE,
	VERDICT_START,
	VERDICT_INSIDE,
};

/* Straight on from an instruction's start; what cannot be decoded is no evidence. */
static enum verdict sweep(const struct decoder *decoder, const struct code_part *text,
			  uint64_t address)
{
	size_t at = 0, wanted = address - text->address;
	struct decoded insn;
	while (at < wanted) {
		if (!decode(decoder, text->bytes + at, text->size - at, text->address + at, &insn))
			return VERDICT_NONE;
		at += insn.length;
	}
	return at == wanted ? VERDICT_START : VERDICT_INSIDE;
}

static struct err *judge_by_tables(struct image *image, uint64_t address, uint64_t offset,
				   const struct decoder *decoder, enum verdict *ret)
{
	uint64_t start;
	if (!image_frame_row(image, address, &start) || address - start > WALK_BYTES_MAX)
		return NULL;
	size_t size = address - start + ENTRY_BYTES;
	while (size && !image_is_text(image, offset - (address - start), size))
		size--;
	_cleanup_free_ uint8_t *bytes = malloc(size + 1);
	if (!bytes)
		return &err_nomem;
	struct err *e = image_read(image, offset - (address - start), bytes, size);
	const struct code_part text = {.bytes = bytes, .address = start, .size = size};
	if (!e)
		*ret = sweep(decoder, &text, address);
	return e;
}

static struct err *judge_by_flow(struct image *image, const struct function *function,
				 uint64_t address, const struct decoder *decoder,
				 struct arena *arena, enum verdict *ret)
{
	_cleanup_(parts_deinit) struct parts parts = {.image = image, .function = function};
	struct code_request request;
	const struct code_file file = code_file_of(image);
	request_init(&request, &file, &parts);
	struct walk walk = code_walk(&request, decoder, arena);
	struct err *e = walk_run(&walk);
	if (walk_is_boundary(&walk, address))
		*ret = VERDICT_START;
	else if (walk_is_inside(&walk, address))
		*ret = VERDICT_INSIDE;
	walk_deinit(&walk);
	return e;
}

struct err *code_contradicts(struct image *image, uint64_t offset, struct arena *arena,
			     bool *ret_inside)
{
	enum verdict verdict = VERDICT_NONE;
	struct decoder decoder;
	uint64_t address;
	*ret_inside = false;
	if (!decoder_init(&decoder, image_machine(image)) || !image_is_text(image, offset, 1) ||
	    !image_address_of(image, offset, &address))
		return NULL;
	struct err *e = judge_by_tables(image, address, offset, &decoder, &verdict);
	const struct function *function = e || verdict ? NULL : image_function_at(image, address);
	if (function)
		e = judge_by_flow(image, function, address, &decoder, arena, &verdict);
	*ret_inside = verdict == VERDICT_INSIDE;
	return e;
}
