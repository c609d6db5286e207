/* SPDX-License-Identifier: Apache-2.0 */
/* cli/process/standard.h — standard input, output and error. */
#ifndef UTRAIL_CLI_PROCESS_STANDARD_H
#define UTRAIL_CLI_PROCESS_STANDARD_H

#include "common/err.h"

/*
 * Takes the places of those that are closed, so that no file of ours is ever one of them: what is
 * printed would be written into it. They stay of no use: reading and writing fails with EBADF, and
 * a command that is started finds them closed. First of all.
 */
struct err *standard_take_places(void) must_check;
/* What was printed by stdio: all of it is written now, or the error says why not. */
struct err *standard_flush(void) must_check;

#endif
