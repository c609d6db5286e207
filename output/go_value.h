/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/go_value.h — values of Go that are written in Go's own way, and of Rust and C++ what is
 * the same there. Private to output/.
 */
#ifndef UTRAIL_OUTPUT_GO_VALUE_H
#define UTRAIL_OUTPUT_GO_VALUE_H

#include "output/shown.h"

/* The results of a function that has several: (3, nil). */
bool go_is_results(const struct shown *shown);
/* Is the result of that name one to which the source gives none? */
bool go_is_unnamed(const char *name);
/* What an interface holds, or a `dyn Trait` of Rust. */
struct go_interface {
	const char *type; /* not NUL-terminated */
	size_t type_length;
	struct shown data; /* the value, its text, or a pointer */
	uint8_t kind;	   /* Go: reflect.Kind; 0: not known */
	bool is_place;	   /* the pointer is not the value, but where it is */
};
enum go_held {
	GO_UNKNOWN, /* it is none, or what it holds is not known */
	GO_NIL,	    /* nothing: an error that is none */
	GO_VALUE,
};
enum go_held go_find_held(const struct shown_scope *scope, const struct shown *shown,
			  struct go_interface *ret);

#endif
