/* SPDX-License-Identifier: Apache-2.0 */
/* output/shown_file.c — the paths of the kernel's own files, and of descriptors. */
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

bool shown_find_file(const struct shown *shown, uint32_t fd, const char **ret, uint32_t *ret_length)
{
	uint32_t position = 0;
	struct list_element element;
	while (shown->fds && shown->fds->is_list &&
	       slot_list_next(shown->fds->bytes, shown->fds->length, &position, &element)) {
		if (element.blob_flags >> FETCH_BLOB_FD != fd || !element.length)
			continue;
		*ret = element.bytes;
		*ret_length = element.length;
		return true;
	}
	return false;
}

void shown_add_file(const struct value *value, const struct slots *slots, uint32_t index,
		    struct shown *shown)
{
	const char *bytes;
	uint32_t length;
	if (shown->kind != SHOWN_FD)
		return;
	if (value && value_file(value, slots, index, &bytes, &length)) {
		shown->bytes = bytes;
		shown->length = length;
	} else if (shown_find_file(shown, (uint32_t)shown->number, &bytes, &length)) {
		shown->bytes = bytes;
		shown->length = length;
	}
}

const struct slot *shown_fds(const struct shown_scope *scope, const struct value *value)
{
	const struct stream_event *event = scope->event;
	const struct slots *slots = value->files_at_return ? event->results : event->arguments;
	if (value->files_slot <= 0 || !slots || (uint32_t)value->files_slot > slots->count)
		return NULL;
	return &slots->items[value->files_slot - 1];
}
