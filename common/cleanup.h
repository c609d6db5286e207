/* SPDX-License-Identifier: Apache-2.0 */
/* common/cleanup.h — scope guards: a resource is released where its variable ends. */
#ifndef UTRAIL_COMMON_CLEANUP_H
#define UTRAIL_COMMON_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

/* Hand ownership out of a guarded variable: yields its value, leaves NULL behind. */
#define take_ptr(variable)                               \
	({                                               \
		__auto_type take_ptr_value = (variable); \
		(variable) = NULL;                       \
		take_ptr_value;                          \
	})

/* The same for descriptors: leaves -1 behind. */
#define take_fd(variable)                       \
	({                                      \
		int take_fd_value = (variable); \
		(variable) = -1;                \
		take_fd_value;                  \
	})

static inline void freep(void *pointer)
{
	free(*(void **)pointer);
}

static inline void closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void fclosep(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define _cleanup_free_	 _cleanup_(freep)
#define _cleanup_close_	 _cleanup_(closep)
#define _cleanup_fclose_ _cleanup_(fclosep)

#endif
