/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/symbols_readelf.h — binutils' readelf as the judge of what a file contains. */
#ifndef UTRAIL_TESTS_SYMBOLS_READELF_H
#define UTRAIL_TESTS_SYMBOLS_READELF_H

#include <inttypes.h>
#include <stdio.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "tests/unit/unit.h"

struct readelf_symbol {
	char *name; /* without @VERSION */
	unsigned long long address, size;
	bool function, ifunc, is_object, defined, thread_local;
	char binding[16];
};

struct readelf_symbols {
	struct readelf_symbol *items;
	size_t count, capacity;
};

static inline FILE *readelf_run(const char *options, const char *path)
{
	char command[4200];
	snprintf(command, sizeof(command), "LC_ALL=C readelf %s '%s' 2>/dev/null", options, path);
	FILE *out = popen(command, "r");
	assert_non_null(out);
	return out;
}

/* "  12: 0000000000001139   43 FUNC    GLOBAL DEFAULT   14 main@@V1 (2)" */
static inline void readelf_add_line(struct readelf_symbols *symbols, const char *line)
{
	char type[16], binding[16], visibility[16], section[16], name[8192] = "", size_text[32];
	unsigned long long address;
	if (sscanf(line, " %*d: %llx %31s %15s %15s %15s %15s %8191s", &address, size_text, type,
		   binding, visibility, section, name) < 7)
		return;
	struct readelf_symbol *symbol = array_push(symbols);
	assert_non_null(symbol);
	name[strcspn(name, "@")] = '\0';
	symbol->name = strdup(name);
	symbol->address = address;
	symbol->size = strtoull(size_text, NULL, 0);
	symbol->ifunc = !strcmp(type, "IFUNC");
	symbol->function = symbol->ifunc || !strcmp(type, "FUNC");
	symbol->is_object = !strcmp(type, "OBJECT");
	symbol->thread_local = !strcmp(type, "TLS");
	symbol->defined = strcmp(section, "UND") != 0;
	snprintf(symbol->binding, sizeof(symbol->binding), "%s", binding);
}

static inline void readelf_symbols(const char *path, const char *options,
				   struct readelf_symbols *symbols)
{
	char *line = NULL;
	size_t capacity = 0;
	FILE *out = readelf_run(options, path);
	while (getline(&line, &capacity, out) > 0)
		readelf_add_line(symbols, line);
	free(line);
	assert_int_equal(pclose(out), 0);
}

static inline void readelf_free(struct readelf_symbols *symbols)
{
	for (size_t i = 0; i < symbols->count; i++)
		free(symbols->items[i].name);
	free(symbols->items);
}

/* A function, or a part of one, that the unwind tables describe. */
struct readelf_frame {
	uint64_t start, end;
};

struct readelf_frames {
	struct readelf_frame *items;
	size_t count, capacity;
};

/* "00000018 ... FDE cie=00000000 pc=0000000000001050..0000000000001072" */
static inline void readelf_add_frame(struct readelf_frames *frames, const char *line)
{
	const char *pc = strstr(line, " FDE ") ? strstr(line, " pc=") : NULL;
	uint64_t start, end;
	if (!pc || sscanf(pc, " pc=%" SCNx64 "..%" SCNx64, &start, &end) != 2)
		return;
	struct readelf_frame *frame = array_push(frames);
	assert_non_null(frame);
	frame->start = start;
	frame->end = end;
}

/* frames->items is the caller's to free. */
static inline void readelf_frames(const char *path, struct readelf_frames *frames)
{
	char line[512];
	FILE *out = readelf_run("--debug-dump=frames", path);
	while (fgets(line, sizeof(line), out))
		readelf_add_frame(frames, line);
	assert_int_equal(pclose(out), 0);
}

/* The text behind `label` on the first line that has it, up to any of `ends`; false: no such. */
static inline bool readelf_field(const char *options, const char *path, const char *label,
				 const char *ends, char *ret, size_t size)
{
	char line[4096];
	bool found = false;
	FILE *out = readelf_run(options, path);
	while (fgets(line, sizeof(line), out)) {
		const char *at = found ? NULL : strstr(line, label);
		if (!at)
			continue;
		at += strlen(label);
		snprintf(ret, size, "%.*s", (int)strcspn(at, ends), at);
		found = true;
	}
	pclose(out);
	return found;
}

#endif
