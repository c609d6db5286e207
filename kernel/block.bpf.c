/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/block.bpf.c — `block`: inputs and outputs of disks.
 *
 * A thread submits a bio; the request that comes of it is issued to the device and completed
 * anywhere. So who has submitted is kept by the bio, until it is over, and goes over to the request
 * when that is issued. Of several bios in one request the first one counts. What nobody has
 * submitted, as the flushes that the block layer makes for itself, has no owner.
 */
#include "kernel/view.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct gendisk {
	char disk_name[BLOCK_NAME_MAX];
};

struct request_queue___disk {
	struct gendisk *disk;
};

struct request {
	struct request_queue___disk *q;
	__u32 cmd_flags;
	__u32 __data_len;
	__u64 __sector;
	struct bio *bio;
};

struct task_struct___flags {
	unsigned int flags;
};

/* Until 5.16. */
struct request___disk {
	struct gendisk *rq_disk;
};

#pragma clang attribute pop

enum req_flag_bits {
	__REQ_SYNC = 11,
	__REQ_META = 12,
	__REQ_FUA = 17,
	__REQ_PREFLUSH = 18,
	__REQ_RAHEAD = 19,
	__REQ_BACKGROUND = 20,
};

#define PF_WQ_WORKER	0x20 /* include/linux/sched.h */
#define OPERATION_WRITE 1
#define OPERATION_MASK	0xff /* REQ_OP_BITS, include/linux/blk_types.h */

/* Do bios and requests come second, behind the queue? Before 5.11; of requests, 5.10.y has it, too.
 */
const volatile bool block_queue_before_bio = false;
const volatile bool block_queue_before_request = false;

struct block_owner {
	__u64 id;
	__u64 submitted_ns;
	__u32 span, inside;
	__u32 depth;
	__u16 is_worker; /* of the kernel */
	__u16 is_issued; /* and its stack is the request's */
};

struct block_request {
	struct block_owner owner;
	__u64 issued_ns;
	__u64 sector;
	__u64 bio; /* the first one */
	__u32 bytes, done;
};

#define BLOCK_BIOS_MAX	   32768
#define BLOCK_REQUESTS_MAX 16384

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BLOCK_BIOS_MAX);
	__type(key, __u64);
	__type(value, struct block_owner);
} block_bios SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BLOCK_REQUESTS_MAX);
	__type(key, __u64);
	__type(value, struct block_request);
} block_requests SEC(".maps");

/* Its one argument besides the queue. */
static __always_inline __u64 argument(const struct bpf_raw_tracepoint_args *ctx, bool behind_queue)
{
	__u64 value = 0;
	read_kernel(&value, sizeof(value), &ctx->args[behind_queue ? 1 : 0]);
	return value;
}

/* --- who submits ------------------------------------------------------------------------------ */

static __always_inline void note_owner(void *ctx, __u64 bio, __u64 id, enum fetch_form form)
{
	struct scratch *thread = stream_scratch(id, fetch_stream(form), false);
	struct block_owner owner = {.id = id, .submitted_ns = bpf_ktime_get_boot_ns()};
	struct task_struct___flags *task = (void *)bpf_get_current_task();
	owner.is_worker = (BPF_CORE_READ(task, flags) & PF_WQ_WORKER) != 0;
	owner.depth = thread ? thread->depth : 0;
	owner.span = thread && thread->depth ? thread->top.number : 0;
	owner.inside = thread && thread->depth ? thread->top.site_id : 0;
	if (bpf_map_update_elem(&block_bios, &bio, &owner, BPF_ANY))
		view_count_loss(VIEW_BLOCK_IO, LOSS_NO_STORAGE);
	kept_stack_take(ctx, bio, owner.submitted_ns, form);
	view_announce(id, form);
}

static __always_inline void forget(__u64 bio)
{
	/* All bios of the machine end here: no more is asked than must be. */
	struct block_owner *owner = keeps_stacks ? bpf_map_lookup_elem(&block_bios, &bio) : NULL;
	if (owner && !owner->is_issued)
		kept_stack_drop(bio);
	bpf_map_delete_elem(&block_bios, &bio);
}

static __always_inline int on_bio(struct bpf_raw_tracepoint_args *ctx, enum fetch_form form)
{
	__u64 bio = argument(ctx, block_queue_before_bio), id = stream_current_id();
	if (stream_wants_current(id))
		note_owner(ctx, bio, id, form);
	else if (tracing)
		/* Of another one that had its memory before. */
		forget(bio);
	return 0;
}

SEC("raw_tp")
int view_block_bio(struct bpf_raw_tracepoint_args *ctx)
{
	return on_bio(ctx, FETCH_ATOMIC);
}

SEC("raw_tp")
int old_view_block_bio(struct bpf_raw_tracepoint_args *ctx)
{
	return on_bio(ctx, FETCH_OLD);
}

/* It is over, with whatever requests it was part of. The queue comes first on all kernels. */
SEC("raw_tp")
int view_block_bio_end(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 bio = ctx->args[1];
	forget(bio);
	return 0;
}

/* --- requests --------------------------------------------------------------------------------- */

SEC("raw_tp")
int view_block_issue(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 key = argument(ctx, block_queue_before_request);
	struct request *request = (void *)key;
	__u64 bio = (__u64)BPF_CORE_READ(request, bio);
	struct block_owner *owner = bio ? bpf_map_lookup_elem(&block_bios, &bio) : NULL;
	struct block_request fresh = {.issued_ns = bpf_ktime_get_boot_ns()};
	if (!tracing)
		return 0;
	if (owner) {
		owner->is_issued = 1;
		fresh.owner = *owner;
		fresh.bio = bio;
	} else if (filter_by_process) {
		bpf_map_delete_elem(&block_requests, &key);
		return 0;
	}
	fresh.sector = BPF_CORE_READ(request, __sector);
	fresh.bytes = BPF_CORE_READ(request, __data_len);
	if (bpf_map_update_elem(&block_requests, &key, &fresh, BPF_ANY))
		view_count_loss(VIEW_BLOCK_IO, LOSS_NO_STORAGE);
	return 0;
}

/* blk_errors[] of block/blk-core.c; older kernels hand over the errno itself. */
static __always_inline __s32 error_number(__s32 status)
{
	switch (status) {
	case 1: /* BLK_STS_NOTSUPP */
		return -95;
	case 2: /* TIMEOUT */
		return -110;
	case 3: /* NOSPC */
		return -28;
	case 4: /* TRANSPORT */
		return -67;
	case 5: /* TARGET */
		return -121;
	case 6: /* RESV_CONFLICT */
		return -52;
	case 7: /* MEDIUM */
		return -61;
	case 8: /* PROTECTION */
		return -84;
	case 9: /* RESOURCE */
		return -12;
	default:
		return status > 0 ? -5 : status;
	}
}

#define FLAG(flags, name)                                                                         \
	((flags) >> bpf_core_enum_value(enum req_flag_bits, __REQ_##name) & 1 ? BLOCK_FLAG_##name \
									      : 0)

static __always_inline void describe_kind(struct block_record *record, __u32 flags)
{
	record->operation = flags & OPERATION_MASK;
	record->flags = FLAG(flags, SYNC) | FLAG(flags, META) | FLAG(flags, FUA) |
			FLAG(flags, PREFLUSH) | FLAG(flags, RAHEAD) | FLAG(flags, BACKGROUND);
}

__noinline int block_describe(__u32 level, __u64 key)
{
	struct view_record *record = bpf_map_lookup_elem(&view_records, &level);
	struct request *request = (void *)key;
	struct request___disk *old = (void *)key;
	struct gendisk *disk;
	if (!record)
		return 0;
	__builtin_memset(&record->block, 0, sizeof(record->block));
	if (bpf_core_field_exists(old->rq_disk))
		disk = BPF_CORE_READ(old, rq_disk);
	else
		disk = BPF_CORE_READ(request, q, disk);
	BPF_CORE_READ_INTO(&record->block.device, disk, disk_name);
	describe_kind(&record->block, BPF_CORE_READ(request, cmd_flags));
	return 0;
}

static __always_inline void tell(__u64 key, const struct block_request *request, __s32 error,
				 enum fetch_form form)
{
	__u32 level;
	const struct block_owner *owner = &request->owner;
	struct view_record *record = view_begin(VIEW_BLOCK_IO, owner->id, &level, form);
	if (!record)
		return;
	struct view_head *head = &record->head;
	head->began_ns = request->issued_ns;
	head->flags =
		EVENT_VIEW_DURATION | EVENT_VIEW_ELSEWHERE | (owner->id ? 0 : EVENT_VIEW_NOBODY);
	head->inside = owner->inside;
	head->failed = error != 0;
	block_describe(level, key);
	if (owner->is_worker && record->block.operation == OPERATION_WRITE)
		record->block.flags |= BLOCK_FLAG_WRITEBACK;
	record->block.sector = request->sector;
	record->block.bytes = request->bytes;
	record->block.error = error;
	if (owner->id)
		record->block.queued_ns = request->issued_ns - owner->submitted_ns;
	head->stack_key = request->bio;
	head->stack_ns = owner->submitted_ns;
	view_send(level, form);
}

/* A device may complete it in parts; told is the last one, or the one that fails. */
static __always_inline int on_complete(const struct bpf_raw_tracepoint_args *ctx,
				       enum fetch_form form)
{
	__u64 key = ctx->args[0];
	__s32 error = error_number((__s32)ctx->args[1]);
	struct block_request *request = bpf_map_lookup_elem(&block_requests, &key);
	if (!request)
		return 0;
	request->done += (__u32)ctx->args[2];
	if (!error && request->done < request->bytes)
		return 0;
	if (tracing)
		tell(key, request, error, form);
	if (request->bio)
		kept_stack_drop(request->bio);
	bpf_map_delete_elem(&block_requests, &key);
	return 0;
}

SEC("raw_tp")
int view_block_complete(struct bpf_raw_tracepoint_args *ctx)
{
	return on_complete(ctx, FETCH_ATOMIC);
}

SEC("raw_tp")
int old_view_block_complete(struct bpf_raw_tracepoint_args *ctx)
{
	return on_complete(ctx, FETCH_OLD);
}
