/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target/module.c — names of files: how they are shown, what the user may write, where they are
 * looked for when no process says which one it uses.
 */
#include "target/target.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

void module_short_name(const char *path, char *buffer, size_t size)
{
	const char *name = base_name(path);
	const char *so = strstr(name, ".so");
	size_t length = strlen(name);
	/* ".so" ends the name, or a version follows. */
	while (so && so[3] && so[3] != '.')
		so = strstr(so + 1, ".so");
	if (so && so > name)
		length = (size_t)(so - name);
	else if (strncmp(name, "lib", 3) != 0 && strncmp(name, "ld-", 3) != 0)
		so = NULL;
	snprintf(buffer, size, "%.*s", (int)length, name);
	/* glibc before 2.34 is libc-2.31.so: the version is not part of what people call it. */
	char *dash = strrchr(buffer, '-');
	if (so && dash && isdigit((unsigned char)dash[1]) && strchr(dash, '.') &&
	    dash[1 + strspn(dash + 1, "0123456789.")] == '\0')
		*dash = '\0';
}

bool module_name_matches(const char *path, const char *wanted)
{
	if (strchr(wanted, '/'))
		return strcmp(path, wanted) == 0;
	const char *name = base_name(path);
	if (strcmp(name, wanted) == 0)
		return true;
	char short_name[256];
	module_short_name(path, short_name, sizeof(short_name));
	if (strcmp(short_name, wanted) == 0)
		return true;
	/* "libssl.so" for libssl.so.3 */
	size_t length = strlen(wanted);
	return strstr(wanted, ".so") && strncmp(name, wanted, length) == 0 && name[length] == '.';
}

static bool is_file(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static struct err *search_programs(const char *wanted, char **ret)
{
	const char *path = getenv("PATH");
	if (!path || !*path)
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	while (*path) {
		size_t length = strcspn(path, ":");
		_cleanup_free_ char *candidate = NULL;
		if (asprintf(&candidate, "%.*s/%s", (int)length, path, wanted) < 0)
			return &err_nomem;
		if (length && is_file(candidate) && access(candidate, X_OK) == 0) {
			*ret = take_ptr(candidate);
			return NULL;
		}
		path += length + (path[length] == ':');
	}
	return NULL;
}

/* Where the loader looks by default, 64-bit first; a multiarch directory holds what Debian has. */
static const char *const library_directories[] = {
#if defined(__x86_64__)
	"/lib/x86_64-linux-gnu",
	"/usr/lib/x86_64-linux-gnu",
#elif defined(__aarch64__)
	"/lib/aarch64-linux-gnu",
	"/usr/lib/aarch64-linux-gnu",
#endif
	"/lib64",
	"/usr/lib64",
	"/lib",
	"/usr/lib",
	"/usr/local/lib",
};

/* libc.so in a development package is a text for the linker. */
static bool is_elf(const char *path)
{
	char magic[4] = "";
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	return file && fread(magic, 1, sizeof(magic), file) == sizeof(magic) &&
	       memcmp(magic, "\177ELF", sizeof(magic)) == 0;
}

static struct err *search_libraries(const char *wanted, char **ret)
{
	/* "libc" means libc.so.6, "libssl.so" means libssl.so.3. */
	const char *const forms[] = {"%s/%s", "%s/%s.so.[0-9]*", "%s/%s.so", "%s/%s.[0-9]*"};
	for (size_t d = 0; d < array_size(library_directories); d++) {
		for (size_t f = 0; f < array_size(forms); f++) {
			char pattern[512];
			/* The forms are the constants above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(pattern, sizeof(pattern), forms[f], library_directories[d],
				 wanted);
#pragma GCC diagnostic pop
			glob_t found = {0};
			if (glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc &&
			    is_file(found.gl_pathv[0]) && is_elf(found.gl_pathv[0]))
				*ret = strdup(found.gl_pathv[0]);
			globfree(&found);
			if (*ret)
				return NULL;
		}
	}
	return NULL;
}

struct err *module_search(const char *wanted, char **ret_path)
{
	*ret_path = NULL;
	if (strchr(wanted, '/')) {
		if (access(wanted, F_OK) != 0)
			return NULL;
		*ret_path = strdup(wanted);
		return *ret_path ? NULL : &err_nomem;
	}
	/* A glob character is no part of a file name that anyone means. */
	if (strpbrk(wanted, "*?["))
		return NULL;
	struct err *e = search_programs(wanted, ret_path);
	if (e || *ret_path)
		return e;
	return search_libraries(wanted, ret_path);
}
