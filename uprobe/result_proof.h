/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/result_proof.h — does a function give back what its source says? Private to uprobe/. */
#ifndef UTRAIL_UPROBE_RESULT_PROOF_H
#define UTRAIL_UPROBE_RESULT_PROOF_H

#include "symbols/symbols.h"
#include "symbols/type.h"

/*
 * What the instructions of a function of Rust prove of its result, as enum result_proof joined.
 * `bytes` are its whole text; the prototype's places are those of DWARF, not of uprobe/prologue.h.
 */
uint8_t result_proof_find(unsigned int machine, const uint8_t *bytes, size_t size,
			  const struct prototype *prototype);

/* Looks for it in the text of an image, where the prototype leaves it open: fills in
 * prototype->result_proof. */
struct err *result_proof_use(struct image *image, const struct function *function,
			     struct prototype *prototype) must_check;

/* Then, when the places of parameters are known as far as they can be. */
void result_proof_settle(struct prototype *prototype);

#endif
