/* SPDX-License-Identifier: Apache-2.0 */
/*
 * characters — characters of more than a byte, and text of them, as C has them; and what a tracer
 * must show of them, letter by letter.
 *
 *	characters [-w] [-h]
 */
#include <locale.h>
#include <sys/mman.h>
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

struct named {
	const wchar_t *name;
	const char16_t *none;
	int number;
};

opaque int pointers(const wchar_t *wide, const char16_t *half, char32_t *full,
		    const struct named *named)
{
	return (int)wide[0] + half[0] + (int)full[0] + named->number;
}

opaque const wchar_t *give_text(const wchar_t *from, int skip)
{
	return skip < 0 ? NULL : from + skip;
}

/* Of texts that lie at the end of a page, with nothing behind it, or across two. */
opaque int edges(const wchar_t *wide, const char16_t *half)
{
	return (wide != NULL) + (half != NULL);
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

static void pointed(int seed)
{
	char32_t full[300];
	for (size_t i = 0; i < 299; i++)
		full[i] = U'f';
	full[299] = 0;
	struct named named = {L"n\u00e4me", NULL, seed};
	int got = pointers(L"wide \u20ac", u"h\U0001f600", full + 43, &named);
	expect("pointers(wide=L\"wide %s\", half=u\"h%lc\", full=U\"%.*s\", "
	       "named={name=L\"n%lcme\", none=NULL, number=%d}) = %d",
	       utf8(0x20ac), (wint_t)0x1f600, 256,
	       "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	       "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	       "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	       "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	       (wint_t)0xe4, seed, got);
	const wchar_t *text = give_text(L"given", 2);
	expect("give_text(from=L\"given\", skip=2) = L\"%ls\"", text);
	give_text(L"", -1);
	expect("give_text(from=L\"\", skip=-1) = NULL");
}

/* `length` characters, and a NUL behind them unless there is no room. */
static void edge(char *end, long distance, size_t length)
{
	size_t room = (size_t)-distance;
	memset(end - 4096, 0xff, 4096);
	wchar_t *wide = (wchar_t *)(void *)(end + distance);
	size_t whole = room / sizeof(*wide) > length ? length : room / sizeof(*wide);
	for (size_t i = 0; i < whole; i++)
		wide[i] = (wchar_t)('a' + i % 26);
	if (room / sizeof(*wide) > length)
		wide[length] = 0;
	char text[301] = "";
	for (size_t i = 0; i < whole && i < 256; i++)
		text[i] = (char)('a' + i % 26);
	edges(wide, NULL);
	bool is_cut = length > 256 || whole * sizeof(*wide) == room;
	expect("edges(wide=L\"%s\"%s, half=NULL) = 1", text, is_cut ? "..." : "");
}

static void pages(void)
{
	char *all = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED || mprotect(all + 8192, 4096, PROT_NONE) != 0)
		return;
	char *end = all + 8192;
	static const size_t lengths[] = {0, 1, 2, 5, 100, 255, 256, 257, 300};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		long bytes = (long)(lengths[i] * sizeof(wchar_t));
		edge(end, -bytes - 4, lengths[i]); /* the NUL is the last one */
		edge(end, -bytes - 8, lengths[i]);
		edge(end, -bytes - 2000, lengths[i]);
		edge(end, -4096 + 4, lengths[i]);
		if (lengths[i])
			edge(end, -bytes, lengths[i]); /* and none */
	}
	/* Across two pages, and not aligned. */
	char16_t *half = (char16_t *)(void *)(all + 4096 - 5);
	static const char16_t text[] = u"across \u20ac";
	memcpy(half, text, sizeof(text));
	edges(NULL, half);
	expect("edges(wide=NULL, half=u\"across %s\") = 1", utf8(0x20ac));
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	setlocale(LC_ALL, "C.UTF-8");
	numbers(argc + 40);
	texts(argc + 40);
	pointed(argc + 40);
	pages();
	return sample_end(&sample, true);
}
