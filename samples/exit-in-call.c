/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit-in-call — ends inside nested functions that never return. Their calls must be told all the
 * same, without a result.
 *
 *	exit-in-call [-w] [STATUS]
 */
#include "sample.h"

traced int last(int status)
{
	printf("count first 1\ncount last 1\n");
	exit(status);
}

traced int first(int status)
{
	return last(status) + 1;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	return first((int)sample_number(argc, argv, sample.next, 0));
}
