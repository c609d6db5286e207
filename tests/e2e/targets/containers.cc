/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containers — strings, containers and pointers of the C++ standard library, and what a tracer must
 * show of them, letter by letter.
 *
 *	containers [-w] [-h]
 */
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expect.h"

struct point {
	int x, y;
};

struct person {
	std::string name;
	std::vector<short> marks;
	std::optional<int> age;
	std::unique_ptr<point> home;
};

struct options {
	short count;
	std::vector<bool> given;
	int last;
};

struct shared {
	std::atomic<short> users;
	std::atomic<bool> open;
	std::atomic<point *> at;
	std::atomic<point> now;
	int last;
};

struct counter {
	int count;
	int add(int more, std::string_view why);
};

opaque int texts(const std::string &brief, const std::string &lengthy, std::string copy,
		 std::string *none)
{
	return (int)(brief.size() + lengthy.size() + copy.size()) + (none != nullptr);
}

opaque int views(std::string_view view, std::string_view empty, int more)
{
	return (int)(view.size() + empty.size()) + more;
}

opaque int vectors(const std::vector<int> &some, const std::vector<point> *points,
		   const std::vector<char> &empty, const std::vector<long> &many)
{
	return (int)(some.size() + points->size() + empty.size() + many.size());
}

opaque int lists(const std::vector<std::string> &words, const std::vector<std::string> *none)
{
	return (int)(words.size() + none->size());
}

opaque int owners(const std::unique_ptr<point> &unique, const std::shared_ptr<point> &shared,
		  const std::unique_ptr<int> &number, std::unique_ptr<point> none)
{
	return unique->x + shared->y + *number + (none != nullptr);
}

opaque int maybe(std::optional<int> some, const std::optional<std::string> &text,
		 const std::optional<point> &none)
{
	return *some + (int)text->size() + none.has_value();
}

opaque int members(const person &who)
{
	return *who.age;
}

opaque int bits(const std::vector<bool> &some, std::vector<bool> copy, const std::vector<bool> *none,
		const std::vector<bool> &empty)
{
	return (int)(some.size() + copy.size() + empty.size()) + (none != nullptr);
}

opaque int held(const options &all, const std::vector<std::vector<bool>> &rows)
{
	return (int)(all.given.size() + rows.size()) + all.count;
}

opaque int atomics(std::atomic<int> &number, const shared *all, const std::vector<std::atomic<int>> &some)
{
	return number + all->users + (int)some.size();
}

opaque int times(std::chrono::milliseconds wait, const std::chrono::nanoseconds &exact,
		 std::chrono::system_clock::time_point at,
		 const std::vector<std::chrono::seconds> &some, std::reference_wrapper<point> what)
{
	return (int)wait.count() + (int)exact.count() + (at.time_since_epoch().count() > 0) +
	       (int)some.size() + what.get().y;
}

opaque int rows(int (&both)[2], const char (&text)[6], const std::string (&words)[2], int (*first)[3],
		point (&points)[2], int (*none)[2])
{
	return both[1] + text[0] + (int)words[1].size() + (*first)[2] + points[1].y + (none != nullptr);
}

opaque int references(int &number, const point &at, const double &real, point &&moved)
{
	return number + at.x + (int)real + moved.y;
}

opaque std::string give(int size)
{
	return std::string((size_t)size, 'g');
}

__attribute__((noinline)) int counter::add(int more, std::string_view why)
{
	count += more + (int)why.size() - (why.data() == nullptr);
	return count;
}

static int (counter::*volatile add)(int, std::string_view) = &counter::add;

static void strings(int seed)
{
	std::string lengthy(40, 'z'), cut(300, 'c');
	int got = texts("brief", lengthy, "copy \"of\" it", nullptr);
	expect("texts(brief=\"brief\", lengthy=\"%s\", copy=\"copy \\\"of\\\" it\", none=NULL) = %d",
	       lengthy.c_str(), got);
	got = texts("", cut, cut, &lengthy);
	expect("texts(brief=\"\", lengthy=\"%s\"..., copy=\"%s\"..., none=\"%s\") = %d",
	       cut.substr(0, 256).c_str(), cut.substr(0, 256).c_str(), lengthy.c_str(), got);
	got = views(std::string_view(lengthy).substr(36), {}, seed);
	expect("views(view=\"zzzz\", empty=\"\", more=%d) = %d", seed, got);
	std::string given = give(seed);
	expect("give(size=%d) = \"%s\"", seed, given.c_str());
	given = give(3);
	expect("give(size=3) = \"ggg\"");
}

static void arrays(int seed)
{
	std::vector<long> many;
	for (long i = 0; i < 100; i++)
		many.push_back(seed + i);
	std::vector<point> points{{1, 2}, {seed, 4}};
	int got = vectors({1, -2, seed}, &points, {}, many);
	printf("expect vectors(some=[1, -2, %d], points=[{x=1, y=2}, {x=%d, y=4}], empty=\"\", many=[",
	       seed, seed);
	for (long i = 0; i < 32; i++)
		printf("%ld, ", seed + i);
	printf("...]) = %d\n", got);
}

static void text_arrays(int seed)
{
	std::vector<std::string> words{"one", "", "exactly fifteen",
				       std::string((size_t)seed, 'x')},
		none;
	int got = lists(words, &none);
	expect("lists(words=[\"one\", \"\", \"exactly fifteen\", \"%s\"], none=[]) = %d",
	       words[3].c_str(), got);
}

static std::string text(const std::vector<bool> &all)
{
	std::string ret;
	for (size_t i = 0; i < all.size() && i <= 64; i++)
		ret += (i ? ", " : "") + std::string(i == 64 ? "..." : all[i] ? "true" : "false");
	return ret;
}

static void words(void)
{
	for (size_t size : {1, 9, 63, 64, 65, 300}) {
		std::vector<bool> some, copy, empty;
		for (size_t i = 0; i < size; i++) {
			some.push_back(i % 3 == 0);
			copy.push_back(i * i % 7 == 1);
		}
		if (size == 9) { /* it has had some */
			empty.resize(100, true);
			empty.clear();
		}
		int got = bits(some, copy, size == 9 ? &copy : nullptr, empty);
		expect("bits(some=[%s], copy=[%s], none=%s, empty=[]) = %d", text(some).c_str(),
		       text(copy).c_str(), size == 9 ? ("[" + text(copy) + "]").c_str() : "NULL",
		       got);
		got = held({2, copy, 3}, {some, {}});
		expect("held(all={count=2, given=[%s], last=3}, rows=[<std::vector of %zu>, <std::vector of 0>]) = %d",
		       text(copy).c_str(), size, got);
	}
}

static void counters(int seed)
{
	std::atomic<int> number{seed};
	point at{seed, 2};
	const shared all{{3}, {true}, {&at}, {point{4, seed}}, 5};
	std::vector<std::atomic<int>> some(3);
	some[1] = -seed;
	int got = atomics(number, &all, some);
	expect("atomics(number=%d, all={users=3, open=true, at={x=%d, y=2}, now={x=4, y=%d}, last=5}, some=[0, %d, 0]) = %d",
	       seed, seed, seed, -seed, got);
}

static void clocks(int seed)
{
	auto at = std::chrono::system_clock::now();
	point what{seed, 3};
	int got = times(std::chrono::milliseconds(-seed), std::chrono::nanoseconds(seed), at,
			{std::chrono::seconds(1), std::chrono::minutes(2)}, what);
	expect("times(wait=%d, exact=%d, at=%lld, some=[1, 120], what={x=%d, y=3}) = %d", -seed,
	       seed, (long long)at.time_since_epoch().count(), seed, got);
}

static void row(int seed)
{
	int both[] = {1, seed}, table[2][3] = {{1, 2, seed}, {4, 5, 6}};
	const std::string words[] = {"one", std::string((size_t)seed, 'w')};
	point points[] = {{1, 2}, {3, seed}};
	int got = rows(both, "hello", words, table, points, nullptr);
	expect("rows(both=[1, %d], text=\"hello\", words=[\"one\", \"%s\"], first=[[1, 2, %d]], "
	       "points=[{x=1, y=2}, {x=3, y=%d}], none=NULL) = %d",
	       seed, words[1].c_str(), seed, seed, got);
}

static void pointers(int seed)
{
	auto shared = std::make_shared<point>(point{3, seed});
	auto unique = std::make_unique<point>(point{seed, 2});
	int got = owners(unique, shared, std::make_unique<int>(seed), nullptr);
	expect("owners(unique={x=%d, y=2}, shared={x=3, y=%d}, number=[%d], none=NULL) = %d", seed,
	       seed, seed, got);
	got = maybe(seed, "text", {});
	expect("maybe(some=%d, text=\"text\", none=nullopt) = %d", seed, got);
	person who{"Ada", {1, 2, (short)seed}, seed, std::make_unique<point>(point{5, 6})};
	got = members(who);
	expect("members(who={name=\"Ada\", marks=[1, 2, %d], age=%d, home={x=5, y=6}}) = %d", seed,
	       seed, got);
	int number = seed;
	double real = 0.5;
	point at{seed, 1};
	got = references(number, at, real, point{8, 9});
	expect("references(number=%d, at={x=%d, y=1}, real=0.5, moved={x=8, y=9}) = %d", seed, seed,
	       got);
	counter counter{seed};
	got = (counter.*add)(2, "why");
	expect("counter::add(this={count=%d}, more=2, why=\"why\") = %d", seed, got);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int seed = argc + 40;
	strings(seed);
	arrays(seed);
	text_arrays(seed);
	words();
	counters(seed);
	clocks(seed);
	row(seed);
	pointers(seed);
	return sample_end(&sample, true);
}
