// SPDX-License-Identifier: Apache-2.0
// callbacks.h — what callbacks.cc, its library and its plugin know of each other.
#ifndef UTRAIL_TARGETS_CALLBACKS_H
#define UTRAIL_TARGETS_CALLBACKS_H

using callback = int (*)(int);

struct hooks {
	callback first, second;
	void *data;
};

struct shape {
	virtual int area(int n);
	virtual ~shape() = default;
	int kind = 1;
};

extern "C" {
int call_it(callback call, void *data, int n);
int call_hooks(const struct hooks *hooks, int n);
int measure(shape *shape, int n);
// The plugin's.
int plugged(int n);
extern int plugged_numbers[4];
extern char plugged_zeros[2 << 20];
extern const int plugged_constants[4];
shape *plugged_shape();
}

#endif
