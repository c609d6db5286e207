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

int plugged(int n)
{
	return n + 100;
}

shape *plugged_shape()
{
	return &whole;
}
