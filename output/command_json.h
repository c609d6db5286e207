/* SPDX-License-Identifier: Apache-2.0 */
/* output/command_json.h — commands of shells as JSON. Private to output/. */
#ifndef UTRAIL_OUTPUT_COMMAND_JSON_H
#define UTRAIL_OUTPUT_COMMAND_JSON_H

#include "output/command.h"

/* Appends the object, without the new line. */
struct err *command_put_json(struct output *output,
			     const struct output_command *command) must_check;

#endif
