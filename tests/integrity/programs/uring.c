/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io_uring by its bare system calls: work that kernel threads of the process do, while traced
 * functions fill and empty the rings. Says so where the kernel has none, alone and traced.
 */
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "integrity.h"

struct ring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static noinline int ring_open(struct ring *ring)
{
	struct io_uring_params p = {0};
	ring->fd = (int)syscall(SYS_io_uring_setup, 8, &p);
	if (ring->fd < 0)
		return -1;
	char *sq = mmap(NULL, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED,
			ring->fd, IORING_OFF_SQ_RING);
	char *cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
			PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_CQ_RING);
	ring->sqes = mmap(NULL, p.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
			  MAP_SHARED, ring->fd, IORING_OFF_SQES);
	ring->sq_tail = (unsigned int *)(void *)(sq + p.sq_off.tail);
	ring->sq_mask = (unsigned int *)(void *)(sq + p.sq_off.ring_mask);
	ring->sq_array = (unsigned int *)(void *)(sq + p.sq_off.array);
	ring->cq_head = (unsigned int *)(void *)(cq + p.cq_off.head);
	ring->cq_tail = (unsigned int *)(void *)(cq + p.cq_off.tail);
	ring->cq_mask = (unsigned int *)(void *)(cq + p.cq_off.ring_mask);
	ring->cqes = (struct io_uring_cqe *)(void *)(cq + p.cq_off.cqes);
	return 0;
}

static noinline long ring_do(struct ring *ring, const struct io_uring_sqe *what)
{
	unsigned int tail = *ring->sq_tail, at = tail & *ring->sq_mask;
	ring->sqes[at] = *what;
	ring->sq_array[at] = at;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -9999;
	unsigned int head = *ring->cq_head;
	while (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE))
		;
	long ret = ring->cqes[head & *ring->cq_mask].res +
		   (long)ring->cqes[head & *ring->cq_mask].user_data;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return ret;
}

int main(void)
{
	struct ring ring;
	int ends[2];
	integrity_start();
	if (ring_open(&ring) || pipe(ends)) {
		printf("no io_uring\n");
		return 0;
	}
	long sum = 0;
	for (int i = 0; i < 100; i++) {
		char in[16] = "0123456789", out[16] = "";
		struct io_uring_sqe write_it = {.opcode = IORING_OP_WRITE,
						.fd = ends[1],
						.addr = (uintptr_t)in,
						.len = 10,
						.flags = i % 2 ? IOSQE_ASYNC : 0,
						.user_data = (unsigned int)i};
		struct io_uring_sqe read_it = {.opcode = IORING_OP_READ,
					       .fd = ends[0],
					       .addr = (uintptr_t)out,
					       .len = 10,
					       .user_data = 7};
		sum = sum * 3 + ring_do(&ring, &write_it) + ring_do(&ring, &read_it) + out[i % 10];
	}
	printf("sum %ld\n", sum);
	integrity_end(END_NO_MAPS);
	return 0;
}
