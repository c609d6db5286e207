/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ordinary program, built in many ways: optimised or not, with landing pads, static, without
 * position-independent code, without a unified text, stripped, with musl, by clang. What the
 * compiler makes of the same source differs in every first and last instruction.
 */
#include "integrity.h"

struct node {
	struct node *left, *right;
	int key;
	double weight;
};

static noinline struct node *insert(struct node *node, int key)
{
	if (!node) {
		node = calloc(1, sizeof(*node));
		node->key = key;
		node->weight = key * 0.5;
		return node;
	}
	if (key < node->key)
		node->left = insert(node->left, key);
	else if (key > node->key)
		node->right = insert(node->right, key);
	else
		node->weight += 1;
	return node;
}

static noinline double weigh(const struct node *node)
{
	return node ? weigh(node->left) + node->weight + weigh(node->right) : 0;
}

static noinline int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static noinline const char *name_of(int n)
{
	switch (n) {
	case 0:
		return "zero";
	case 1:
		return "one";
	case 2:
		return "two";
	case 3:
		return "three";
	case 4:
		return "four";
	case 5:
		return "five";
	case 9:
		return "nine";
	default:
		return "many";
	}
}

static noinline void empty(void)
{
	__asm__ volatile("");
}

static noinline _Bool predicate(int n)
{
	return n % 3 == 1;
}

int main(int argc, char **argv)
{
	integrity_start();
	struct node *root = NULL;
	int numbers[200], length = 0, yes = 0;
	unsigned int random = 99;
	for (int i = 0; i < 200; i++) {
		random = random * 1103515245 + 12345;
		numbers[i] = (int)(random >> 16) % 500;
		root = insert(root, numbers[i]);
		length += (int)strlen(name_of(i % 12));
		yes += predicate(i);
		empty();
	}
	qsort(numbers, 200, sizeof(numbers[0]), compare);
	char text[100];
	snprintf(text, sizeof(text), "%d %d %d %.3f", numbers[0], numbers[100], numbers[199],
		 weigh(root));
	printf("%s %d %d %d %d\n", text, length, yes, argc, argv[0][0] != 0);
	integrity_end(END_NO_DATA);
	return 42;
}
