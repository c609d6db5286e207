/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deep — containers in containers in containers, and those whose elements are in nodes of their
 * own; it says itself, by walking them as a program does, what a tracer must show.
 *
 *	deep [-w] [-h] [more | wild]
 */
#include <array>
#include <cstring>
#include <deque>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "expect.h"

struct request {
	std::string path;
	std::vector<int> ids;
	std::optional<std::string> user;
};

struct service {
	std::string name;
	std::map<std::string, std::string> options;
	std::list<int> ids;
	std::deque<std::string> queue;
};

struct cells {
	int row;
	std::array<std::string, 2> pair;
	std::string last;
};

using strings = std::vector<std::string>;
template <typename item> using rows = std::vector<std::vector<item>>;

/* --- what must be shown ----------------------------------------------------------------------- */

enum { SOME = 32 }; /* elements of a container whose elements have nodes */

static std::string text(int number)
{
	return std::to_string(number);
}

static std::string text(const std::string &some)
{
	return '"' + some + '"';
}

template <typename item> static std::string text(const std::optional<item> &some)
{
	return some ? text(*some) : "nullopt";
}

static std::string text(const request &one);
static std::string text(const cells &one);
template <typename key, typename value> static std::string text(const std::pair<key, value> &entry);
template <typename item> static std::string text(const std::vector<item> &all);
template <typename item> static std::string text(const std::unique_ptr<item> &owner);

template <typename container>
static std::string items(const container &all, const char *brackets, size_t most)
{
	std::string ret(1, brackets[0]);
	size_t count = 0;
	for (const auto &one : all) {
		ret += count ? ", " : "";
		if (count++ == most) {
			ret += "...";
			break;
		}
		ret += text(one);
	}
	return ret + brackets[1];
}

template <typename key, typename value> static std::string text(const std::pair<key, value> &entry)
{
	return text(entry.first) + ": " + text(entry.second);
}

template <typename item> static std::string text(const std::vector<item> &all)
{
	return items(all, "[]", 1000);
}

template <typename item> static std::string text(const std::unique_ptr<item> &owner)
{
	return owner ? text(*owner) : "NULL";
}

static std::string text(const request &one)
{
	return "{path=" + text(one.path) + ", ids=" + text(one.ids) + ", user=" + text(one.user) + "}";
}

static std::string text(const cells &one)
{
	return "{row=" + text(one.row) + ", pair=" + items(one.pair, "[]", 2) +
	       ", last=" + text(one.last) + "}";
}

template <typename item> static std::string blocks(const std::deque<item> &queue)
{
	return items(queue, "[]", SOME);
}

/* --- the functions ----------------------------------------------------------------------------- */

opaque int tables(const rows<std::string> &all, const std::vector<rows<int>> &cubes)
{
	return (int)(all.size() + cubes.size());
}

opaque int requests(const std::vector<request> &all, const std::vector<std::unique_ptr<request>> &owned)
{
	return (int)(all.size() + owned.size());
}

opaque int whole(request one, const request *other)
{
	return (int)(one.ids.size() + other->ids.size());
}

opaque int grids(const std::vector<cells> &all)
{
	return (int)all.size();
}

opaque int trees(const std::map<int, std::string> &names, const std::set<std::string> &words,
		 const std::multimap<int, int> &several)
{
	return (int)(names.size() + words.size() + several.size());
}

opaque int mixed(const std::map<std::string, std::vector<int>> &by_name,
		 const std::map<int, request> &by_number)
{
	return (int)(by_name.size() + by_number.size());
}

opaque int hashes(const std::unordered_map<std::string, int> &map, const std::unordered_set<int> &set)
{
	return (int)(map.size() + set.size());
}

opaque int chains(const std::list<std::string> &list, const std::forward_list<int> &forward,
		  const std::deque<int> &queue)
{
	return (int)(list.size() + queue.size()) + forward.empty();
}

opaque int serve(const service *one)
{
	return (int)one->queue.size();
}

opaque int narrow(const std::set<short> &set, const std::map<short, signed char> &map,
		  const std::multiset<bool> &flags, const std::unordered_multimap<short, short> &hash)
{
	return (int)(set.size() + map.size() + flags.size() + hash.size());
}

opaque int empty(const std::map<int, int> &map, const std::list<int> &list,
		 const std::unordered_set<int> &set, const std::deque<int> &queue)
{
	return (int)(map.size() + list.size() + set.size() + queue.size());
}

opaque int plenty(const std::vector<int> &numbers, const std::set<int> &set)
{
	return (int)(numbers.size() + set.size());
}

using record = std::tuple<int, std::string, strings>;

opaque int records(const record &one, const std::vector<record> &all,
		   const std::pair<std::string, int> &entry)
{
	return std::get<0>(one) + (int)all.size() + entry.second;
}

opaque int texts(const strings &some)
{
	return (int)some.size();
}

/* What no program should have, but a bug makes. */
opaque int wild(const std::vector<int> &numbers, const std::list<int> &list,
		const std::map<int, int> &map, const strings &words)
{
	const void *first = &numbers, *second = &list, *third = &map, *fourth = &words;
	return first && second && third && fourth;
}

/* --- calls ------------------------------------------------------------------------------------- */

static void nested(int seed)
{
	std::string lengthy(50, 'l');
	rows<std::string> all{{"a", lengthy}, {}, {std::to_string(seed)}};
	std::vector<rows<int>> cubes{{{1, 2}, {}}, {}, {{seed}}};
	int got = tables(all, cubes);
	expect("tables(all=%s, cubes=%s) = %d", text(all).c_str(), text(cubes).c_str(), got);
	request one{"/" + lengthy, {1, 2, seed}, "bob"}, other{"/", {}, std::nullopt};
	std::vector<request> some{one, other};
	std::vector<std::unique_ptr<request>> owned;
	owned.push_back(std::make_unique<request>(other));
	owned.push_back(nullptr);
	owned.push_back(std::make_unique<request>(one));
	got = requests(some, owned);
	expect("requests(all=%s, owned=%s) = %d", text(some).c_str(), text(owned).c_str(), got);
	got = whole(one, &other);
	expect("whole(one=%s, other=%s) = %d", text(one).c_str(), text(other).c_str(), got);
	record first{seed, lengthy, {"t"}}, second{2, "brief", {}};
	got = records(first, {first, second}, {lengthy, 3});
	std::string told = "{41, \"" + lengthy + "\", [\"t\"]}";
	expect("records(one=%s, all=[%s, {2, \"brief\", []}], entry={first=\"%s\", second=3}) = %d",
	       told.c_str(), told.c_str(), lengthy.c_str(), got);
	std::vector<cells> grid{{1, {"x", lengthy}, "y"}, {seed, {lengthy, ""}, lengthy}};
	got = grids(grid);
	expect("grids(all=%s) = %d", text(grid).c_str(), got);
}

static void nodes(int seed)
{
	std::string lengthy(50, 'n');
	std::map<int, std::string> names;
	std::set<std::string> words{lengthy, "b", std::to_string(seed)};
	std::multimap<int, int> several{{2, 1}, {2, seed}, {1, 7}};
	for (int i = 0; i < seed; i++)
		names[i * 7919 % 1000] = std::to_string(i);
	int got = trees(names, words, several);
	expect("trees(names=%s, words=%s, several=%s) = %d", items(names, "{}", SOME).c_str(),
	       items(words, "{}", SOME).c_str(), items(several, "{}", SOME).c_str(), got);
	std::map<std::string, std::vector<int>> by_name{{lengthy, {1, seed}}, {"none", {}}};
	std::map<int, request> by_number{{1, {"/", {seed}, lengthy}}, {2, {lengthy, {}, std::nullopt}}};
	got = mixed(by_name, by_number);
	expect("mixed(by_name=%s, by_number=%s) = %d", items(by_name, "{}", SOME).c_str(),
	       items(by_number, "{}", SOME).c_str(), got);
	std::unordered_map<std::string, int> map{{"one", 1}, {lengthy, seed}, {"three", 3}};
	std::unordered_set<int> set{1, 2, seed};
	got = hashes(map, set);
	expect("hashes(map=%s, set=%s) = %d", items(map, "{}", SOME).c_str(),
	       items(set, "{}", SOME).c_str(), got);
	std::list<std::string> list{"first", lengthy, ""};
	std::forward_list<int> forward(SOME, seed);
	std::deque<int> queue;
	for (int i = 0; i < 300; i++)
		queue.push_back(i);
	for (int i = 0; i < 120; i++)
		queue.pop_front();
	got = chains(list, forward, queue);
	expect("chains(list=%s, forward=%s, queue=%s) = %d", items(list, "[]", SOME).c_str(),
	       items(forward, "[]", SOME).c_str(), blocks(queue).c_str(), got);
	service one{"svc", {{"a", lengthy}, {"b", "2"}}, {1, seed}, {lengthy, "short"}};
	got = serve(&one);
	expect("serve(one={name=\"svc\", options=%s, ids=%s, queue=%s}) = %d",
	       items(one.options, "{}", SOME).c_str(), items(one.ids, "[]", SOME).c_str(),
	       blocks(one.queue).c_str(), got);
	got = narrow({1, -2, (short)seed}, {{1, 2}, {2, 0x41}}, {true, false, true},
		     {{3, (short)seed}, {3, (short)seed}});
	expect("narrow(set={-2, 1, %d}, map={1: '\\x02', 2: 'A'}, flags={false, true, true}, hash={3: %d, 3: %d}) = %d",
	       seed, seed, seed, got);
	got = empty({}, {}, {}, {});
	expect("empty(map={}, list=[], set={}, queue=%s) = %d", blocks(std::deque<int>()).c_str(), got);
}

/* Asked for with --max-items 200. */
static void more(void)
{
	std::vector<int> numbers;
	std::set<int> set;
	strings words;
	for (int i = 0; i < 220; i++) {
		numbers.push_back(i);
		set.insert(i * 3);
		if (i < 60)
			words.push_back(std::to_string(i));
	}
	int got = plenty(numbers, set);
	expect("plenty(numbers=%s, set=%s) = %d", items(numbers, "[]", 200).c_str(),
	       items(set, "{}", 200).c_str(), got);
	got = texts(words);
	expect("texts(some=%s) = %d", text(words).c_str(), got);
}

/* Words where the library keeps its own: addresses and numbers that were never those. */
template <typename container> union raw {
	uint64_t words[sizeof(container) / 8];
	container value; /* never made, and never ended */
	raw() : words() {}
	~raw() {}
};

static void garbage(void)
{
	static int number[4] = {1, 2, 3, 4};
	raw<std::vector<int>> numbers;
	raw<std::list<int>> list;
	raw<std::map<int, int>> map;
	raw<strings> words;
	static char zeros[1024];
	uint64_t circle[3] = {(uint64_t)circle, (uint64_t)circle, 5};
	numbers.words[0] = (uint64_t)(number + 4);
	numbers.words[1] = (uint64_t)number; /* the end lies before the beginning */
	list.words[0] = (uint64_t)circle;
	list.words[1] = (uint64_t)circle;
	if (sizeof(list) > 16)
		list.words[2] = 1ULL << 60;
#if defined(_LIBCPP_VERSION)
	map.words[0] = 0x1000; /* nothing is there */
	map.words[2] = 1ULL << 60;
#else
	map.words[3] = 0x1000;
	map.words[5] = 1ULL << 60;
#endif
	bool is_old = sizeof(std::string) == 8;
	if (!is_old) { /* nulls for texts, and no end of them */
		words.words[0] = (uint64_t)zeros;
		words.words[1] = (uint64_t)zeros + (sizeof(std::string) << 40);
	}
	int got = wild(numbers.value, list.value, map.value, words.value);
	std::string fives, nothing;
	for (int i = 0; i < SOME; i++)
		fives += "5, ";
	for (size_t i = 0; !is_old && i < 512 / sizeof(std::string); i++)
		nothing += "\"\", ";
	expect("wild(numbers=<not a container>, list=[%s...], map=<bad address>, words=[%s%s]) = %d",
	       fives.c_str(), nothing.c_str(), is_old ? "" : "...", got);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int seed = 41;
	const char *what = sample.next < argc ? argv[sample.next] : "";
	if (!strcmp(what, "more")) {
		more();
	} else if (!strcmp(what, "wild")) {
		garbage();
	} else {
		nested(seed);
		nodes(seed);
	}
	return sample_end(&sample, true);
}
