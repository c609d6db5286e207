/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C++ and Rust names, by libiberty: without parameters, so that "ns::f" is what people write and
 * see, and with the suffix of a compiler's clone kept ("ns::f.cold"), so that a part of a function
 * is not taken for the function.
 */
#include <libiberty/demangle.h>
#include <setjmp.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbols/child/remote.h"
#include "symbols/image.h"

/*
 * Substitutions let 200 bytes of mangled name stand for terabytes of text, and libiberty's callback
 * cannot say "enough"; it keeps its state on the stack, so jumping out of it is safe.
 */
#define LENGTH_MAX 16384

struct output {
	jmp_buf too_long;
	size_t length;
	char *text; /* of LENGTH_MAX bytes */
};

static void collect(const char *text, size_t length, void *to)
{
	struct output *output = to;
	if (length >= LENGTH_MAX - output->length)
		longjmp(output->too_long, 1);
	memcpy(output->text + output->length, text, length);
	output->length += length;
	output->text[output->length] = '\0';
}

static bool run(int (*demangler)(const char *, int, demangle_callbackref, void *),
		const char *symbol, struct output *output)
{
	output->length = 0;
	if (setjmp(output->too_long))
		return false;
	return demangler(symbol, DMGL_ANSI | DMGL_RET_DROP, collect, output) && output->length;
}

/* Legacy Rust names are C++ names that end in a hash ("17h" and 16 digits). The Rust demangler
 * refuses all others, but takes a tenth of the time of a list to do so. */
static bool may_be_rust(const char *symbol)
{
	return symbol[1] == 'R' || strstr(symbol, "17h");
}

/* Without the clone's suffix, which begins at `dot`. */
static bool demangle_cplus(const char *symbol, const char *dot, struct output *output)
{
	char bare[LENGTH_MAX];
	size_t length = (size_t)(dot - symbol);
	if (length >= sizeof(bare))
		return false;
	memcpy(bare, symbol, length);
	bare[length] = '\0';
	return run(cplus_demangle_v3_callback, bare, output);
}

static bool is_mangled(const char *symbol)
{
	return symbol[0] == '_' && (symbol[1] == 'Z' || symbol[1] == 'R');
}

/*
 * What follows is ".cold", ".constprop.0", ".part.1": what compilers append to the symbol of a
 * clone. Legacy Rust names have dots of their own, and LLVM's ".llvm.N" only makes a symbol unique.
 */
size_t demangle_to(const char *symbol, char to[DEMANGLE_ONCE_MAX])
{
	struct output output = {.text = to};
	if (!is_mangled(symbol))
		return 0;
	const char *suffix = strchrnul(symbol, '.');
	if (may_be_rust(symbol) && run(rust_demangle_callback, symbol, &output))
		suffix = symbol[1] == 'Z' ? "" : suffix;
	else if (!(*suffix ? demangle_cplus(symbol, suffix, &output)
			   : run(cplus_demangle_v3_callback, symbol, &output)))
		return 0;
	if (!*suffix || strncmp(suffix, ".llvm.", 6) == 0)
		return output.length;
	size_t length = strlen(suffix);
	if (output.length + length >= DEMANGLE_ONCE_MAX)
		return 0;
	memcpy(to + output.length, suffix, length + 1);
	return output.length + length;
}

const char *demangle_once(struct image *image, const char *symbol, char buffer[DEMANGLE_ONCE_MAX])
{
	if (image && image->remote)
		return image_demangle(image, symbol);
	return demangle_to(symbol, buffer) ? buffer : symbol;
}

char *image_demangle_whole(struct image *image, const char *symbol)
{
	if (image && image->remote)
		return remote_demangle_whole(image, symbol);
	char text[LENGTH_MAX];
	struct output output = {.text = text};
	_cleanup_free_ char *bare = strndup(symbol, strcspn(symbol, "."));
	if (!bare || strncmp(bare, "_Z", 2) != 0 || setjmp(output.too_long))
		return NULL;
	int ok = cplus_demangle_v3_callback(bare, DMGL_ANSI | DMGL_PARAMS | DMGL_RET_DROP, collect,
					    &output);
	return ok && output.length ? strdup(output.text) : NULL;
}

const char *image_demangle(struct image *image, const char *symbol)
{
	if (!is_mangled(symbol))
		return symbol;
	const char *known = image->remote ? remote_function_name(image, symbol) : NULL;
	if (known)
		return known;
	size_t length = strlen(symbol);
	const uint64_t *cached = name_map_find(&image->demangled, symbol, length);
	if (cached)
		return (const char *)(uintptr_t)*cached;
	/* The map keeps its key; the caller's string may not live that long. */
	const char *key = arena_substring(&image->arena, symbol, length);
	if (!key)
		return symbol;
	if (image->remote)
		return remote_demangle(image, key);
	char buffer[DEMANGLE_ONCE_MAX];
	const char *name = demangle_to(key, buffer) ? arena_string(&image->arena, buffer) : key;
	name = name ?: key;
	name_map_add(&image->demangled, key, length, (uint64_t)(uintptr_t)name);
	return name;
}
