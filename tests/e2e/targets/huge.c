/* SPDX-License-Identifier: Apache-2.0 */
/*
 * huge — numbers of 16 bytes, as C has them; and what a tracer must show of them, letter by letter.
 *
 *	huge [-w] [-h]
 */
#include "expect.h"

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 uwide;

struct amount {
	wide value;
};

/* Only clang has it in C, and does not tell how many bits it has: those that are there are shown.
 */
#ifdef __clang__
__extension__ typedef _BitInt(17) odd;
#define ODD "0x%x"
#else
typedef int odd;
#define ODD "%d"
#endif

struct odds {
	odd some;
	int more;
};

struct account {
	int id;
	wide balance;
	uwide history[3];
	const wide *last;
};

opaque wide add(wide a, uwide b)
{
	return a + (wide)b;
}

opaque uwide twice(uwide n)
{
	return n * 2;
}

/* No register is left for the last one. */
opaque int mixed(int a, wide b, wide c, int d, uwide e)
{
	return a + (int)b + (int)c + d + (int)e;
}

opaque struct amount negate(struct amount of)
{
	return (struct amount){-of.value};
}

opaque wide audit(const struct account *account, struct account copy, wide *out)
{
	*out += copy.balance;
	return account->balance + *account->last;
}

opaque int narrow(const struct odds *all, int more, const long double *real)
{
	return (int)all->some + more + (int)*real;
}

/* Digit by digit, from behind. */
static const char *digits(wide number, bool is_signed)
{
	static char texts[16][48];
	static unsigned int used;
	char *text = texts[used++ % 16], *at = text + 47;
	bool is_negative = is_signed && number < 0;
	uwide left = is_negative ? -(uwide)number : (uwide)number;
	*at = '\0';
	do
		*--at = (char)('0' + (int)(left % 10));
	while (left /= 10);
	if (is_negative)
		*--at = '-';
	return at;
}

static void numbers(wide n)
{
	const wide some[] = {0, 1, -1, n, -n, (wide)1 << 64, -((wide)1 << 64), (wide)1 << 126};
	const wide least = (wide)((uwide)1 << 127);
	for (unsigned int i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		wide sum = add(some[i], 1);
		expect("add(a=%s, b=1) = %s", digits(some[i], true), digits(sum, true));
		uwide product = twice((uwide)some[i]);
		expect("twice(n=%s) = %s", digits(some[i], false), digits((wide)product, false));
	}
	wide sum = add(least, 0);
	expect("add(a=%s, b=0) = %s", digits(least, true), digits(sum, true));
	int all = mixed(1, -2, n, 4, (uwide)6 * (uwide)n);
	expect("mixed(a=1, b=-2, c=%s, d=4, e=%s) = %d", digits(n, true), digits(6 * n, false),
	       all);
	struct amount amount = negate((struct amount){n});
	expect("negate(of={value=%s}) = {value=%s}", digits(n, true), digits(amount.value, true));
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	wide n = (wide)123456789012345678 * 1000000007 * argc, last = -5, out = 7;
	struct account account = {1, -n, {1, (uwide)n, ~(uwide)0}, &last};
	numbers(n);
	wide sum = audit(&account, account, &out);
	expect("audit(account={id=1, balance=%s, history=[1, %s, %s], last=[-5]}, "
	       "copy={id=1, balance=%s, history=[1, %s, %s], last=[-5]}, out=[7]) = %s",
	       digits(-n, true), digits(n, false), digits(-1, false), digits(-n, true),
	       digits(n, false), digits(-1, false), digits(sum, true));
	struct odds odds;
	memset(&odds, 0, sizeof(odds));
	odds.some = -5;
	odds.more = 7;
	long double real = 2.5L;
	int some, got = narrow(&odds, 3, &real);
	memcpy(&some, &odds, sizeof(some));
	expect("narrow(all={some=" ODD ", more=7}, more=3, real=[2.5]) = %d", some, got);
	return sample_end(&sample, true);
}
