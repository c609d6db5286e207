/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/probe_spec.h — a spec as one line of text, so that tables can say all of it. */
#ifndef UTRAIL_TESTS_PROBE_SPEC_H
#define UTRAIL_TESTS_PROBE_SPEC_H

#include "tests/unit/unit.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/array.h"
#include "probe/condition.h"
#include "probe/spec.h"

struct spelling {
	const char *text;
	/*
	 * For each spec, joined by " | ":
	 *	[!][?]KIND[ bare][ pid=N][ module=M][ provider=P] NAME[+0xOFFSET][ (TYPES)][ ->
	 *TYPE] NAME: 'exact', glob:G, regex:R, 0xADDRESS, line:FILE:N, class:C. TYPE:
	 *[out-]kind/size[#length argument]<as written>[ parameter name].
	 */
	const char *expected;
};

static inline void describe_type(FILE *out, const struct type *type)
{
	static const char *const kinds[] = {
		[TYPE_UNKNOWN] = "unknown", [TYPE_VOID] = "void",   [TYPE_INT] = "int",
		[TYPE_UINT] = "uint",	    [TYPE_HEX] = "hex",	    [TYPE_OCTAL] = "octal",
		[TYPE_BOOL] = "bool",	    [TYPE_CHAR] = "char",   [TYPE_FLOAT] = "float",
		[TYPE_ENUM] = "enum",	    [TYPE_FLAGS] = "flags", [TYPE_POINTER] = "pointer",
		[TYPE_STRING] = "string",   [TYPE_BYTES] = "bytes", [TYPE_STRUCT] = "struct",
		[TYPE_ARRAY] = "array",	    [TYPE_ERRNO] = "errno", [TYPE_FD] = "fd"};
	fprintf(out, "%s%s/%u", type->is_out ? "out-" : "", kinds[type->kind], type->size);
	if (type->length_arg)
		fprintf(out, "#%d", type->length_arg);
	fprintf(out, "<%s>", type->name);
	if (type->target) {
		fputs("=>", out);
		describe_type(out, type->target);
	}
}

static inline void describe_types(FILE *out, const struct spec *spec)
{
	const struct prototype *types = &spec->types;
	if (spec->has_types) {
		fputs(" (", out);
		for (uint32_t i = 0; i < types->n_parameters; i++) {
			fputs(i ? ", " : "", out);
			describe_type(out, types->parameters[i].type);
			if (*types->parameters[i].name)
				fprintf(out, " %s", types->parameters[i].name);
		}
		fputs(types->variadic ? types->n_parameters ? ", ...)" : "...)" : ")", out);
	}
	if (types->result) {
		fputs(" -> ", out);
		describe_type(out, types->result);
	}
}

static inline void describe_name(FILE *out, const struct spec *spec)
{
	switch (spec->name_kind) {
	case SPEC_NAME_EXACT:
		fprintf(out, " '%s'", spec->name);
		break;
	case SPEC_NAME_GLOB:
		fprintf(out, " glob:%s", spec->name);
		break;
	case SPEC_NAME_REGEX:
		fprintf(out, " regex:%s", spec->name);
		break;
	case SPEC_NAME_ADDRESS:
		fprintf(out, " 0x%" PRIx64, spec->address);
		break;
	case SPEC_NAME_LINE:
		fprintf(out, " line:%s:%u", spec->name, spec->line);
		break;
	case SPEC_NAME_CLASS:
		fprintf(out, " class:%s", spec->name);
		break;
	}
	if (spec->offset)
		fprintf(out, "+0x%" PRIx64, spec->offset);
}

/* Free the result. */
static inline char *describe(const struct spec_list *list)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	for (size_t i = 0; i < list->count; i++) {
		const struct spec *spec = &list->items[i];
		fprintf(out, "%s%s%s%s%s", i ? " | " : "", spec->negated ? "!" : "",
			spec->optional ? "?" : "", probe_kind_name(spec->kind),
			spec->kind_given ? "" : " bare");
		if (spec->pid)
			fprintf(out, " pid=%d", spec->pid);
		if (spec->module)
			fprintf(out, " module=%s", spec->module);
		if (spec->provider)
			fprintf(out, " provider=%s", spec->provider);
		describe_name(out, spec);
		describe_types(out, spec);
		if (spec->condition) {
			struct arena arena = {0};
			fprintf(out, " if=%s", condition_text(spec->condition, &arena));
			arena_deinit(&arena);
		}
	}
	fclose(out);
	return text;
}

static inline void check_spellings(const struct spelling *rows, size_t count)
{
	size_t wrong = 0;
	for (size_t i = 0; i < count; i++) {
		struct spec_list list = {0};
		struct err *e = spec_parse(rows[i].text, &list);
		char *got = e ? err_text(e, "error") : describe(&list);
		if (e || strcmp(got, rows[i].expected) != 0) {
			print_error("spec:   %s\nwanted: %s\ngot:    %s\n\n", rows[i].text,
				    rows[i].expected, got);
			wrong++;
		}
		free(got);
		err_free(e);
		spec_list_deinit(&list);
	}
	assert_int_equal(wrong, 0);
}

#endif
