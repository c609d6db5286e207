/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backtrace() and _Unwind_Backtrace() from a deep frame: as many frames as without a tracer, all of
 * them in the text of known files.
 */
#include <dlfcn.h>
#include <execinfo.h>
#include <unwind.h>

#include "integrity.h"

static int frames, known;

static _Unwind_Reason_Code on_frame(struct _Unwind_Context *context, void *at)
{
	Dl_info info;
	(void)at;
	frames++;
	known += _Unwind_GetIP(context) && dladdr((void *)_Unwind_GetIP(context), &info) != 0;
	return _URC_NO_REASON;
}

static noinline int look(void)
{
	void *addresses[64];
	int n = backtrace(addresses, 64);
	_Unwind_Backtrace(on_frame, NULL);
	return n;
}

static noinline int deep(int n)
{
	int ret = n ? deep(n - 1) : look();
	return ret + (n & 1);
}

int main(void)
{
	integrity_start();
	long sum = 0;
	for (int i = 0; i < 20; i++)
		sum += deep(i);
	printf("sum %ld frames %d known %d\n", sum, frames, known);
	integrity_end(END_PLAIN);
	return 0;
}
