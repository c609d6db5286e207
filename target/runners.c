/* SPDX-License-Identifier: Apache-2.0 */
/* target/runners.c — does any process run a file? */
#include "target/target.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

/* The device is not compared: maps shows another one than stat(2) on some file systems. */
static bool maps_it(const char *pid, ino_t inode, const char *name)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%.20s/maps", pid);
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	while (file && getline(&line, &size, file) > 0) {
		uint64_t mapped;
		char perms[8];
		line[strcspn(line, "\n")] = '\0';
		const char *last = strrchr(line, '/');
		if (last && strcmp(last + 1, name) == 0 &&
		    sscanf(line, "%*s %7s %*s %*s %" SCNu64, perms, &mapped) == 2 &&
		    perms[2] == 'x' && mapped == inode)
			return true;
	}
	return false;
}

bool process_any_runs(const char *path, ino_t inode)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	bool found = false;
	DIR *proc = opendir("/proc");
	for (struct dirent *entry; !found && proc && (entry = readdir(proc));)
		found = isdigit((unsigned char)entry->d_name[0]) &&
			maps_it(entry->d_name, inode, name);
	if (proc)
		closedir(proc);
	return found;
}
