/* SPDX-License-Identifier: Apache-2.0 */
/* A function or a marker as lines of text. */
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/list/list.h"
#include "output/escape.h"
#include "usdt/usdt.h"

static void put_name(FILE *out, const char *text)
{
	escape_print(out, text, "");
}

static void put_prototype(FILE *out, const struct prototype *prototype)
{
	putc('(', out);
	for (uint32_t i = 0; i < prototype->n_parameters; i++) {
		const struct parameter *p = &prototype->parameters[i];
		fputs(i ? ", " : "", out);
		put_name(out, p->type->name);
		if (*p->name && p->type->name[strlen(p->type->name) - 1] != '*')
			putc(' ', out);
		put_name(out, p->name);
	}
	if (prototype->variadic)
		fputs(prototype->n_parameters ? ", ..." : "...", out);
	fputs(") -> ", out);
	put_name(out, prototype->result->name);
}

static void put_line(FILE *out, const char *file, unsigned int line)
{
	if (!file)
		return;
	fputs("  ", out);
	put_name(out, file);
	fprintf(out, ":%u", line);
}

/* What it costs to probe it, or why it is not done. */
static void put_entry(FILE *out, const struct shown_function *shown)
{
	if (shown->refused) {
		fputs(", not probed: ", out);
		put_name(out, shown->refused);
	} else if (shown->entry) {
		fprintf(out, ", entry %s", shown->entry);
		fputs(shown->instruction ? ": " : "", out);
		put_name(out, shown->instruction ? shown->instruction : "");
	}
}

static void put_sources(FILE *out, const struct shown_function *shown)
{
	uint8_t tables = shown->function->tables & ~FUNCTION_UNTYPED;
	fputs("    symbol: ", out);
	fputs(tables & FUNCTION_DYNSYM ? ".dynsym" : "", out);
	fputs(tables == (FUNCTION_DYNSYM | FUNCTION_SYMTAB) ? ", " : "", out);
	if (tables & FUNCTION_SYMTAB) {
		fputs(".symtab of ", out);
		put_name(out, shown->symtab ? shown->symtab : "?");
	}
	fputs(tables & FUNCTION_GO ? ".gopclntab" : "", out);
	fputs("; types: ", out);
	put_name(out, shown->prototype ? shown->prototype->source : "not known");
	if (shown->debug) {
		fputs("; debug information: ", out);
		put_name(out, shown->debug);
	}
	putc('\n', out);
}

static void put_details(FILE *out, const struct shown_function *shown)
{
	const struct function *function = shown->function;
	const char *binding = function->binding == STB_LOCAL  ? "local"
			      : function->binding == STB_WEAK ? "weak"
							      : "global";
	fprintf(out, "    0x%" PRIx64 ", %" PRIu64 " bytes, %s", function->offset, function->size,
		binding);
	put_entry(out, shown);
	putc('\n', out);
	if (shown->with_sources)
		put_sources(out, shown);
}

static void put_copies(FILE *out, const struct shown_function *shown)
{
	for (size_t i = 0; i < shown->n_copies; i++) {
		const struct inlined_copy *copy = &shown->copies[i];
		fprintf(out, "    inlined at 0x%" PRIx64 " in ", copy->offset);
		put_name(out, copy->caller ? copy->caller : "?");
		put_line(out, copy->call_file, copy->call_line);
		putc('\n', out);
	}
}

void list_text_function(FILE *out, const char *module, const struct shown_function *shown)
{
	put_name(out, module);
	putc(':', out);
	put_name(out, shown->name);
	if (shown->prototype)
		put_prototype(out, shown->prototype);
	put_line(out, shown->file, shown->line);
	fputs(shown->function ? "\n" : "  <inlined everywhere>\n", out);
	if (shown->function && shown->with_sources)
		put_details(out, shown);
	put_copies(out, shown);
}

void list_text_marker(const struct listing *listing, const char *module,
		      const struct shown_marker *marker)
{
	FILE *out = listing->out->file;
	fputs("usdt:", out);
	put_name(out, module);
	putc(':', out);
	put_name(out, marker->first->provider);
	putc(':', out);
	put_name(out, marker->first->name);
	if (marker->notes.count > 1)
		fprintf(out, "  %zu sites", marker->notes.count);
	putc('\n', out);
	for (size_t i = 0; listing->options->verbose && i < marker->notes.count; i++) {
		fprintf(out, "    0x%" PRIx64 "  ", marker->notes.items[i]->offset);
		put_name(out, marker->notes.items[i]->operands);
		if (marker->notes.items[i]->refused)
			fprintf(out, "  <refused: %s>", marker->notes.items[i]->refused);
		putc('\n', out);
	}
}
