/* SPDX-License-Identifier: Apache-2.0 */
/*
 * throw — C++ exceptions through traced functions. A replaced return address stops the unwinder,
 * and the program is aborted: a tracer must see returns in another way here.
 *
 *	throw [-w] [-h] [ROUNDS]
 */
#include <stdexcept>
#include <string>

#include "sample.h"

static unsigned long thrown, caught, returned;

namespace shop
{

struct Guard {
	unsigned long &count;
	~Guard()
	{
		count++;
	}
};

class Till
{
      public:
	/* Throws for odd amounts. */
	traced int pay(int amount);
};

traced int Till::pay(int amount)
{
	if (amount % 2) {
		thrown++;
		throw std::runtime_error("odd amount " + std::to_string(amount));
	}
	return amount / 2;
}

} // namespace shop

extern "C" traced int through(int amount)
{
	static unsigned long unwound;
	shop::Guard guard{unwound};
	shop::Till till;
	return till.pay(amount) + 1;
}

extern "C" traced int catcher(int amount)
{
	try {
		int got = through(amount);
		returned++;
		return got;
	} catch (const std::runtime_error &error) {
		caught++;
		getppid();
		return -1;
	}
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int rounds = static_cast<int>(sample_number(argc, argv, sample.next, 20));
	bool correct = true;
	for (int i = 0; i < rounds; i++)
		correct = catcher(i) == (i % 2 ? -1 : i / 2 + 1) && correct;
	sample_count("catcher", rounds);
	sample_count("through", rounds);
	sample_count("pay", rounds);
	sample_count("thrown", thrown);
	sample_count("caught", caught);
	sample_count("returned", returned);
	return sample_end(&sample,
			  correct && thrown == caught && returned + caught == unsigned(rounds));
}
