/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stacks/kernel_names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/array.h"
#include "common/cleanup.h"

/* No function of the kernel is as large. */
#define FUNCTION_MAX (1u << 20)
/* The first lines may be symbols of each CPU, at addresses from 0 on. */
#define LOOKED_AT (64u << 10)

static const char kernel_itself[] = "[kernel]";

struct kernel_symbol {
	uint64_t address;
	size_t order; /* in the file: of several names the first counts */
	const char *name, *module;
	struct code_place *place; /* made when first needed */
};

struct kernel_names {
	struct arena arena;
	ARRAY_OF(struct kernel_symbol) symbols;
	const char *module; /* of the last symbol of a module */
	int fd;		    /* -1: read, or hidden */
};

/* --- reading ---------------------------------------------------------------------------------- */

/* Does any symbol in the first lines have an address? */
static bool tells_addresses(int fd)
{
	_cleanup_free_ char *text = malloc(LOOKED_AT + 1);
	ssize_t size = text ? read(fd, text, LOOKED_AT) : -1;
	if (size <= 0 || lseek(fd, 0, SEEK_SET) != 0)
		return false;
	text[size] = '\0';
	for (char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strtoull(line, NULL, 16) != 0)
			return true;
	}
	return false;
}

static struct err *hidden(const char *path, int errnum)
{
	struct err *e = err_new(ERR_FAILED, errnum, "-k: functions of the kernel have no names");
	if (!errnum)
		e = err_why(e, "%s hides its addresses", path);
	return err_hint(e, "sysctl kernel.kptr_restrict=1 (0, 1 or 2 as it was), and run as root");
}

struct err *kernel_names_open(const char *path, struct kernel_names **ret, struct err **ret_unnamed)
{
	struct kernel_names *names = calloc(1, sizeof(*names));
	if (!names)
		return &err_nomem;
	names->fd = open(path, O_RDONLY | O_CLOEXEC);
	*ret_unnamed = names->fd < 0		     ? hidden(path, errno)
		       : !tells_addresses(names->fd) ? hidden(path, 0)
						     : NULL;
	if (*ret_unnamed)
		closep(&names->fd);
	*ret = names;
	return NULL;
}

void kernel_names_close(struct kernel_names *names)
{
	if (!names)
		return;
	closep(&names->fd);
	free(names->symbols.items);
	arena_deinit(&names->arena);
	free(names);
}

/* Those of a module stand together. */
static const char *module_of(struct kernel_names *names, const char *rest)
{
	const char *name = strchr(rest, '[');
	if (!name)
		return kernel_itself;
	size_t length = strcspn(name, "\n");
	if (!names->module || strlen(names->module) != length ||
	    memcmp(names->module, name, length) != 0)
		names->module = arena_substring(&names->arena, name, length);
	return names->module;
}

/* "ffffffff81234560 T vfs_read", then "\t[ext4]" of a module. False: out of memory. */
static bool take_line(struct kernel_names *names, const char *line)
{
	char *end;
	uint64_t address = strtoull(line, &end, 16);
	if (end == line || *end != ' ' || !strchr("tTwW", end[1]) || end[2] != ' ' || !address)
		return true;
	size_t length = strcspn(end + 3, "\t\n ");
	struct kernel_symbol *symbol = array_push(&names->symbols);
	if (!symbol)
		return false;
	*symbol = (struct kernel_symbol){
		.address = address,
		.order = names->symbols.count,
		.name = arena_substring(&names->arena, end + 3, length),
		.module = module_of(names, end + 3 + length),
	};
	return symbol->name && symbol->module;
}

static int by_address(const void *left, const void *right)
{
	const struct kernel_symbol *a = left, *b = right;
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

/* What did not fit into memory has no name. */
static void read_all(struct kernel_names *names)
{
	_cleanup_fclose_ FILE *file = fdopen(names->fd, "r");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	if (!file)
		return closep(&names->fd);
	names->fd = -1;
	while (getline(&line, &size, file) > 0)
		if (!take_line(names, line))
			break;
	if (names->symbols.count)
		qsort(names->symbols.items, names->symbols.count, sizeof(*names->symbols.items),
		      by_address);
}

/* --- asking ----------------------------------------------------------------------------------- */

static struct kernel_symbol *find(struct kernel_names *names, uint64_t address)
{
	size_t low = array_count_first(names->symbols.count, i,
				       names->symbols.items[i].address <= address);
	if (!low)
		return NULL;
	uint64_t start = names->symbols.items[--low].address;
	while (low && names->symbols.items[low - 1].address == start)
		low--;
	return address - start < FUNCTION_MAX ? &names->symbols.items[low] : NULL;
}

/* Tracing's own: what stands between a place in the kernel and a program of ours. */
static bool is_of_tracing(const struct kernel_symbol *symbol)
{
	static const char *const beginnings[] = {
		"bpf_prog_",	 "bpf_trampoline_", "bpf_trace_run", "__bpf_trace_",
		"__traceiter_",	 "perf_trace_",	    "perf_syscall_", "trace_call_bpf",
		"bpf_get_stack", "__bpf_get_stack", "__do_trace_",
	};
	for (size_t i = 0; i < array_size(beginnings); i++)
		if (strncmp(symbol->name, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

static size_t count_of_tracing(struct kernel_names *names, const uint64_t *addresses, size_t count)
{
	size_t n = 0;
	for (size_t i = 0; names->symbols.count && i < count; i++) {
		const struct kernel_symbol *symbol = find(names, addresses[i]);
		if (symbol && !is_of_tracing(symbol))
			break;
		n = i + 1;
	}
	/* Nothing that has a name: then it is not known what these are. */
	return n < count ? n : 0;
}

static const struct code_place *place_of(struct kernel_names *names, struct kernel_symbol *symbol)
{
	if (!symbol->place) {
		symbol->place = arena_alloc(&names->arena, sizeof(*symbol->place));
		if (symbol->place)
			*symbol->place = (struct code_place){.start = symbol->address,
							     .own = {.symbol = symbol->name}};
	}
	return symbol->place;
}

/* Of the callers, what is known is the address behind the call, which may be the next function. */
static struct stack_frame frame_of(struct kernel_names *names, uint64_t address, bool is_first)
{
	struct kernel_symbol *symbol = names ? find(names, address - !is_first) : NULL;
	struct stack_frame frame = {.address = address,
				    .module = symbol ? symbol->module : kernel_itself};
	if (!symbol)
		return frame;
	frame.place = place_of(names, symbol);
	frame.place_offset = address - symbol->address;
	return frame;
}

struct stack *kernel_names_stack(struct kernel_names *names, const uint64_t *addresses,
				 size_t count, size_t depth, const char *cut)
{
	if (names && names->fd >= 0)
		read_all(names);
	size_t skipped = names ? count_of_tracing(names, addresses, count) : 0;
	size_t left = count - skipped;
	left = left < depth ? left : depth;
	struct stack *stack = calloc(1, sizeof(*stack) + left * sizeof(*stack->frames));
	if (!stack)
		return NULL;
	for (size_t i = 0; i < left; i++)
		stack->frames[stack->n_frames++] =
			frame_of(names, addresses[skipped + i], skipped + i == 0);
	stack->cut = cut ? strdup(cut) : NULL;
	return stack;
}
