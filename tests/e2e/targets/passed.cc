/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passed — classes that are passed as their value or as the address of a copy, by what they are
 * made of, as arguments in front of others and as results.
 *
 *	passed [-w] [-h]
 */
#include <memory>
#include <string>

#include "expect.h"

struct counted {
	counted(int number) : count(number)
	{
	}
	counted(const counted &other) : count(other.count)
	{
	}
	~counted()
	{
		count = -1;
	}
	int count;
};

/* By address, for what a base or a member does when it is copied; and for a destructor alone. */
struct derived : counted {
	derived(int number) : counted(number), more(number + 1)
	{
	}
	int more;
};

struct holder {
	counted one;
	int more;
};

template <typename T> struct twice : derived {
	twice(T given) : derived(given), value(given)
	{
	}
	T value;
};

struct named {
	std::string name;
	int more;
};

struct closed {
	~closed()
	{
		more = -1;
	}
	int more;
};

/* By value. */
struct pair {
	int first;
	long second;
};

struct inherits : pair {
};

struct copied {
	copied(int number) : more(number)
	{
	}
	copied(const copied &) = default;
	int more;
};

struct moved {
	moved(int number) : first(number), second(number + 1)
	{
	}
	moved(moved &&) = default;
	int first;
	int second;
};

opaque int bases(derived by, int behind, pair last)
{
	return by.count + by.more + behind + last.first;
}

opaque int parts(holder by, int behind, pair last)
{
	return by.one.count + by.more + behind + last.first;
}

opaque int of_template(twice<int> by, int behind, pair last)
{
	return by.count + by.value + behind + last.first;
}

opaque int texts(named by, int behind, pair last)
{
	return (int)by.name.size() + by.more + behind + last.first;
}

opaque int owners(std::unique_ptr<pair> one, std::shared_ptr<pair> by, pair &behind, pair last)
{
	return one->first + by->first + behind.first + last.first;
}

opaque int ends(closed by, int behind, pair last)
{
	return by.more + behind + last.first;
}

opaque int values(inherits by, int behind, copied last)
{
	return by.first + (int)by.second + behind + last.more;
}

opaque int moves(moved by, int behind, copied last)
{
	return by.first + by.second + behind + last.more;
}

opaque derived make_derived(int number)
{
	return derived(number);
}

opaque holder make_holder(int number)
{
	return {counted(number), 7};
}

opaque named make_named(int number)
{
	return {std::string((size_t)number, 'n'), 7};
}

opaque inherits make_pair(int number)
{
	inherits ret;
	ret.first = number;
	ret.second = -number;
	return ret;
}

static void arguments(int seed)
{
	pair last{seed, -2}, behind{8, 9};
	int got = bases(derived(seed), 5, last);
	expect("bases(by={counted={count=%d}, more=%d}, behind=5, last={first=%d, second=-2}) = %d",
	       seed, seed + 1, seed, got);
	got = parts(holder{counted(seed), 6}, 5, last);
	expect("parts(by={one={count=%d}, more=6}, behind=5, last={first=%d, second=-2}) = %d",
	       seed, seed, got);
	got = of_template(twice<int>(seed), 5, last);
	expect("of_template(by={derived={counted={count=%d}, more=%d}, value=%d}, behind=5, "
	       "last={first=%d, second=-2}) = %d",
	       seed, seed + 1, seed, seed, got);
	got = texts(named{"name", 6}, 5, last);
	expect("texts(by={name=\"name\", more=6}, behind=5, last={first=%d, second=-2}) = %d", seed,
	       got);
	got = owners(std::make_unique<pair>(pair{1, 2}), std::make_shared<pair>(pair{3, 4}), behind,
		     last);
	expect("owners(one={first=1, second=2}, by={first=3, second=4}, "
	       "behind={first=8, second=9}, last={first=%d, second=-2}) = %d",
	       seed, got);
	got = ends(closed{seed}, 5, last);
	expect("ends(by={more=%d}, behind=5, last={first=%d, second=-2}) = %d", seed, seed, got);
	inherits value;
	value.first = seed;
	value.second = 4;
	got = values(value, 5, copied(6));
	expect("values(by={pair={first=%d, second=4}}, behind=5, last={more=6}) = %d", seed, got);
	got = moves(moved(seed), 5, copied(6));
	expect("moves(by={first=%d, second=%d}, behind=5, last={more=6}) = %d", seed, seed + 1,
	       got);
}

static void results(int seed)
{
	make_derived(seed);
	expect("make_derived(number=%d) = {counted={count=%d}, more=%d}", seed, seed, seed + 1);
	make_holder(seed);
	expect("make_holder(number=%d) = {one={count=%d}, more=7}", seed, seed);
	make_named(3);
	expect("make_named(number=3) = {name=\"nnn\", more=7}");
	make_pair(seed);
	expect("make_pair(number=%d) = {pair={first=%d, second=%d}}", seed, seed, -seed);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int seed = argc + 40;
	arguments(seed);
	results(seed);
	return sample_end(&sample, true);
}
