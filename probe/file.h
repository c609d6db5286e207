/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/file.h — what a descriptor stood for when it was used (-y): what FETCH_FILE needs to know
 * of the kernel, and what it has read, as a path.
 */
#ifndef UTRAIL_PROBE_FILE_H
#define UTRAIL_PROBE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "probe/fetch.h"

/* Of the running kernel, from its BTF. */
struct err *file_offsets_find(struct fetch_offsets *ret) must_check;

/* The same for -yy. Sockets that this kernel knows of only when a module is loaded are left out. */
struct err *socket_offsets_find(struct fetch_socket_offsets *ret) must_check;

/* Holds any path that file_path() makes, with its NUL. */
#define FILE_PATH_MAX (FETCH_FILE_MAX + 64)

/*
 * The path in `bytes` (a struct fetch_file and its names) as /proc/PID/fd/N showed it at that
 * moment: "/etc/passwd", "/tmp/x (deleted)", "pipe:[77]". Directories that are missing in front are
 * ".../", and *ret_cut is true then. False: there is no path.
 */
bool file_path(const char *bytes, size_t length, char ret[FILE_PATH_MAX], bool *ret_cut);

/* Is it a socket that file_path() has spelt with protocol and addresses: "TCP:[127.0.0.1:80]"? Then
 * all of it is printable, and escaped where need be. */
bool file_is_socket(const char *bytes, size_t length);
/* A device, on -yy: false for any other file. */
struct file_device {
	bool is_block;
	uint32_t major, minor;
};
bool file_is_device(const char *bytes, size_t length, struct file_device *ret);
/* With -yy: the process of what is known to be a pidfd; 0: not known. */
uint32_t file_process(const char *bytes, size_t length);

/* Makes the struct fetch_file of a text that is a path already, cut to what fits; returns its
 * size. */
size_t file_from_text(const char *text, char ret[sizeof(struct fetch_file) + FETCH_FILE_MAX]);

#endif
