/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usdt-loader — fires the markers of usdt-plugin.c, which is a part of this program, or a library
 * that it loads as it stands (file) or from a copy without a name (memfd).
 *
 *	usdt-loader [-w] [-h] ROUNDS [file|memfd LIBRARY]
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "sample.h"

struct plugin {
	void (*fire)(long round, unsigned long counts[5]);
	unsigned int (*semaphores)(void);
};

#ifdef PLUGIN_LINKED
void plugin_fire(long round, unsigned long counts[5]);
unsigned int plugin_semaphores(void);
#endif

static const char *copy_to_memory(const char *path, char *name, size_t size)
{
	struct stat st;
	int file = open(path, O_RDONLY), memory = memfd_create("plugin", 0);
	if (file < 0 || memory < 0 || fstat(file, &st) || ftruncate(memory, st.st_size))
		exit(1);
	void *from = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, file, 0);
	if (from == MAP_FAILED || write(memory, from, (size_t)st.st_size) != st.st_size)
		exit(1);
	munmap(from, (size_t)st.st_size);
	close(file);
	snprintf(name, size, "/proc/self/fd/%d", memory);
	return name;
}

static struct plugin load(const char *how, const char *path)
{
	struct plugin plugin;
	char name[64];
	if (!strcmp(how, "memfd"))
		path = copy_to_memory(path, name, sizeof(name));
	void *library = dlopen(path, RTLD_NOW);
	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	*(void **)&plugin.fire = dlsym(library, "plugin_fire");
	*(void **)&plugin.semaphores = dlsym(library, "plugin_semaphores");
	return plugin;
}

int main(int argc, char **argv)
{
	unsigned long counts[5] = {0};
	struct plugin plugin = {NULL, NULL};
	/* Loaded before "ready" is said. */
	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], "file") || !strcmp(argv[i], "memfd"))
			plugin = load(argv[i], argv[i + 1]);
#ifdef PLUGIN_LINKED
	plugin = (struct plugin){plugin_fire, plugin_semaphores};
#endif
	struct sample sample = sample_begin(argc, argv);
	long rounds = sample_number(argc, argv, sample.next, 1);
	for (long i = 0; i < rounds; i++)
		plugin.fire(i, counts);
	for (int i = 0; i < 5; i++) {
		char name[16];
		snprintf(name, sizeof(name), "place%d", i);
		sample_count(name, counts[i]);
	}
	fflush(stdout);
	int status = sample_end(&sample, true);
	sample_count("semaphores", plugin.semaphores());
	return status;
}
