/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* uprobe/hit.bpf.h — what the programs of user space write at a hit. Private to uprobe/. */
#ifndef UTRAIL_UPROBE_HIT_BPF_H
#define UTRAIL_UPROBE_HIT_BPF_H

#include "probe/fetch.bpf.h"
#include "stream/stream.bpf.h"
#include "stream/sums.bpf.h"

static __always_inline bool emit(struct scratch *scratch, __u32 head_size, enum stream_form form)
{
	return where_emit(scratch, head_size) ||
	       (lossless && form != STREAM_OLD && emit_held(scratch, head_size));
}

static __always_inline void send_kept(struct scratch *scratch, enum stream_form form)
{
	if (lossless && form != STREAM_OLD && scratch->kept)
		kept_send_held(scratch);
	else
		stream_send_kept(scratch, form);
}

/* An entry or an instant: the header, then the slots. */
static __always_inline bool emit_slots(struct scratch *scratch, __u32 site_id, __u32 kind,
				       __u32 depth, __u32 span, enum stream_form form)
{
	if (summing)
		return form == STREAM_OLD ? sum_begin_old(site_id) : sum_begin(scratch, site_id);
	struct event_header *header = stream_head(scratch, sizeof(*header));
	stream_header(header, scratch->id, kind, sizeof(*header) + scratch->position, site_id,
		      scratch->time_ns, form);
	header->depth = depth;
	header->span = span;
	header->unavailable = scratch->unavailable;
	if (emit(scratch, sizeof(*header), form))
		return true;
	stream_count_loss(site_id, LOSS_RING_FULL);
	return false;
}

#endif
