/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/kept.c — entries that wait for their returns, and system calls that take long: the
 * kernel looks through its tasks. */
#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cli/kernel/parts.h"
#include "common/cleanup.h"
#include "tracer.skel.h"

static struct err *run(const struct bpf_link *link)
{
	char nothing[64];
	_cleanup_close_ int fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0)
		return err_new(ERR_FAILED, errno, "looking through the threads");
	ssize_t got;
	do
		got = read(fd, nothing, sizeof(nothing));
	while (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)));
	if (got < 0)
		return err_new(ERR_FAILED, errno, "looking through the threads");
	return NULL;
}

struct err *kernel_send_kept(struct kernel *kernel, uint64_t before_ns, uint64_t *ret_left)
{
	*ret_left = 0;
	if (!kernel->kept_link)
		return NULL;
	kernel->skel->bss->kept_before = before_ns;
	kernel->skel->bss->kept_left = 0;
	struct err *e = run(kernel->kept_link);
	*ret_left = kernel->skel->bss->kept_left;
	return e;
}

struct err *kernel_send_long_calls(struct kernel *kernel, uint64_t before_ns)
{
	if (!kernel->long_link)
		return NULL;
	kernel->skel->bss->calls_before = before_ns;
	return run(kernel->long_link);
}
