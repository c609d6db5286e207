/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target/watch.c — the files that processes map while they are traced: dlopen, and exec.
 *
 * A perf event of no count ("dummy", 3.12) with `mmap2` set makes the kernel write a record for
 * every executable mapping: one ring per CPU, because such an event sees either one thread or one
 * CPU, and threads of the target come and go. It costs the target nothing but the record, and no
 * program runs for it. Records follow include/uapi/linux/perf_event.h, PERF_RECORD_MMAP2.
 */
#include "target/target.h"

#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"

/* Bytes of a CPU's ring, a power of two: two hundred mappings with paths of usual length. */
#define RING_BYTES (32U << 10)
/* With all that processes do: a thousand short programs while we read debug information. Within
 * what the kernel lets users lock for it (perf_event_mlock_kb, 516 KiB a CPU). */
#define LIFE_RING_BYTES (256U << 10)
/* Data is mapped more often than code, and waits until a part is full: of less, where not so much
 * may be locked. */
#define DATA_RING_BYTES	      (512U << 10)
#define DATA_RING_BYTES_LEAST (128U << 10)
/* With the longest path, and all that is asked for. */
#define DATA_RECORD_MAX (PATH_MAX + 256)

/* What we ask for behind each record: PERF_SAMPLE_TID, _TIME, _CPU. */
struct record_tail {
	uint32_t pid, tid;
	uint64_t time_ns;
	uint32_t cpu, reserved;
};

struct mmap2_record {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t start, length, file_offset;
	uint32_t major, minor;
	uint64_t inode, generation;
	uint32_t protection, flags;
	char path[];
};

/* PERF_RECORD_FORK and PERF_RECORD_EXIT */
struct task_record {
	struct perf_event_header header;
	uint32_t pid, parent_pid, tid, parent_tid;
	uint64_t time_ns;
};

/* PERF_RECORD_COMM */
struct name_record {
	struct perf_event_header header;
	uint32_t pid, tid;
};

struct lost_record {
	struct perf_event_header header;
	uint64_t id, count;
};

struct cpu_ring {
	int fd;
	bool is_data; /* of mappings that are not executable; else of all that is watched but these
		       */
	size_t bytes;
	struct perf_event_mmap_page *page;
};

struct mapping_watch {
	int epoll_fd;
	bool life; /* of processes, too */
	uint64_t lost_data;
	ARRAY_OF(struct cpu_ring) rings;
	/* A record that wraps around the ring's end is put together here. */
	char record[UINT16_MAX + 1];
};

static struct err *watch_failed(int errnum)
{
	struct err *e =
		err_new(ERR_FAILED, errnum, "files that are mapped from now on cannot be watched");
	if (errnum == EACCES || errnum == EPERM)
		e = err_hint(e, "system-wide perf events need CAP_PERFMON (before 5.8 "
				"CAP_SYS_ADMIN), and a container's profile may forbid them");
	return e;
}

static struct perf_event_attr make_attr(const struct mapping_watch *watch, bool data)
{
	return (struct perf_event_attr){
		.size = sizeof(struct perf_event_attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU,
		.sample_id_all = 1,
		.mmap = 1,
		.mmap2 = 1,
		.mmap_data = data,
		.exclude_kernel = 1,
		/* Every record of code wakes us: how soon we come is how much is not seen. */
		.watermark = 1,
		.wakeup_watermark = data ? DATA_RING_BYTES_LEAST / 4 : 1,
		.use_clockid = 1,
		.clockid = CLOCK_BOOTTIME,
		.task = watch->life && !data,
		.comm = watch->life && !data,
		.comm_exec = watch->life && !data,
	};
}

static struct err *open_cpu(struct mapping_watch *watch, int cpu, bool data)
{
	struct perf_event_attr attr = make_attr(watch, data);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	/* An offline CPU; should it come online, what happens there is not seen. */
	if (fd < 0 && (errno == ENODEV || errno == ENXIO))
		return NULL;
	if (fd < 0)
		return watch_failed(errno);
	struct cpu_ring *ring = array_push(&watch->rings);
	if (!ring) {
		close(fd);
		return &err_nomem;
	}
	ring->fd = fd;
	ring->is_data = data;
	ring->bytes = data ? DATA_RING_BYTES : watch->life ? LIFE_RING_BYTES : RING_BYTES;
	void *memory = mmap(NULL, page + ring->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED && data) {
		ring->bytes = DATA_RING_BYTES_LEAST;
		memory = mmap(NULL, page + ring->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	if (memory == MAP_FAILED)
		return watch_failed(errno);
	ring->page = memory;
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = watch->rings.count - 1};
	if (epoll_ctl(watch->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
		return watch_failed(errno);
	return NULL;
}

void mapping_watch_close(struct mapping_watch *watch)
{
	if (!watch)
		return;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	for (size_t i = 0; i < watch->rings.count; i++) {
		if (watch->rings.items[i].page)
			munmap(watch->rings.items[i].page, page + watch->rings.items[i].bytes);
		close(watch->rings.items[i].fd);
	}
	free(watch->rings.items);
	closep(&watch->epoll_fd);
	free(watch);
}

void mapping_watch_closep(struct mapping_watch **watch)
{
	mapping_watch_close(*watch);
}

static struct err *open_watch(bool life, bool data, struct mapping_watch **ret)
{
	_cleanup_(mapping_watch_closep) struct mapping_watch *watch = calloc(1, sizeof(*watch));
	if (!watch)
		return &err_nomem;
	watch->life = life;
	watch->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct err *e = watch->epoll_fd < 0 ? watch_failed(errno) : NULL;
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	for (int cpu = 0; !e && cpu < cpus; cpu++)
		e = open_cpu(watch, cpu, false);
	for (int cpu = 0; !e && data && cpu < cpus; cpu++)
		e = open_cpu(watch, cpu, true);
	if (e)
		return e;
	*ret = take_ptr(watch);
	return NULL;
}

struct err *mapping_watch_open(struct mapping_watch **ret)
{
	return open_watch(false, false, ret);
}

struct err *life_watch_open(struct mapping_watch **ret)
{
	return open_watch(true, false, ret);
}

struct err *data_watch_open(struct mapping_watch **ret)
{
	return open_watch(true, true, ret);
}

int mapping_watch_fd(const struct mapping_watch *watch)
{
	return watch->epoll_fd;
}

/* --- records -----------------------------------------------------------------------------------
 */

static void copy_from_ring(const struct cpu_ring *ring, uint64_t at, void *to, size_t size)
{
	const char *data = (const char *)ring->page + ring->page->data_offset;
	size_t start = at & (ring->bytes - 1);
	size_t first = size < ring->bytes - start ? size : ring->bytes - start;
	memcpy(to, data + start, first);
	memcpy((char *)to + first, data, size - first);
}

/* The kernel wrote it; what is checked is that we read it as it was meant. */
static struct err *on_mapping(const struct mapping_watch *watch, const struct mmap2_record *record,
			      const struct mapping_sink *sink)
{
	size_t least = sizeof(*record) + sizeof(uint64_t) + sizeof(struct record_tail);
	if (record->header.size < least || (record->header.misc & PERF_RECORD_MISC_MMAP_BUILD_ID))
		return NULL;
	struct record_tail tail;
	size_t path_size = record->header.size - sizeof(*record) - sizeof(tail);
	memcpy(&tail, record->path + path_size, sizeof(tail));
	char path[PATH_MAX + 16];
	size_t length = strnlen(record->path, path_size);
	if (length >= sizeof(path))
		return NULL;
	memcpy(path, record->path, length + 1);
	static const char deleted[] = " (deleted)";
	size_t end = sizeof(deleted) - 1;
	bool is_deleted = length > end && strcmp(path + length - end, deleted) == 0;
	if (is_deleted)
		path[length - end] = '\0';
	const struct mapping mapping = {
		.pid = (pid_t)record->pid,
		.time_ns = tail.time_ns,
		.is_data = record->header.misc & PERF_RECORD_MISC_MMAP_DATA,
		.module = {.path = path,
			   .device = makedev(record->major, record->minor),
			   .inode = (ino_t)record->inode,
			   .deleted = is_deleted,
			   .start = record->start,
			   .end = record->start + record->length,
			   .offset = record->file_offset},
	};
	if (record->inode || watch->life)
		return sink->mapped(sink->context, &mapping);
	return sink->made && module_is_made_code(&mapping.module)
		       ? sink->made(sink->context, &mapping)
		       : NULL;
}

/* Of threads there are records, too: of them, none changes what is mapped. */
static struct err *on_task(const struct task_record *record, const struct mapping_sink *sink)
{
	bool is_fork = record->header.type == PERF_RECORD_FORK;
	if (record->header.size < sizeof(*record) ||
	    (is_fork ? record->pid == record->parent_pid : record->pid != record->tid))
		return NULL;
	const struct life_change change = {
		.kind = is_fork ? LIFE_FORK : LIFE_END,
		.pid = (pid_t)record->pid,
		.parent = (pid_t)record->parent_pid,
		.time_ns = record->time_ns,
	};
	return sink->changed(sink->context, &change);
}

static struct err *on_name(const struct name_record *record, const struct mapping_sink *sink)
{
	struct record_tail tail;
	if (record->header.size < sizeof(*record) + sizeof(tail) ||
	    !(record->header.misc & PERF_RECORD_MISC_COMM_EXEC))
		return NULL;
	memcpy(&tail, (const char *)record + record->header.size - sizeof(tail), sizeof(tail));
	const struct life_change change = {
		.kind = LIFE_EXEC, .pid = (pid_t)record->pid, .time_ns = tail.time_ns};
	return sink->changed(sink->context, &change);
}

static struct err *on_record(struct mapping_watch *watch, const struct cpu_ring *ring,
			     const struct perf_event_header *header,
			     const struct mapping_sink *sink, uint64_t *lost)
{
	switch (header->type) {
	case PERF_RECORD_MMAP2:
		/* A ring of data is told of code, too. */
		if (ring->is_data && !(header->misc & PERF_RECORD_MISC_MMAP_DATA))
			return NULL;
		return on_mapping(watch, (const void *)header, sink);
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		return watch->life ? on_task((const void *)header, sink) : NULL;
	case PERF_RECORD_COMM:
		return watch->life ? on_name((const void *)header, sink) : NULL;
	case PERF_RECORD_LOST:
		*(ring->is_data ? &watch->lost_data : lost) +=
			((const struct lost_record *)header)->count;
		return NULL;
	default:
		return NULL;
	}
}

static struct err *read_ring(struct mapping_watch *watch, struct cpu_ring *ring,
			     const struct mapping_sink *sink, uint64_t *lost)
{
	uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = ring->page->data_tail;
	struct err *e = NULL;
	/* What did not fit is told with the next record that does: too late for what is gone. */
	watch->lost_data += ring->is_data && ring->bytes - (head - tail) < DATA_RECORD_MAX;
	while (!e && tail < head) {
		struct perf_event_header *header = (void *)watch->record;
		copy_from_ring(ring, tail, header, sizeof(*header));
		if (header->size < sizeof(*header))
			break;
		copy_from_ring(ring, tail, watch->record, header->size);
		tail += header->size;
		/* Room for the kernel before we take our time. */
		__atomic_store_n(&ring->page->data_tail, tail, __ATOMIC_RELEASE);
		e = on_record(watch, ring, header, sink, lost);
	}
	return e;
}

bool mapping_watch_lost_data(struct mapping_watch *watch)
{
	bool lost = watch->lost_data;
	watch->lost_data = 0;
	return lost;
}

struct err *mapping_watch_read(struct mapping_watch *watch, const struct mapping_sink *sink,
			       uint64_t *ret_lost)
{
	struct err *e = NULL;
	*ret_lost = 0;
	for (size_t i = 0; !e && i < watch->rings.count; i++)
		e = read_ring(watch, &watch->rings.items[i], sink, ret_lost);
	return e;
}
