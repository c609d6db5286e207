/* SPDX-License-Identifier: Apache-2.0 */
/* common/descriptors.h — what a helper process keeps open of what it was forked with. */
#ifndef UTRAIL_COMMON_DESCRIPTORS_H
#define UTRAIL_COMMON_DESCRIPTORS_H

/* Makes this one number 0 and closes all others: nothing of the parent's, neither its output nor
 * its probes, stays open in a child longer than in itself. */
void descriptors_keep_only(int fd);

#endif
