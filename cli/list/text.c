/* SPDX-License-Identifier: Apache-2.0 */
/* A function or a marker as lines of text. */
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/list/list.h"
#include "output/escape.h"
#include "usdt/usdt.h"

static void put_name(const char *text)
{
	escape_print(stdout, text, "");
}

static void put_prototype(const struct prototype *prototype)
{
	putchar('(');
	for (uint32_t i = 0; i < prototype->n_parameters; i++) {
		const struct parameter *p = &prototype->parameters[i];
		fputs(i ? ", " : "", stdout);
		put_name(p->type->name);
		if (*p->name && p->type->name[strlen(p->type->name) - 1] != '*')
			putchar(' ');
		put_name(p->name);
	}
	if (prototype->variadic)
		fputs(prototype->n_parameters ? ", ..." : "...", stdout);
	fputs(") -> ", stdout);
	put_name(prototype->result->name);
}

static void put_line(const char *file, unsigned int line)
{
	if (!file)
		return;
	fputs("  ", stdout);
	put_name(file);
	printf(":%u", line);
}

/* What it costs to probe it, or why it is not done. */
static void put_entry(const struct shown_function *shown)
{
	if (shown->refused) {
		fputs(", not probed: ", stdout);
		put_name(shown->refused);
	} else if (shown->entry) {
		printf(", entry %s", shown->entry);
		fputs(shown->instruction ? ": " : "", stdout);
		put_name(shown->instruction ? shown->instruction : "");
	}
}

static void put_sources(const struct shown_function *shown)
{
	uint8_t tables = shown->function->tables;
	fputs("    symbol: ", stdout);
	fputs(tables & FUNCTION_DYNSYM ? ".dynsym" : "", stdout);
	fputs(tables == (FUNCTION_DYNSYM | FUNCTION_SYMTAB) ? ", " : "", stdout);
	if (tables & FUNCTION_SYMTAB) {
		fputs(".symtab of ", stdout);
		put_name(shown->symtab ? shown->symtab : "?");
	}
	fputs(tables & FUNCTION_GO ? ".gopclntab" : "", stdout);
	fputs("; types: ", stdout);
	put_name(shown->prototype ? shown->prototype->source : "not known");
	if (shown->debug) {
		fputs("; debug information: ", stdout);
		put_name(shown->debug);
	}
	putchar('\n');
}

static void put_details(const struct shown_function *shown)
{
	const struct function *function = shown->function;
	const char *binding = function->binding == STB_LOCAL  ? "local"
			      : function->binding == STB_WEAK ? "weak"
							      : "global";
	printf("    0x%" PRIx64 ", %" PRIu64 " bytes, %s", function->offset, function->size,
	       binding);
	put_entry(shown);
	putchar('\n');
	if (shown->with_sources)
		put_sources(shown);
}

static void put_copies(const struct shown_function *shown)
{
	for (size_t i = 0; i < shown->n_copies; i++) {
		const struct inlined_copy *copy = &shown->copies[i];
		printf("    inlined at 0x%" PRIx64 " in ", copy->offset);
		put_name(copy->caller ? copy->caller : "?");
		put_line(copy->call_file, copy->call_line);
		putchar('\n');
	}
}

void list_text_function(const char *module, const struct shown_function *shown)
{
	put_name(module);
	putchar(':');
	put_name(shown->name);
	if (shown->prototype)
		put_prototype(shown->prototype);
	put_line(shown->file, shown->line);
	fputs(shown->function ? "\n" : "  <inlined everywhere>\n", stdout);
	if (shown->function && shown->with_sources)
		put_details(shown);
	put_copies(shown);
}

void list_text_marker(const struct listing *listing, const char *module,
		      const struct shown_marker *marker)
{
	fputs("usdt:", stdout);
	put_name(module);
	putchar(':');
	put_name(marker->first->provider);
	putchar(':');
	put_name(marker->first->name);
	if (marker->notes.count > 1)
		printf("  %zu sites", marker->notes.count);
	putchar('\n');
	for (size_t i = 0; listing->options->verbose && i < marker->notes.count; i++) {
		printf("    0x%" PRIx64 "  ", marker->notes.items[i]->offset);
		put_name(marker->notes.items[i]->operands);
		if (marker->notes.items[i]->refused)
			printf("  <refused: %s>", marker->notes.items[i]->refused);
		putchar('\n');
	}
}
