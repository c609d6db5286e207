/* SPDX-License-Identifier: Apache-2.0 */
#include "output/labels.h"

void labels_keep(struct labels *labels, const struct buffer *buffer, size_t start, const void *name,
		 const void *owner)
{
	struct label *label = label_of(labels, name, owner);
	if (label->length && ++labels->refused % LABEL_SELDOM)
		return;
	/* Of a line that was given up for want of memory, nothing is known. */
	if (buffer->nomem || buffer->used <= start || buffer->used - start > LABEL_MAX)
		return;
	label->name = name;
	label->owner = owner;
	label->length = (unsigned char)(buffer->used - start);
	memcpy(label->text, buffer->data + start, label->length);
}
