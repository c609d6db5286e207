/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dlopen and dlclose in a loop, calls through pointers that dlsym gave, and a library that is gone
 * when the trace ends.
 */
#include <dlfcn.h>

#include "integrity.h"

static noinline long use(const char *path, long n)
{
	void *library = dlopen(path, RTLD_NOW);
	if (!library) {
		printf("%s\n", dlerror());
		return -1;
	}
	long (*f)(long) = (long (*)(long))dlsym(library, "plugin_work");
	long ret = f ? f(n) : -2;
	dlclose(library);
	return ret;
}

int main(int argc, char **argv)
{
	char path[4096];
	integrity_start();
	snprintf(path, sizeof(path), "%s", argc ? argv[0] : "");
	char *slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, "libintegrity_plugin.so");
	long sum = 0;
	for (int i = 0; i < 40; i++)
		sum = sum * 3 + use(path, i);
	printf("sum %ld\n", sum);
	integrity_end(END_PLAIN);
	return 0;
}
