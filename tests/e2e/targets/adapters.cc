/* SPDX-License-Identifier: Apache-2.0 */
/*
 * adapters — types of the C++ standard library that are others in all but name, that say how many
 * they have, or whose object may be gone; and what a tracer must show of them, letter by letter.
 *
 *	adapters [-w] [-h]
 */
#include <any>
#include <array>
#include <bitset>
#include <complex>
#include <deque>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <queue>
#include <span>
#include <stack>
#include <string>
#include <valarray>
#include <vector>

#include "expect.h"

struct point {
	int x, y;
};

struct job {
	std::filesystem::path file;
	std::bitset<9> flags;
	std::weak_ptr<point> at;
	int last;
};

/* No library's, though it has the name and the member. */
namespace mine
{
template <class T> struct stack {
	int c;
	T *top;
};
}

opaque int sets(const std::bitset<5> &few, std::bitset<64> copy, const std::bitset<100> &many,
		const std::bitset<100> *none)
{
	return (int)(few.count() + copy.count() + many.count()) + (none != nullptr);
}

opaque int weak(const std::weak_ptr<point> &alive, const std::weak_ptr<point> &gone,
		std::weak_ptr<int> copy, const std::weak_ptr<point> &none)
{
	return (int)(alive.use_count() + gone.use_count() + copy.use_count() + none.use_count());
}

opaque int paths(const std::filesystem::path &file, const std::vector<std::filesystem::path> &all)
{
	return (int)(file.native().size() + all.size());
}

opaque int work(const job &what, const std::vector<job> &rest)
{
	return what.last + (int)rest.size();
}

opaque int adapted(const std::stack<int, std::vector<int>> &stack,
		   const std::queue<std::string, std::vector<std::string>> &queue,
		   const std::priority_queue<long> &heap, const mine::stack<int> &own)
{
	return (int)(stack.size() + queue.size() + heap.size()) + own.c;
}

struct large {
	int number;
	char text[400];
};

opaque int queues(const std::deque<short> &numbers, const std::deque<large> &rows,
		  const std::stack<int> &stack, const std::queue<std::string> &texts)
{
	return (int)(numbers.size() + rows.size() + stack.size() + texts.size());
}

opaque int anything(const std::any &some, const std::any &more, const std::any *none)
{
	return some.has_value() + more.has_value() + (none != nullptr);
}

opaque int lists(std::initializer_list<int> some, const std::initializer_list<std::string> &texts,
		 const std::valarray<short> &values)
{
	return (int)(some.size() + texts.size() + values.size());
}

opaque int numbers(const std::complex<double> &one, const std::vector<std::complex<float>> &more)
{
	return (int)one.real() + (int)more.size();
}

opaque int fixed(std::span<int, 3> three, std::span<const std::string, 2> texts,
		 const std::array<int, 0> &none)
{
	return three[2] + (int)texts[1].size() + (int)none.size();
}

static void owned(int seed)
{
	auto object = std::make_shared<point>(point{seed, 2});
	std::weak_ptr<point> gone = std::make_shared<point>(point{6, 7});
	auto number = std::make_shared<int>(seed);
	std::weak_ptr<point> both = object;
	int got = weak(object, gone, number, {});
	expect("weak(alive={x=%d, y=2}, gone=expired, copy=[%d], none=NULL) = %d", seed, seed, got);
	got = work({"/a/b", 0x111, object, seed}, {{"c", 2, gone, 1}, {"", 0, object, 2}});
	expect("work(what={file=\"/a/b\", flags=[0 4 8], at={x=%d, y=2}, last=%d}, rest=[{file=\"c\", "
	       "flags=[1], at=%p, last=1}, {file=\"\", flags=[], at=%p, last=2}]) = %d",
	       seed, seed, *(void **)&gone, (void *)object.get(), got);
	object.reset();
	got = weak(both, gone, {}, gone);
	expect("weak(alive=expired, gone=expired, copy=NULL, none=expired) = %d", got);
}

static void counted(int seed)
{
	std::bitset<100> many;
	many.set(0).set(63).set(64).set(99);
	int got = sets(0x15, UINT64_C(0x8000000000000002), many, nullptr);
	expect("sets(few=[0 2 4], copy=[1 63], many=[0 63 64 99], none=NULL) = %d", got);
	many.reset();
	got = sets(0, 0, many, &many);
	expect("sets(few=[], copy=[], many=[], none=[]) = %d", got);
	int three[] = {1, seed, 3};
	const std::string texts[] = {"one", std::string((size_t)seed, 't')};
	got = fixed(three, texts, {});
	expect("fixed(three=[1, %d, 3], texts=[\"one\", \"%s\"], none=[]) = %d", seed,
	       texts[1].c_str(), got);
	got = numbers({(double)seed, -0.5}, {{1, 2}, {3, 4}});
	expect("numbers(one={re=%d, im=-0.5}, more=[{re=1, im=2}, {re=3, im=4}]) = %d", seed, got);
}

static void adapters(int seed)
{
	std::string lengthy(30, 'z');
	int got = paths("/etc/passwd", {"one", lengthy});
	expect("paths(file=\"/etc/passwd\", all=[\"one\", \"%s\"]) = %d", lengthy.c_str(), got);
	std::stack<int, std::vector<int>> stack({1, 2, seed});
	std::queue<std::string, std::vector<std::string>> queue({"first", lengthy});
	std::priority_queue<long> heap;
	heap.push(3);
	heap.push(seed);
	got = adapted(stack, queue, heap, {seed, nullptr});
	expect("adapted(stack=[1, 2, %d], queue=[\"first\", \"%s\"], heap=[%d, 3], own={c=%d, top=NULL}) = %d",
	       seed, lengthy.c_str(), seed, seed, got);
	got = adapted({}, {}, {}, {1, nullptr});
	expect("adapted(stack=[], queue=[], heap=[], own={c=1, top=NULL}) = %d", got);
	got = lists({1, seed}, {"x", lengthy}, {3, (short)seed});
	expect("lists(some=[1, %d], texts=[\"x\", \"%s\"], values=[3, %d]) = %d", seed,
	       lengthy.c_str(), seed, got);
}

/* In the middle of a block, across some, in large ones, and where all have gone again. */
static void blocks(int seed)
{
	for (int gone : {0, 5, 250, 2047, 2048, 5000}) {
		std::deque<short> numbers;
		std::deque<large> rows;
		std::stack<int> stack;
		std::queue<std::string> texts;
		std::string wanted;
		for (int i = 0; i < gone + 20; i++)
			numbers.push_back((short)i);
		for (int i = 0; i < gone / 100 + 3; i++)
			rows.push_back({i, "row"});
		numbers.erase(numbers.begin(), numbers.begin() + gone);
		rows.erase(rows.begin(), rows.begin() + gone / 100);
		for (int i = 0; i < 20; i++)
			wanted += (i ? ", " : "") + std::to_string((short)(gone + i));
		stack.push(seed);
		texts.push("gone");
		texts.push(std::string(30, 't'));
		texts.pop();
		int got = queues(numbers, rows, stack, texts);
		expect("queues(numbers=[%s], rows=[{number=%d, text=\"row\"}, {number=%d, text=\"row\"}, "
		       "{number=%d, text=\"row\"}], stack=[%d], texts=[\"%s\"]) = %d",
		       wanted.c_str(), rows[0].number, rows[1].number, rows[2].number, seed,
		       texts.front().c_str(), got);
		numbers.clear();
		got = queues(numbers, {}, {}, {});
		expect("queues(numbers=[], rows=[], stack=[], texts=[]) = %d", got);
	}
}

static void contents(int seed)
{
	std::any number = seed, real = 0.25, text = std::string("text"), nothing;
	std::any at = (void *)&number, pair = std::pair<char, char>('a', 'b'), letter = 'x';
	int got = anything(number, real, &nothing);
	expect("anything(some=int(%d), more=double(0.25), none=std::any(<empty>)) = %d", seed, got);
	got = anything(0L, true, nullptr);
	expect("anything(some=long(0), more=bool(true), none=NULL) = %d", got);
	got = anything(at, letter, &pair);
#ifdef _LIBCPP_VERSION
	const char *inside = "__1::";
#else
	const char *inside = "";
#endif
	expect("anything(some=void*(%p), more=char('x'), none=std::%spair<char, char>({...})) = %d",
	       (void *)&number, inside, got);
	std::any rows = large{5, "row"};
	got = anything(rows, point{1, 2}, nullptr);
	expect("anything(some=large(at %p), more=point({...}), none=NULL) = %d",
	       (void *)std::any_cast<large>(&rows), got);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int seed = argc + 40;
	owned(seed);
	counted(seed);
	adapters(seed);
	blocks(seed);
	contents(seed);
	return sample_end(&sample, true);
}
