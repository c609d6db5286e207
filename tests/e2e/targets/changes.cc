/* SPDX-License-Identifier: Apache-2.0 */
/*
 * changes — functions that change what their arguments lead to. It compares itself, before and
 * after, and prints what is different.
 *
 *	changes [-w] [-h] [DEPTH]
 */
#include <string>

#include "expect.h"

struct box {
	long sides[2];
	char mark;
};

struct state {
	int count;
	char name[8];
	double weight;
	struct state *next;
	struct box inside;
	unsigned low : 3, high : 7;
	const char *text;
	bool on;
};

opaque int touch(struct state *st, int which)
{
	static struct state other = {9, "other", 0, nullptr, {{0, 0}, 'o'}, 0, 0, "o", false};
	switch (which) {
	case 0:
		st->count++;
		break;
	case 1:
		snprintf(st->name, sizeof(st->name), "new");
		st->weight *= 2.5;
		break;
	case 2:
		st->inside.sides[1] = -7;
		st->inside.mark++;
		break;
	case 3:
		st->high = 99;
		st->on = !st->on;
		break;
	case 4:
		st->text = "other text";
		st->next->count--;
		break;
	case 5:
		st->next = &other;
		break;
	default:
		return -1;
	}
	return which;
}

opaque void number(int *n, unsigned long &by)
{
	*n += (int)by;
	by = 0;
}

opaque long text(std::string &string)
{
	string += "!";
	return (long)string.size();
}

/* By value, and through const: nothing can change. */
opaque long look(const struct state *st, struct state copy)
{
	return st->count + copy.count;
}

opaque int nested(struct state *st, int level)
{
	struct state mine = *st;
	st->count = level;
	if (level > 0)
		nested(&mine, level - 1);
	return level;
}

static void touches(struct state *st, struct state *end)
{
	static const char shown[] = "{count=%d, name=\"%s\", weight=%g, next={count=%d, name=\"end\", "
				    "weight=0, next=NULL, inside={...}, low=0, high=0, text=\"e\", "
				    "on=false}, inside={sides=[1, %ld], mark='%c'}, low=%u, high=%u, "
				    "text=\"%s\", on=%s}, which=%d) = %d";
	static const char *const changes[] = {
		" [st->count: 1 -> 2]",
		" [st->name: \"old\" -> \"new\", st->weight: 2 -> 5]",
		" [st->inside.sides[1]: 2 -> -7, st->inside.mark: 'a' -> 'b']",
		" [st->high: 1 -> 99, st->on: false -> true]",
		" [st->next->count: 7 -> 6, st->text: \"text\" -> \"other text\"]",
	};
	for (int i = 0; i < 7; i++) {
		struct state was = *st, next = *end;
		int got = touch(st, i);
		printf("expect touch(st=");
		printf(shown, was.count, was.name, was.weight, next.count, was.inside.sides[1],
		       was.inside.mark, (unsigned)was.low, (unsigned)was.high, was.text,
		       was.on ? "true" : "false", i, got);
		if (i < 5)
			printf("%s", changes[i]);
		if (i == 5)
			printf(" [st->next: %p -> %p <touch::other>]", (void *)was.next, (void *)st->next);
		putchar('\n');
		if (i == 5)
			st->next = end;
	}
}

static void others(int seed)
{
	int n = seed;
	unsigned long by = 3;
	number(&n, by);
	expect("number(n=[%d], by=3) [*n: %d -> %d, by: 3 -> 0]", seed, seed, seed + 3);
	number(&n, by);
	expect("number(n=[%d], by=0)", n);
	std::string string = "loud";
	text(string);
	expect("text(string=\"loud\") = 5 [string: \"loud\" -> \"loud!\"]");
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	struct state end = {7, "end", 0, nullptr, {{0, 0}, 0}, 0, 0, "e", false};
	struct state st = {1, "old", 2, &end, {{1, 2}, 'a'}, 1, 1, "text", false};
	touches(&st, &end);
	others(argc + 40);
	look(&st, st);
	nested(&st, sample.next < argc ? atoi(argv[sample.next]) : 0);
	return sample_end(&sample, true);
}
