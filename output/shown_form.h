/* SPDX-License-Identifier: Apache-2.0 */
/* output/shown_form.h — strings and containers of standard libraries. Private to shown*.c. */
#ifndef UTRAIL_OUTPUT_SHOWN_FORM_H
#define UTRAIL_OUTPUT_SHOWN_FORM_H

#include "output/shown.h"

/* A value whose type has a form: see struct type_form. */
void shown_form(const struct shown_scope *scope, const struct value *value,
		const struct slots *slots, struct shown *ret);

#endif
