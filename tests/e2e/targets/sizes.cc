/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sizes — calls with containers of all sizes; prints the number of each call, and the sizes.
 *
 *	sizes [-w] [-h] [CALLS]
 */
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "expect.h"

struct wide {
	long words[3];
};

struct basket {
	std::vector<wide> wides;
	std::unique_ptr<std::vector<int>> own;
};

opaque std::size_t take(int number, const std::vector<int> &row, const std::string *text,
			std::string_view view, const std::map<int, int> &map,
			const std::unordered_map<int, int> &table)
{
	return number + row.size() + text->size() + view.size() + map.size() + table.size();
}

opaque std::string look(int number, const basket &in, const std::set<long> &set,
			const std::list<short> &list)
{
	return std::string(in.wides.size() + in.own->size() + set.size() + list.size(),
			   (char)('a' + number % 26));
}

static void call(int i)
{
	std::vector<int> row((size_t)i);
	std::string text((size_t)(i * 2), 'x'), letters((size_t)(i * 3 % 50), 'y');
	std::map<int, int> map;
	std::unordered_map<int, int> table;
	std::set<long> set;
	std::list<short> list;
	basket in{std::vector<wide>((size_t)(i % 9)), std::make_unique<std::vector<int>>()};
	row.reserve(100);
	for (int k = 0; k < i % 7; k++)
		map[k] = table[k] = table[k + 100] = i;
	for (int k = 0; k < i % 5; k++) {
		set.insert(k);
		list.push_back(0);
		list.push_back(1);
		in.own->push_back(k);
	}
	take(i, row, &text, letters, map, table);
	std::string got = look(i, in, set, list);
	printf("sizes %d %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu\n", i, row.size(), text.size(),
	       letters.size(), map.size(), table.size(), in.wides.size(), in.own->size(),
	       set.size(), list.size(), got.size());
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int calls = (int)sample_number(argc, argv, sample.next, 40);
	for (int i = 0; i < calls; i++)
		call(i);
	return sample_end(&sample, true);
}
