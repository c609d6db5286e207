/* SPDX-License-Identifier: Apache-2.0 */
/*
 * characters — characters of more than a byte, and text of them, as C has them; and what a tracer
 * must show of them, letter by letter.
 *
 *	characters [-w] [-h]
 */
#include <locale.h>
#include <uchar.h>
#include <wchar.h>

#include "expect.h"

typedef wchar_t letter;

struct label {
	letter kind;
	wchar_t name[8];
	char16_t path[6];
	char32_t all[3]; /* without an end */
	int number;
};

struct broken {
	char16_t high[4], low[4];
	char32_t beyond[3];
};

opaque int letters(wchar_t wide, char16_t half, char32_t full, letter own)
{
	return (int)wide + half + (int)full + (int)own;
}

opaque wchar_t next_letter(wchar_t from)
{
	return from + 1;
}

opaque int labels(const struct label *label, struct label copy)
{
	return label->number + copy.number;
}

opaque int damage(const struct broken *what)
{
	return what->high[0] + what->low[0];
}

/* As the C library writes it. */
static const char *utf8(char32_t code)
{
	static char text[16];
	mbstate_t state = {0};
	text[c32rtomb(text, code, &state)] = '\0';
	return text;
}

static void numbers(int seed)
{
	static const char32_t codes[] = {'a', 0xe4, 0x20ac, 0xff21, 0x4e2d};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		const char *text = utf8(codes[i]);
		int got =
			letters((wchar_t)codes[i], (char16_t)codes[i], codes[i], (letter)codes[i]);
		expect("letters(wide='%s', half='%s', full='%s', own='%s') = %d", text, text, text,
		       text, got);
	}
	int got = letters(0x1f600, 0xd83d, 0x1f600, L'\n');
	expect("letters(wide='%s', half='\\ud83d', full='%s', own='\\n') = %d", utf8(0x1f600),
	       utf8(0x1f600), got);
	got = letters(0, 0x1b, 0x202e, (letter)-seed);
	expect("letters(wide='\\0', half='\\x1b', full='\\u202e', own='\\U%08x') = %d",
	       (unsigned int)-seed, got);
	got = letters(L'\'', '"', 0x110000, 0x85);
	expect("letters(wide='\\'', half='\"', full='\\U00110000', own='\\u0085') = %d", got);
	wchar_t next = next_letter(0xe4);
	expect("next_letter(from='%lc') = '%lc'", (wint_t)0xe4, (wint_t)next);
}

static void texts(int seed)
{
	struct label label = {L'k', L"caf\u00e9 \"1\"", u"/\U0001f600\u20ac", U"abc", seed},
		     empty = {.number = 1};
	int got = labels(&label, empty);
	expect("labels(label={kind='k', name=L\"caf%s \\\"1\\\"\", path=u\"/%lc%lc\", all=U\"abc\", number=%d}, "
	       "copy={kind='\\0', name=L\"\", path=u\"\", all=U\"\", number=1}) = %d",
	       utf8(0xe9), (wint_t)0x1f600, (wint_t)0x20ac, seed, got);
	struct broken broken = {
		{0xd83d, 'x', 0xd83d}, {0xde00, '\t', 0x200b}, {0xd800, 0x110000, 1}};
	got = damage(&broken);
	expect("damage(what={high=u\"\\ud83dx\\ud83d\", low=u\"\\ude00\\t\\u200b\", "
	       "beyond=U\"\\ud800\\U00110000\\x01\"}) = %d",
	       got);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	setlocale(LC_ALL, "C.UTF-8");
	numbers(argc + 40);
	texts(argc + 40);
	return sample_end(&sample, true);
}
