/* SPDX-License-Identifier: Apache-2.0 */
/* output/shown_file.c — the paths of the kernel's own files. */
#include "output/names.h"
#include "output/shown_form.h"

/* Addresses of which the kernel makes numbers of errors: include/linux/err.h */
#define KERNEL_ERRORS 4095

bool shown_file(const struct value *value, const struct slots *slots, struct shown *ret)
{
	const char *bytes;
	uint32_t length;
	const char *name = ret->number > UINT64_MAX - KERNEL_ERRORS
				   ? names_errno((int)-(int64_t)ret->number)
				   : NULL;
	if (name)
		*ret = (struct shown){.kind = SHOWN_ERRNO, .text = name};
	else if (value_file(value, slots, 0, &bytes, &length))
		*ret = (struct shown){.kind = SHOWN_FILE, .bytes = bytes, .length = length};
	else
		return false;
	return true;
}
