/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members — hands over structures in registers, and counts what conditions on their members ask
 * for.
 *
 *	members [-w] [-h]
 */
#include "expect.h"

struct point {
	int x, y;
};

struct node {
	const struct node *next;
	short kind;
	unsigned char tag;
	bool is_last;
	unsigned int low : 5, high : 7;
};

struct mixed {
	double weight;
	struct {
		int depth;
		signed char step;
	} at;
};

opaque struct point move(struct point from, int by)
{
	return (struct point){from.x + by, from.y - by};
}

opaque struct node chain(struct node node)
{
	node.kind++;
	return node;
}

opaque int weigh(struct mixed mixed)
{
	return (int)mixed.weight + mixed.at.depth;
}

/* The last one is on the stack: a structure is never half in registers. */
opaque int many(struct node a, struct node b, int c, struct node d)
{
	return a.kind + b.kind + c + d.kind;
}

/* Numbers above the half of what a signed type of their size can hold. */
enum __attribute__((packed)) grade { GRADE_LOW = 1, GRADE_HIGH = 200 };
enum far { FAR_NONE, FAR_HALF = 0x80000000u, FAR_MOST = 0xfffffff0u };
enum below { BELOW_NONE, BELOW_ZERO = -5 };

struct marks {
	unsigned int three : 3, one : 1;
	unsigned long forty : 40;
	enum grade grade;
};

opaque enum far judge(enum grade grade, enum far far, enum below below, const struct marks *marks)
{
	return grade > 100 ? far : (enum far)(marks->three + below + 5);
}

#define ROUNDS 60

static unsigned int counts[19];

static void judge_round(int n)
{
	struct marks marks = {(unsigned int)n, (unsigned int)n, (unsigned long)n << 33,
			      (enum grade)(n * 4)};
	enum grade grade = (enum grade)(n * 4);
	enum far far = (enum far)(0x7fffffe0u + (unsigned int)n);
	enum below below = n % 3 ? BELOW_NONE : BELOW_ZERO;
	enum far judged = judge(grade, far, below, &marks);
	counts[12] += (unsigned int)grade > 100;
	counts[13] += (unsigned int)far >= 0x80000000u;
	counts[14] += (int)below < 0;
	counts[15] += (unsigned int)marks.grade <= GRADE_HIGH;
	counts[16] += (unsigned int)judged > 0x7fffffe0u;
	counts[17] += marks.three > 5;
	counts[18] += marks.forty >= 1ul << 38;
}

static void count(int n, const struct point *moved, const struct node *node)
{
	counts[0] += n - 30 > 5;
	counts[1] += 7 * n - 100 < 0;
	counts[2] += moved->y > 150;
	counts[3] += node->kind == -4;
	counts[4] += node->tag > 250;
	counts[5] += node->is_last;
	counts[6] += node->high == 70;
	counts[7] += node->low != 3;
	counts[8] += node->next && node->next->kind > 20;
	counts[9] += n - 40 >= 9;
	counts[10] += (signed char)(n * 3) < -100;
	counts[11] += (short)(n + 1000) == 1007;
}

static void round_of(int n)
{
	struct point from = {n - 30, 7 * n - 100};
	struct node other = {NULL, (short)n, 1, false, 1, 2};
	struct node node = {n & 1 ? &other : NULL,  (short)(n % 9 - 8),
			    (unsigned char)(n * 9), n % 5 == 0,
			    (unsigned int)n % 32u,  (unsigned int)n + 40u};
	struct mixed mixed = {n * 0.5, {n - 40, (signed char)(n * 3)}};
	struct node far = {NULL, (short)(n + 1000), 2, true, 3, 4};
	struct point moved = move(from, n);
	chain(node);
	weigh(mixed);
	many(node, node, n, far);
	count(n, &moved, &node);
	judge_round(n);
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"x",       "y",	   "ret",   "kind", "tag",
					    "is_last", "high",	   "low",   "next", "depth",
					    "step",    "on_stack", "grade", "far",  "below",
					    "marked",  "judged",   "three", "forty"};
	struct sample sample = sample_begin(argc, argv);
	for (int n = 0; n < ROUNDS; n++)
		round_of(n);
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		sample_count(names[i], counts[i]);
	return sample_end(&sample, true);
}
