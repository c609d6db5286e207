/* SPDX-License-Identifier: Apache-2.0 */
/* A function or a marker as one JSON object. */
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/list/list.h"
#include "common/cleanup.h"
#include "usdt/usdt.h"

static struct err *put_json(FILE *out, json_t *object)
{
	if (!object)
		return &err_nomem;
	/* Whether it was written is asked at the end: see list_is_unread(). */
	json_dumpf(object, out, JSON_COMPACT);
	json_decref(object);
	putc('\n', out);
	return NULL;
}

static json_t *json_hex(uint64_t value)
{
	char text[32];
	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return json_string(text);
}

/* Names come from the file: what is no UTF-8 is not shown as such. */
static json_t *json_name(const char *text)
{
	json_t *string = json_string(text);
	if (string)
		return string;
	_cleanup_free_ char *copy = strdup(text);
	for (char *c = copy; c && *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	return copy ? json_string(copy) : NULL;
}

static const char *binding_name(const struct function *function)
{
	switch (function->binding) {
	case STB_LOCAL:
		return "local";
	case STB_WEAK:
		return "weak";
	default:
		return "global";
	}
}

static json_t *json_parameters(const struct prototype *prototype)
{
	json_t *params = json_array();
	for (uint32_t i = 0; params && i < prototype->n_parameters; i++) {
		const struct parameter *p = &prototype->parameters[i];
		json_array_append_new(params, json_pack("{s:o*, s:o*}", "name", json_name(p->name),
							"type", json_name(p->type->name)));
	}
	return params;
}

static json_t *json_copies(const struct shown_function *shown)
{
	json_t *copies = json_array();
	for (size_t i = 0; copies && i < shown->n_copies; i++) {
		const struct inlined_copy *copy = &shown->copies[i];
		json_t *object = json_pack("{s:o*}", "offset", json_hex(copy->offset));
		if (object && copy->caller)
			json_object_set_new(object, "in", json_name(copy->caller));
		if (object && copy->call_file) {
			json_object_set_new(object, "file", json_name(copy->call_file));
			json_object_set_new(object, "line", json_integer(copy->call_line));
		}
		json_array_append_new(copies, object);
	}
	return copies;
}

static json_t *json_sources(const struct shown_function *shown)
{
	json_t *sources = json_object(), *tables = json_array();
	uint8_t bits = shown->function ? shown->function->tables : 0;
	if (bits & FUNCTION_DYNSYM)
		json_array_append_new(tables, json_string(".dynsym"));
	if (bits & FUNCTION_SYMTAB)
		json_array_append_new(tables, json_string(".symtab"));
	if (bits & FUNCTION_GO)
		json_array_append_new(tables, json_string(".gopclntab"));
	if (bits)
		json_object_set(sources, "symbol", tables);
	json_decref(tables);
	if (bits & FUNCTION_SYMTAB && shown->symtab)
		json_object_set_new(sources, "symtab", json_name(shown->symtab));
	if (shown->prototype)
		json_object_set_new(sources, "types", json_string(shown->prototype->source));
	if (shown->debug)
		json_object_set_new(sources, "debug", json_name(shown->debug));
	return sources;
}

static void set_symbol(json_t *object, const struct function *function)
{
	json_object_set_new(object, "symbol", json_name(function->symbol));
	json_object_set_new(object, "offset", json_hex(function->offset));
	json_object_set_new(object, "size", json_integer((json_int_t)function->size));
	json_object_set_new(object, "binding", json_string(binding_name(function)));
}

struct err *list_json_function(FILE *out, const char *module, const struct shown_function *shown)
{
	json_t *object = json_pack("{s:s, s:o*, s:o*}", "type", "function", "module",
				   json_name(module), "name", json_name(shown->name));
	if (!object)
		return &err_nomem;
	if (shown->function)
		set_symbol(object, shown->function);
	if (shown->file) {
		json_object_set_new(object, "file", json_name(shown->file));
		json_object_set_new(object, "line", json_integer(shown->line));
	}
	if (shown->prototype) {
		json_object_set_new(object, "params", json_parameters(shown->prototype));
		if (shown->prototype->variadic)
			json_object_set_new(object, "variadic", json_true());
		json_object_set_new(object, "return", json_name(shown->prototype->result->name));
	}
	if (shown->entry)
		json_object_set_new(object, "entry", json_string(shown->entry));
	if (shown->refused)
		json_object_set_new(object, "refused", json_name(shown->refused));
	if (shown->n_copies)
		json_object_set_new(object, "inlined", json_copies(shown));
	if (shown->with_sources)
		json_object_set_new(object, "sources", json_sources(shown));
	return put_json(out, object);
}

/* {"arg2": "in xmm0"}: the arguments that cannot be read at this site, and why; NULL: all can. */
static json_t *json_unavailable(const struct usdt_operand *operands, size_t count)
{
	json_t *object = NULL;
	for (size_t i = 0; i < count; i++) {
		char name[24];
		if (!operands[i].source.unavailable)
			continue;
		snprintf(name, sizeof(name), "arg%zu", i + 1);
		object = object ? object : json_object();
		json_object_set_new(object, name, json_name(operands[i].source.unavailable));
	}
	return object;
}

static struct err *json_site(struct listing *listing, struct image *image,
			     const struct usdt_note *note, json_t *sites)
{
	struct usdt_operands operands;
	struct err *e = usdt_operands_of(image, &note, 1, &listing->arena, &operands);
	if (e)
		return e;
	json_t *site = json_pack("{s:o*, s:o*}", "offset", json_hex(note->offset), "args",
				 json_name(note->operands));
	if (note->semaphore_offset)
		json_object_set_new(site, "semaphore", json_hex(note->semaphore_offset));
	if (note->refused)
		json_object_set_new(site, "refused", json_string(note->refused));
	json_t *unavailable = json_unavailable(operands.items, operands.count);
	if (unavailable)
		json_object_set_new(site, "unavailable", unavailable);
	return json_array_append_new(sites, site) == 0 ? NULL : &err_nomem;
}

/* Types of a marker's arguments at its first site. */
static struct err *json_types(struct listing *listing, struct image *image,
			      const struct usdt_note *note, json_t *types)
{
	struct usdt_operands operands = {0};
	struct err *e = usdt_operands_of(image, &note, 1, &listing->arena, &operands);
	for (size_t i = 0; !e && i < operands.count; i++) {
		char type[32];
		snprintf(type, sizeof(type), "%s%d",
			 operands.items[i].is_float    ? "f"
			 : operands.items[i].is_signed ? "s"
						       : "u",
			 operands.items[i].size * 8);
		json_array_append_new(types, json_string(type));
	}
	return e;
}

struct err *list_json_marker(struct listing *listing, struct image *image, const char *module,
			     const struct shown_marker *marker)
{
	json_t *sites = json_array(), *types = json_array();
	struct err *e = json_types(listing, image, marker->first, types);
	bool semaphore = false;
	for (size_t i = 0; !e && i < marker->notes.count; i++) {
		semaphore |= marker->notes.items[i]->semaphore_offset != 0;
		e = json_site(listing, image, marker->notes.items[i], sites);
	}
	json_t *object =
		json_pack("{s:s, s:o*, s:o*, s:o*, s:b, s:o, s:o}", "type", "usdt", "module",
			  json_name(module), "provider", json_name(marker->first->provider), "name",
			  json_name(marker->first->name), "semaphore", semaphore, "args", types,
			  "sites", sites);
	if (e) {
		json_decref(object);
		return e;
	}
	return put_json(listing->out->file, object);
}
