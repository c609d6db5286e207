/* SPDX-License-Identifier: Apache-2.0 */
/* cli/options/help.h — the texts of -h, --help and --version. */
#ifndef UTRAIL_CLI_OPTIONS_HELP_H
#define UTRAIL_CLI_OPTIONS_HELP_H

extern const char help_long_text[];

void help_print_short(void);
void help_print_version(void);

#endif
