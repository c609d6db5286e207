/* SPDX-License-Identifier: Apache-2.0 */
#include "output/names.h"

#include <signal.h>
#include <string.h>

#include "common/array.h"
#include "output/number.h"

struct restart_code {
	int errnum;
	const char *name, *text;
};

/* include/linux/errno.h in the kernel; the words are strace's. */
static const struct restart_code restart_codes[] = {
	{512, "ERESTARTSYS", "To be restarted if SA_RESTART is set"},
	{513, "ERESTARTNOINTR", "To be restarted"},
	{514, "ERESTARTNOHAND", "To be restarted if no handler"},
	{516, "ERESTART_RESTARTBLOCK", "Interrupted by signal"},
};

static const struct restart_code *restart_code(int errnum)
{
	for (size_t i = 0; i < array_size(restart_codes); i++) {
		if (restart_codes[i].errnum == errnum)
			return &restart_codes[i];
	}
	return NULL;
}

bool names_errno_restarts(int errnum)
{
	return restart_code(errnum);
}

const char *names_errno(int errnum)
{
	const struct restart_code *code = restart_code(errnum);
	return code ? code->name : strerrorname_np(errnum);
}

const char *names_errno_text(int errnum)
{
	const struct restart_code *code = restart_code(errnum);
	return code ? code->text : strerrordesc_np(errnum);
}

static const char *prefix_number(const char *prefix, uint64_t number, char *text)
{
	*number_unsigned(stpcpy(text, prefix), number) = '\0';
	return text;
}

const char *names_signal(int signum, char text[static NAMES_MAX])
{
	/* The kernel's first real-time signal is 32; the C library keeps some for itself. */
	if (signum == 32)
		return strcpy(text, "SIGRTMIN");
	if (signum > 32 && signum <= 64)
		return prefix_number("SIGRT_", (uint64_t)signum - 32, text);
	/* The C library's own name for it is POLL. */
	const char *name = signum == SIGIO ? "IO" : sigabbrev_np(signum);
	if (!name)
		return prefix_number("signal ", (uint64_t)signum, text);
	stpcpy(stpcpy(text, "SIG"), name);
	return text;
}

const char *names_signal_short(int signum, char text[static NAMES_MAX])
{
	return names_signal(signum, text) + strlen("SIG");
}

struct device_number device_number(uint64_t device)
{
	/* new_encode_dev() in include/linux/kdev_t.h */
	return (struct device_number){
		.major = device >> 8 & 0xfff,
		.minor = (uint32_t)((device & 0xff) | (device >> 12 & 0xfff00)),
	};
}

uint64_t device_of_kernel(uint64_t device)
{
	uint64_t major = device >> 20 & 0xfff, minor = device & 0xfffff;
	return (minor & 0xff) | major << 8 | (minor & 0xfff00) << 12;
}

const char *names_tty(uint32_t device, char text[static NAMES_MAX])
{
	/* Majors in Documentation/admin-guide/devices.txt */
	uint32_t major = device_number(device).major, minor = device_number(device).minor;
	if (!device)
		return strcpy(text, "?");
	if (major >= 136 && major <= 143)
		return prefix_number("pts/", (major - 136) * 256 + minor, text);
	if (major == 4 && minor < 64)
		return prefix_number("tty", minor, text);
	if (major == 4)
		return prefix_number("ttyS", minor - 64, text);
	if (major == 5 && minor == 1)
		return strcpy(text, "console");
	char *end = number_unsigned(stpcpy(text, "tty:"), major);
	*end++ = ':';
	*number_unsigned(end, minor) = '\0';
	return text;
}
