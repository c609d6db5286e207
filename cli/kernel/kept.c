/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/kept.c — entries that wait for their returns: the kernel looks through its tasks. */
#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cli/kernel/parts.h"
#include "common/cleanup.h"
#include "tracer.skel.h"

struct err *kernel_send_kept(struct kernel *kernel, uint64_t before_ns, uint64_t *ret_left)
{
	char nothing[64];
	*ret_left = 0;
	if (!kernel->kept_link)
		return NULL;
	kernel->skel->bss->kept_before = before_ns;
	kernel->skel->bss->kept_left = 0;
	_cleanup_close_ int fd = bpf_iter_create(bpf_link__fd(kernel->kept_link));
	if (fd < 0)
		return err_new(ERR_FAILED, errno, "looking through the threads");
	ssize_t got;
	do
		got = read(fd, nothing, sizeof(nothing));
	while (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)));
	if (got < 0)
		return err_new(ERR_FAILED, errno, "looking through the threads");
	*ret_left = kernel->skel->bss->kept_left;
	return NULL;
}
