/* SPDX-License-Identifier: Apache-2.0 */
/* cli/output_file.h — where events go: the file of -o, or a terminal. */
#ifndef UTRAIL_CLI_OUTPUT_FILE_H
#define UTRAIL_CLI_OUTPUT_FILE_H

#include <stdbool.h>

#include "cli/options/options.h"
#include "common/err.h"

struct err *output_file_open(const char *path, int *ret) must_check;
/* By --color, the environment, and whether `fd` is a terminal. */
bool output_file_wants_color(const struct options *options, int fd);

/* What --redact asks for; untouched without. */
struct err *output_file_redact(const struct options *options, struct redact **ret) must_check;

#endif
