// SPDX-License-Identifier: Apache-2.0
/*
 * pointers — pointers to what has a name in this program, and to what has none, and how a tracer
 * must show them.
 *
 *	pointers [-w]
 */
#include "expect.h"

// As the compiler calls it.
#ifdef __clang__
#define VPTR "_vptr$"
#else
#define VPTR "_vptr."
#endif

extern "C" {
int table[4] = {1, 2, 3, 4};
char room[4096]; // the file has no content for it
static long hidden = 5;
static int own[3];
const char *const words[] = {"one", "two"};
int callee(int n)
{
	return n + 1;
}
}

struct base {
	virtual ~base() = default;
	virtual int number() const { return id; }
	int twice(int n) const __attribute__((noinline)) { return id * 2 + n; }
	int id = 3;
};

struct derived : base {
	int number() const override { return id * 2; }
	double more = 1;
};

namespace names
{
struct derived space;
}

struct holder {
	void *data;
	int (*call)(int);
	int **list;
	int value;
};

opaque int take(void *a, const void *b, int c)
{
	return c + (a != b);
}

opaque void *give(int which, void *otherwise)
{
	return which == 0 ? &own[2] : which == 1 ? (void *)room : which == 2 ? otherwise : nullptr;
}

opaque int hold(struct holder *holder, int (*call)(int), void *code)
{
	return call(holder->value) + (code == (void *)holder->call);
}

opaque int virtually(const struct base *object)
{
	int number = object->number();
	return number < 0 ? 0 : number; // no jump
}

/* What follows them is in the registers behind theirs. */
opaque int members(int base::*where, int (base::*what)(int) const, int more)
{
	struct base plain;
	return (where ? plain.*where : 0) + (what ? (plain.*what)(more) : 0) + more;
}

static void of_classes()
{
	int (base::*what)(int) const = &base::twice;
	struct base plain;
	expect("members(where=%td, what={ptr=&base::twice, adj=0}, more=5) = 19", (char *)&plain.id - (char *)&plain);
	members(&base::id, what, 5);
	expect("members(where=-1, what={ptr=NULL, adj=0}, more=6) = 6");
	members(nullptr, nullptr, 6);
}

static void all(int seed)
{
	int *pointers[2] = {&table[1], nullptr};
	void *heap = malloc(64);
	char near[16];
	memset(near, seed, sizeof(near));
	struct derived derived;
	struct base plain;

	expect("take(a=%p <table+4>, b=%p <hidden>, c=7) = 8", (void *)&table[1], (void *)&hidden);
	take(&table[1], &hidden, 7);
	expect("take(a=%p <room>, b=%p <room+4095>, c=7) = 8", (void *)room, (void *)(room + 4095));
	take(room, room + 4095, 7);
	expect("take(a=%p, b=%p, c=7) = 8", heap, (void *)near);
	take(heap, near, 7);
	expect("take(a=%p, b=NULL, c=7) = 8", (void *)1);
	take((void *)1, nullptr, 7);
	expect("take(a=%p <callee>, b=%p <callee+1>, c=7) = 8", (void *)callee, (void *)((char *)callee + 1));
	take((void *)callee, (char *)callee + 1, 7);
	expect("take(a=%p <words+8>, b=%p <names::space+8>, c=7) = 8", (void *)&words[1], (void *)&names::space.id);
	take((void *)&words[1], &names::space.id, 7);

	expect("give(which=0, otherwise=%p) = %p <own+8>", heap, (void *)&own[2]);
	give(0, heap);
	expect("give(which=1, otherwise=%p) = %p <room>", heap, (void *)room);
	give(1, heap);
	expect("give(which=2, otherwise=%p) = %p", heap, heap);
	give(2, heap);
	expect("give(which=3, otherwise=%p <table>) = NULL", (void *)table);
	give(3, table);

	struct holder holder = {&hidden, callee, pointers, 9};
	expect("hold(holder={data=%p <hidden>, call=&callee, list=%p, value=9}, call=&callee, code=%p <callee>) = 11",
	       (void *)&hidden, (void *)pointers, (void *)callee);
	hold(&holder, callee, (void *)callee);
	holder.data = heap;
	expect("hold(holder={data=%p, call=&callee, list=%p, value=9}, call=&callee, code=NULL) = 10", heap,
	       (void *)pointers);
	hold(&holder, callee, nullptr);

	expect("virtually(object={" VPTR "base=%p <vtable for base+16>, id=3}) = 3", *(void **)&plain);
	virtually(&plain);
	expect("virtually(object={" VPTR "base=%p <vtable for derived+16>, id=3}) = 6", *(void **)&derived);
	virtually(&derived);
	free(heap);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	all(argc + 40);
	of_classes();
	return sample_end(&sample, true);
}
