// SPDX-License-Identifier: Apache-2.0
// callbacks-library.cc — is given functions and objects that other files have.
#include "callbacks.h"

int shape::area(int n)
{
	return n;
}

int call_it(callback call, void *data, int n)
{
	return (call ? call(n) : 0) + (data != nullptr);
}

int call_hooks(const struct hooks *hooks, int n)
{
	return hooks->first(n) + hooks->second(n);
}

int measure(shape *shape, int n)
{
	return shape->area(n);
}
