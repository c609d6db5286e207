/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugins — loads a library while it runs, and says when.
 *
 *	plugins [-w] [-h] LIBRARY [CALLS [LOADS]]
 *
 * Each of LOADS times: loads it, says "loaded", waits for a line, calls plugin_work(0..CALLS-1),
 * unloads it. LOADS 0: one load, without the wait.
 */
#include <dlfcn.h>

#include "sample.h"

static bool load_and_call(const char *path, int calls, bool wait, unsigned long *count)
{
	bool correct = true;
	void *library = dlopen(path, RTLD_NOW);
	long (*work)(int) = NULL;
	if (library)
		*(void **)&work = dlsym(library, "plugin_work");
	if (!work) {
		fprintf(stderr, "%s\n", dlerror());
		return false;
	}
	if (wait)
		sample_wait("loaded");
	for (int i = 0; i < calls; i++) {
		correct &= work(i) == 2L * i;
		++*count;
	}
	dlclose(library);
	return correct;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	const char *path = sample.next < argc ? argv[sample.next] : "./libplugin.so";
	int calls = (int)sample_number(argc, argv, sample.next + 1, 10);
	long loads = sample_number(argc, argv, sample.next + 2, 1);
	unsigned long count = 0;
	bool correct = loads > 0 || load_and_call(path, calls, false, &count);
	for (long i = 0; i < loads; i++)
		correct = load_and_call(path, calls, true, &count) && correct;
	sample_count("plugin_work", count);
	return sample_end(&sample, correct);
}
