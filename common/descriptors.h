/* SPDX-License-Identifier: Apache-2.0 */
/* common/descriptors.h — which ones a process keeps, hands to another, writes and reads whole. */
#ifndef UTRAIL_COMMON_DESCRIPTORS_H
#define UTRAIL_COMMON_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Makes this one number 0 and closes all others: nothing of the parent's, neither its output nor
 * its probes, stays open in a child longer than in itself. */
void descriptors_keep_only(int fd);

/* As many as there may be from now on: the hard limit, which is raised where it is low and we have
 * the right to. *ret_before is what descriptors_allow()
 * takes to have it as it was, for programs that are run. NULL: nobody will. */
void descriptors_allow_all(struct rlimit *ret_before);
/* Who may not have more goes on with what there is. rlim_max 0: it is not known, nothing changes.
 */
void descriptors_allow(const struct rlimit *limit);

#define DESCRIPTORS_MAX 4

/* One sendmsg() of these parts, with so many descriptors; its result. */
ssize_t descriptors_send(int socket, const struct iovec *parts, size_t n_parts, const int *fds,
			 size_t n_fds);
/* One recvmsg(), again after a signal; its result. fds[]: so many of those that came with it, the
 * caller's to close, and -1 for the rest; there is room for no others. */
ssize_t descriptors_receive(int socket, void *to, size_t size, int *fds, size_t n_fds);

/* All of it, or errno says why not. */
bool descriptors_write(int fd, const void *bytes, size_t size);
/* False: there is not so much; or errno. */
bool descriptors_read(int fd, uint64_t offset, void *to, size_t size);

#endif
