/* SPDX-License-Identifier: Apache-2.0 */
/* output/names.h — names for numbers that every reader of traces knows by name. */
#ifndef UTRAIL_OUTPUT_NAMES_H
#define UTRAIL_OUTPUT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "ENOENT", NULL when unknown; knows the kernel's own restart codes too. */
const char *names_errno(int errnum);
/* "No such file or directory", in English whatever the locale; NULL when unknown. */
const char *names_errno_text(int errnum);
/* The kernel will run the call again after a signal: the caller never sees this result. */
bool names_errno_restarts(int errnum);

/* Does a system call's result, as the kernel returns it, say that the call failed? */
static inline bool result_failed(int64_t result)
{
	return result < 0 && result >= -4095; /* MAX_ERRNO in include/linux/err.h */
}

#define NAMES_MAX 24 /* bytes with NUL that the following may need */

/* Is there such a signal? 0 is none. */
static inline bool names_is_signal(int64_t number)
{
	return number >= 1 && number <= 64;
}

/* "SIGSEGV", "SIGRTMIN", "SIGRT_1". */
const char *names_signal(int signum, char text[static NAMES_MAX]);
/* Device number as /proc/PID/stat has it: "pts/3", "tty1", "?" for none. */
const char *names_tty(uint32_t device, char text[static NAMES_MAX]);

/* As in a set of signals: "CHLD", "RTMIN", "RT_1". The signal must be one. */
const char *names_signal_short(int signum, char text[static NAMES_MAX]);

struct device_number {
	uint32_t major, minor;
};
/* Of a device's number as the kernel gives it to programs. */
struct device_number device_number(uint64_t device);
/* From the kernel's own form (include/linux/kdev_t.h) to that one. */
uint64_t device_of_kernel(uint64_t device);

#endif
