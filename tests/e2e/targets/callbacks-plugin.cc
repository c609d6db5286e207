// SPDX-License-Identifier: Apache-2.0
// callbacks-plugin.cc — comes and goes.
#include "callbacks.h"

namespace
{
struct round_shape : shape {
	int area(int n) override
	{
		return 3 * n * n;
	}
};
round_shape whole;
} // namespace

int plugged_numbers[4] = {1, 2};
char plugged_zeros[2 << 20];
extern const int plugged_constants[4] = {3, 4};

int plugged(int n)
{
	return n + 100;
}

shape *plugged_shape()
{
	return &whole;
}
