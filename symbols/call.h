/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/call.h — what other modules read in an image's file, done where that file is read: in the
 * symbolizer, when there is one.
 *
 * Both processes are one program, and the child is a fork: a function has the same address in both.
 * What comes back was made of the file's bytes by a process that may have been taken over by them:
 * whoever takes it checks it.
 */
#ifndef UTRAIL_SYMBOLS_CALL_H
#define UTRAIL_SYMBOLS_CALL_H

#include "symbols/symbols.h"
#include "symbols/wire.h"

/* Runs over there, with an image that is read there; takes what was put, and puts its answer. */
typedef struct err *image_service(struct image *image, struct wire *in, struct wire *out);

/* Is the file read by another process? */
bool image_is_elsewhere(const struct image *image);
/* Begins a request; what the service takes is put behind. */
void image_call_begin(struct image *image, image_service *service, struct wire *request);
/* The service's error, or its answer. */
struct err *image_call(struct image *image, const struct wire *request,
		       struct wire *answer) must_check;
/* Was all of it taken, and did it make sense (.bad)? Else the file is given up. */
struct err *image_call_end(struct image *image, const struct wire *answer) must_check;

#endif
