/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spans — std::span, which came with C++20, and what a tracer must show of it, letter by letter.
 *
 *	spans [-w] [-h]
 */
#include <span>
#include <string>
#include <vector>

#include "expect.h"

opaque int spans(std::span<const int> some, const std::span<std::string> &words, std::span<long> none)
{
	return (int)(some.size() + words.size() + none.size());
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int seed = argc + 40;
	std::vector<int> numbers{1, -2, seed};
	std::vector<std::string> words{"a", std::string((size_t)seed, 'z'), ""};
	int got = spans(numbers, words, {});
	expect("spans(some=[1, -2, %d], words=[\"a\", \"%s\", \"\"], none=[]) = %d", seed,
	       words[1].c_str(), got);
	got = spans(std::span(numbers).subspan(1, 1), std::span(words).first(1), {});
	expect("spans(some=[-2], words=[\"a\"], none=[]) = %d", got);
	return sample_end(&sample, true);
}
