/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/clone.h"

#include <string.h>

#include "common/array.h"

static const char constprop[] = ".constprop.";
static const char isra[] = ".isra.";
static const char part[] = ".part.";

static bool has_mark(const char *symbol, const char *mark)
{
	const char *dot = strchr(symbol, '.');
	return dot && strstr(dot, mark);
}

bool clone_is_changed(const char *symbol)
{
	return has_mark(symbol, constprop) || has_mark(symbol, isra) || has_mark(symbol, part);
}

bool clone_may_drop_result(const char *symbol)
{
	return has_mark(symbol, isra) || has_mark(symbol, part);
}

const char *clone_cold_mark(const char *symbol)
{
	static const char cold[] = ".cold";
	const char *mark = strstr(symbol, cold);
	if (!mark || mark == symbol)
		return NULL;
	char behind = mark[strlen(cold)];
	return behind == '\0' || behind == '.' ? mark : NULL;
}

bool clone_is_cold(const char *symbol)
{
	return clone_cold_mark(symbol) != NULL;
}

/*
 * Past a mark of a copy and its number; NULL: there is none. A number alone ("f.1") is none where
 * names have dots of their own: Go's init.0 and func1.1 are functions of their own.
 */
static const char *skip_copy(const char *at, bool has_dots)
{
	static const char *const marks[] = {
		constprop, isra, ".lto_priv.", ".llvm.", ".__uniq.", ".specialized.", "."};
	for (size_t i = 0; i < array_size(marks); i++) {
		size_t length = strlen(marks[i]);
		if (has_dots && length == 1)
			break;
		size_t digits =
			strncmp(at, marks[i], length) != 0 ? 0 : strspn(at + length, "0123456789");
		if (digits)
			return at + length + digits;
	}
	return NULL;
}

bool clone_is_copy_of(const char *name, const char *original)
{
	size_t length = strlen(original);
	if (strncmp(name, original, length) != 0 || name[length] != '.')
		return false;
	const char *at = name + length;
	bool has_dots = strchr(original, '.');
	while (at && *at)
		at = skip_copy(at, has_dots);
	return at;
}
