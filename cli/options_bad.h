/* SPDX-License-Identifier: Apache-2.0 */
/* cli/options_bad.h — explains what getopt stumbled over. Private to the options. */
#ifndef UTRAIL_CLI_OPTIONS_BAD_H
#define UTRAIL_CLI_OPTIONS_BAD_H

#include <argp.h>

#include "common/err.h"

/* An option that is not in the table, one without its value, or with one that it does not take. */
struct err *options_bad(const struct argp_option *table, char **argv) must_check;

#endif
