/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nested — containers in containers, arrays of pointers, and what a tracer must show of them,
 * letter by letter.
 *
 *	nested [-w] [-h]
 */
#include <array>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "expect.h"

struct point {
	int x, y;
};

struct person {
	std::string name;
	std::vector<short> marks;
	int age;
};

struct words {
	const char *names[3];
	std::string texts[2];
	point *points[2];
};

using strings = std::vector<std::string>;

opaque int texts(const strings &some, const std::vector<const char *> &plain)
{
	return (int)(some.size() + plain.size());
}

opaque int rows(const std::vector<std::vector<int>> &numbers, const std::vector<strings> &all)
{
	return (int)(numbers.size() + all.size());
}

opaque int owners(const std::vector<std::unique_ptr<point>> &owned, const std::vector<point *> &at,
		  const std::vector<std::shared_ptr<point>> &shared)
{
	return (int)(owned.size() + at.size() + shared.size());
}

opaque int people(const std::vector<person> &all)
{
	return (int)all.size();
}

opaque int maybes(const std::vector<std::optional<std::string>> &all,
		  const std::optional<strings> &words)
{
	return (int)all.size() + words.has_value();
}

opaque int arrays(const words &some, const std::array<std::string, 2> &pair,
		  const std::array<int, 3> &numbers)
{
	return some.names[2] != nullptr && !pair[0].empty() && numbers[0];
}

opaque int sizes(const std::map<std::string, int> &map, const std::set<int> &set,
		 const std::unordered_map<int, int> &hash, const std::list<long> &list)
{
	return (int)(map.size() + set.size() + hash.size() + list.size());
}

opaque int spread(const std::vector<std::map<int, int>> &maps, const std::function<int(int)> &call)
{
	return (int)maps.size() + call(2);
}

opaque int either(const std::variant<int, std::string, point> &which)
{
	return (int)which.index();
}

opaque int many(const strings &all)
{
	return (int)all.size();
}

static void containers(int seed)
{
	std::string lengthy(40, 'z');
	int got = texts({"one", "", lengthy, std::string(300, 'y')}, {"plain", "", lengthy.c_str()});
	expect("texts(some=[\"one\", \"\", \"%s\", \"%s\"...], plain=[\"plain\", \"\", \"%s\"]) = %d",
	       lengthy.c_str(), std::string(256, 'y').c_str(), lengthy.c_str(), got);
	got = rows({{1, seed}, {}, {3}}, {{"a", "b"}, {}});
	expect("rows(numbers=[[1, %d], [], [3]], all=[[\"a\", \"b\"], []]) = %d", seed, got);
	std::vector<std::unique_ptr<point>> owned;
	owned.push_back(std::make_unique<point>(point{seed, 2}));
	owned.push_back(nullptr);
	point at{3, seed};
	got = owners(owned, {&at, nullptr}, {std::make_shared<point>(at)});
	expect("owners(owned=[{x=%d, y=2}, NULL], at=[{x=3, y=%d}, NULL], shared=[{x=3, y=%d}]) = %d",
	       seed, seed, seed, got);
	got = people({{"Ada", {1, (short)seed}, 36}, {lengthy, {}, seed}});
	expect("people(all=[{name=\"Ada\", marks=[1, %d], age=36}, {name=\"%s\", marks=[], age=%d}]) = %d",
	       seed, lengthy.c_str(), seed, got);
	got = maybes({"some", std::nullopt, lengthy}, strings{"w", lengthy});
	expect("maybes(all=[\"some\", nullopt, \"%s\"], words=[\"w\", \"%s\"]) = %d", lengthy.c_str(),
	       lengthy.c_str(), got);
	words some = {{"first", nullptr, lengthy.c_str()}, {"brief", lengthy}, {&at, nullptr}};
	got = arrays(some, {lengthy, "two"}, {seed, 1, 2});
	expect("arrays(some={names=[\"first\", NULL, \"%s\"], texts=[\"brief\", \"%s\"], points=[{x=3, y=%d}, NULL]}, pair=[\"%s\", \"two\"], numbers=[%d, 1, 2]) = %d",
	       lengthy.c_str(), lengthy.c_str(), seed, lengthy.c_str(), seed, got);
}

static void counted(int seed)
{
	std::map<std::string, int> map{{"a", 1}, {"b", 2}, {"c", seed}};
	std::list<long> list((size_t)seed, 1);
	std::unordered_map<int, int> hash{{1, 2}, {3, 4}};
	int got = sizes(map, {seed}, hash, list);
	std::string ones = "1", entries;
	for (int i = 1; i < seed && i < 32; i++)
		ones += ", 1";
	for (const auto &entry : hash)
		entries += (entries.empty() ? "" : ", ") + std::to_string(entry.first) + ": " +
			   std::to_string(entry.second);
	expect("sizes(map={\"a\": 1, \"b\": 2, \"c\": %d}, set={%d}, hash={%s}, list=[%s%s]) = %d",
	       seed, seed, entries.c_str(), ones.c_str(), seed > 32 ? ", ..." : "", got);
	got = spread({{{1, 2}}, {}}, [seed](int more) { return seed + more; });
	expect("spread(maps=[<std::map of 1>, <std::map of 0>], call=<std::function>) = %d", got);
	got = either(seed);
	expect("either(which=%d) = %d", seed, got);
	got = either(std::string(50, 'v'));
	expect("either(which=\"%s\") = %d", std::string(50, 'v').c_str(), got);
	got = either(point{seed, 7});
	expect("either(which={x=%d, y=7}) = %d", seed, got);
	strings all;
	for (int i = 0; i < 40; i++)
		all.push_back(std::to_string(i + 100) + std::string(30, '.'));
	got = many(all);
	size_t there = 512 / sizeof(std::string) < 40 ? 512 / sizeof(std::string) : 40;
	printf("expect many(all=[\"%s\"", all[0].c_str());
	for (size_t i = 1; i < there; i++)
		printf(", \"%s\"", all[i].c_str());
	printf("%s]) = %d\n", there < 40 ? ", ..." : "", got);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int seed = argc + 40;
	containers(seed);
	counted(seed);
	return sample_end(&sample, true);
}
