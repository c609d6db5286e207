// SPDX-License-Identifier: Apache-2.0
/*
 * callbacks — gives functions and objects of its own, of libraries, and of a plugin to a library,
 * and says how a tracer of that library must show them.
 *
 *	callbacks [-w] PLUGIN [ROUNDS]
 *
 * After ROUNDS, which take one round from it, it becomes the same program once more.
 */
#include "callbacks.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "expect.h"

#define ROOM (1 << 20)

struct square : shape {
	int area(int n) override
	{
		return n * n;
	}
};

static int twice(int n)
{
	return 2 * n;
}

int thrice(int n)
{
	return 3 * n;
}

static int compare(const void *a, const void *b)
{
	return *static_cast<const int *>(a) - *static_cast<const int *>(b);
}

static void *worker(void *argument)
{
	return argument;
}

static void *vtable(shape *object)
{
	return *reinterpret_cast<void **>(object);
}

static void call(callback function, const char *name, void *data, int n)
{
	char shown[32] = "NULL";
	if (data)
		snprintf(shown, sizeof(shown), "%p", data);
	int result = call_it(function, data, n);
	expect("call_it(call=%s, data=%s, n=%d) = %d", name, shown, n, result);
}

static int numbered[8] = {1};
static char zeros[3 * 4096];

/* Behind `where` in this or another file, and what has no name. */
static void lead(void *data, const char *name)
{
	int result = call_it(nullptr, data, 0);
	expect("call_it(call=NULL, data=%p%s, n=0) = %d", data, name, result);
}

static void lead_to_data()
{
	int own = 0;
	void *heap = malloc(1 << 20);
	lead(numbered, " <numbered>");
	lead(&numbered[3], " <numbered+12>");
	lead(&zeros[8200], " <zeros+8200>");
	lead(stdout, " <_IO_2_1_stdout_>");
	lead(reinterpret_cast<void *>(twice), " <twice>");
	lead(&own, "");
	lead(heap, "");
	free(heap);
}

/* Where the plugin has something, and where it had it, when anything else is there. */
static void lead_to_plugin(const char *path)
{
	for (int i = 0; i < 2; i++) {
		void *plugin = dlopen(path, RTLD_NOW);
		char *many = static_cast<char *>(dlsym(plugin, "plugged_numbers"));
		char *none = static_cast<char *>(dlsym(plugin, "plugged_zeros"));
		char *constant = static_cast<char *>(dlsym(plugin, "plugged_constants"));
		lead(many + 4, " <plugged_numbers+4>");
		lead(none + ROOM, " <plugged_zeros+1048576>");
		lead(constant, " <plugged_constants>");
		dlclose(plugin);
		char *page = reinterpret_cast<char *>(reinterpret_cast<uintptr_t>(none + ROOM) &
						      ~4095UL);
		if (mmap(page, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != page)
			exit(1);
		lead(none + ROOM, "");
		lead(page, "");
	}
}

static void draw(shape *object, const char *type, int n)
{
	int result = measure(object, n);
	expect("measure(shape={_vptr.shape=%p <vtable for %s+16>, kind=1}, n=%d) = %d",
	       vtable(object), type, n, result);
}

static void *load(const char *path, callback *ret, shape **ret_shape)
{
	void *plugin = dlopen(path, RTLD_NOW);
	if (!plugin) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	*reinterpret_cast<void **>(ret) = dlsym(plugin, "plugged");
	shape *(*find)();
	*reinterpret_cast<void **>(&find) = dlsym(plugin, "plugged_shape");
	*ret_shape = find();
	return plugin;
}

/* At another address each time; what lies where it was before has no name. */
static void call_plugin(const char *path)
{
	callback plugged;
	shape *object;
	for (int i = 0; i < 2; i++) {
		void *plugin = load(path, &plugged, &object);
		call(plugged, "&plugged", nullptr, i);
		draw(object, "(anonymous namespace)::round_shape", 2);
		dlclose(plugin);
		char *page =
			reinterpret_cast<char *>(reinterpret_cast<uintptr_t>(plugged) & ~4095UL);
		if (mmap(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != page)
			exit(1);
		/* It returns what it is given, in one instruction or two. */
		static const unsigned char code[] =
#if defined(__x86_64__)
			{0x89, 0xf8, 0xc3};
#else
			{0xc0, 0x03, 0x5f, 0xd6};
#endif
		char *text = reinterpret_cast<char *>(plugged);
		memcpy(text, code, sizeof(code));
		__builtin___clear_cache(text, text + sizeof(code));
		char shown[32];
		snprintf(shown, sizeof(shown), "%p", reinterpret_cast<void *>(plugged));
		call(plugged, shown, nullptr, 7);
	}
}

static void round_of_calls(const char *plugin)
{
	int numbers[] = {3, 1, 2};
	square own;
	shape plain;
	struct hooks both = {twice, thrice, numbers};
	call(twice, "&twice", numbers, 4);
	call(thrice, "&thrice", nullptr, 5);
	call(abs, "&abs", nullptr, -3);
	call(nullptr, "NULL", nullptr, 1);
	int result = call_hooks(&both, 6);
	expect("call_hooks(hooks={first=&twice, second=&thrice, data=%p}, n=6) = %d",
	       static_cast<void *>(numbers), result);
	draw(&own, "square", 3);
	draw(&plain, "shape", 3);
	call_plugin(plugin);
	lead_to_data();
	lead_to_plugin(plugin);
	qsort(numbers, 3, sizeof(*numbers), compare);
	pthread_t thread;
	pthread_create(&thread, nullptr, worker, numbers);
	pthread_join(thread, nullptr);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	const char *plugin = argv[sample.next];
	long rounds = sample_number(argc, argv, sample.next + 1, 1);
	round_of_calls(plugin);
	if (rounds > 1) {
		char left[24];
		snprintf(left, sizeof(left), "%ld", rounds - 1);
		fflush(stdout);
		execl("/proc/self/exe", argv[0], plugin, left, static_cast<char *>(nullptr));
		return 1;
	}
	return sample_end(&sample, true);
}
