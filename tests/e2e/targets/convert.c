/* SPDX-License-Identifier: Apache-2.0 */
/*
 * convert — makes libc load a library that can throw, although the program imports no dlopen().
 *
 *	convert [-w] [-h] [CALLS]
 *
 * Calls work(0..CALLS-1), asks iconv for the character set THROWING, which a module found by
 * GCONV_PATH offers, says "loaded", waits for a line, and goes on with work(CALLS..2*CALLS-1).
 */
#include <iconv.h>

#include "sample.h"

traced int work(int n)
{
	return 3 * n;
}

static bool call(int from, int until)
{
	bool correct = true;
	for (int i = from; i < until; i++)
		correct = correct && work(i) == 3 * i;
	return correct;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int calls = (int)sample_number(argc, argv, sample.next, 20);
	bool correct = call(0, calls);
	iconv_t converter = iconv_open("THROWING//", "UTF-8");
	correct = correct && converter != (iconv_t)-1;
	sample_wait("loaded");
	correct = call(calls, 2 * calls) && correct;
	sample_count("work", 2ul * calls);
	return sample_end(&sample, correct);
}
