/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/view_block.c — `block`: what is told of an input or output. The programs are in
 * kernel/block.bpf.c. */
#include "common/array.h"
#include "kernel/views.h"

#define FIELD(field_name, field_type, member)                   \
	{                                                       \
		.name = (field_name), .type = &(field_type),    \
		.offset = offsetof(struct block_record, member) \
	}
#define NAMED(enumerator_name, number)                       \
	{                                                    \
		.name = (enumerator_name), .value = (number) \
	}

static const struct enumerator operations[] = {
	/* enum req_op, include/linux/blk_types.h */
	NAMED("READ", 0),	  NAMED("WRITE", 1),	    NAMED("FLUSH", 2),
	NAMED("DISCARD", 3),	  NAMED("SECURE_ERASE", 5), NAMED("ZONE_APPEND", 7),
	NAMED("WRITE_ZEROES", 9), NAMED("DRV_IN", 34),	    NAMED("DRV_OUT", 35),
};

static const struct enumerator flags[] = {
	NAMED("SYNC", BLOCK_FLAG_SYNC),
	NAMED("META", BLOCK_FLAG_META),
	NAMED("FUA", BLOCK_FLAG_FUA),
	NAMED("PREFLUSH", BLOCK_FLAG_PREFLUSH),
	NAMED("RAHEAD", BLOCK_FLAG_RAHEAD),
	NAMED("BACKGROUND", BLOCK_FLAG_BACKGROUND),
	NAMED("WRITEBACK", BLOCK_FLAG_WRITEBACK),
};

static const struct type operation_type = {.kind = TYPE_ENUM,
					   .size = 4,
					   .name = "enum req_op",
					   .enumerators = operations,
					   .n_enumerators = array_size(operations)};
static const struct type flags_type = {.kind = TYPE_FLAGS,
				       .size = 4,
				       .name = "blk_opf_t",
				       .enumerators = flags,
				       .n_enumerators = array_size(flags)};
static const struct type name_type = {.kind = TYPE_STRING, .size = 8, .name = "char *"};
static const struct type number_type = {.kind = TYPE_UINT, .size = 4, .name = "unsigned int"};
static const struct type count_type = {.kind = TYPE_UINT, .size = 8, .name = "unsigned long"};
static const struct type errno_type = {.kind = TYPE_ERRNO, .size = 4, .name = "errno"};

static const struct view_field io_fields[] = {
	FIELD("device", name_type, device),	   FIELD("op", operation_type, operation),
	FIELD("flags", flags_type, flags),	   FIELD("sector", count_type, sector),
	FIELD("bytes", number_type, bytes),	   FIELD("error", errno_type, error),
	FIELD("queued_ns", count_type, queued_ns),
};

static const struct view_event events[] = {
	{.name = "io",
	 .number = VIEW_BLOCK_IO,
	 .fields = io_fields,
	 .n_fields = array_size(io_fields),
	 .by_default = true,
	 .has_duration = true,
	 .may_fail = true},
};

const struct view view_block = {
	.kind = PROBE_BLOCK, .events = events, .n_events = array_size(events)};
