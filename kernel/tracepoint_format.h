/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/tracepoint_format.h — what a tracepoint's record holds, as its `format` file in tracefs
 * says. Private to kernel/.
 *
 *	field:__data_loc char[] filename;	offset:8;	size:4;	signed:0;
 *	print fmt: "filename=%s pid=%d", __get_str(filename), REC->pid
 *
 * The print format tells what the declaration does not: that a number is meant in hexadecimal, and
 * the names of its values (__print_flags, __print_symbolic).
 */
#ifndef UTRAIL_KERNEL_TRACEPOINT_FORMAT_H
#define UTRAIL_KERNEL_TRACEPOINT_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "symbols/type.h"

#define TRACEPOINT_FIELDS_MAX 64

enum field_form {
	FIELD_PLAIN,
	FIELD_ARRAY,	/* char comm[16] */
	FIELD_DATA_LOC, /* 16 bits each: where it is from the record's start, how many bytes */
	FIELD_REL_LOC,	/* the same, from the field's own end (5.18) */
};

struct tracepoint_field {
	const char *name;
	const char *type; /* "pid_t", "const char *"; of arrays: of one element */
	enum field_form form;
	uint32_t offset, size; /* bytes in the record */
	uint32_t elements;     /* FIELD_ARRAY */
	bool is_signed;
	bool is_hex, is_octal; /* as the kernel prints it */
	bool is_flags;	       /* the enumerators are bits */
	const struct enumerator *enumerators;
	uint32_t n_enumerators;
};

struct tracepoint_format {
	uint32_t id; /* perf's number of the event */
	uint32_t n_fields;
	struct tracepoint_field fields[TRACEPOINT_FIELDS_MAX]; /* without those that all have */
};

/* False: this is no format. Fields that are not understood are left out. */
bool tracepoint_format_parse(struct arena *arena, const char *text, struct tracepoint_format *ret);
/* tracepoint_print.c: what the line behind "print fmt:" says of the fields. Of no memory it says
 * nothing. */
void tracepoint_print_apply(struct arena *arena, const char *print,
			    struct tracepoint_format *format);

#endif
