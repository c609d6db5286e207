/* SPDX-License-Identifier: Apache-2.0 */
/* symbols/child/serve.h — the symbolizer's side: answers requests. Private to symbols/child/. */
#ifndef UTRAIL_SYMBOLS_CHILD_SERVE_H
#define UTRAIL_SYMBOLS_CHILD_SERVE_H

#include "symbols/child/protocol.h"
#include "symbols/symbols.h"

/* Until the collector is gone; in the sandbox. Standard input is the socket. */
void symbolizer_serve(void);

/* --- between serve*.c: one request each, taken from `in`, its answer put into `out` ------------
 */

/* What an image imports: count, names. */
void serve_put_imports(struct image *image, struct wire *out);
/* As struct wire_function. */
void serve_put_function(const struct function *function, struct wire *out);
struct err *serve_functions(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_walk(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_sources(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_debug_source(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_section(struct image *image, struct wire *in, struct wire *out) must_check;
/* Functions of the list (protocol.h). NULL: the list is another one by now. */
const struct function *serve_take_range(struct image *image, struct wire *in, size_t *ret_count);
struct err *serve_names(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_demangle(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_demangle_whole(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_frame_places(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_frame_row(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_imports(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_symbol(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_prototype(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_prototypes_of(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_source_line(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_find_line(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_inlined(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_variables(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_place(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_call(struct image *image, struct wire *in, struct wire *out) must_check;
struct err *serve_unwind_row(struct image *image, struct wire *in, struct wire *out) must_check;

#endif
