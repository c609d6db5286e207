/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wide — characters of more than a byte in C++: strings of them short and long, in containers, and
 * what a tracer must show of them, letter by letter.
 *
 *	wide [-w] [-h]
 */
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "expect.h"

struct page {
	std::wstring title;
	std::u16string name;
	std::u32string text;
	int number;
};

opaque int letters(wchar_t wide, char16_t half, char32_t full, const char32_t &reference)
{
	return (int)wide + half + (int)full + (int)reference;
}

#if defined(__cpp_char8_t)
opaque int bytes(char8_t byte, const char8_t *text, const std::u8string &string)
{
	return byte + text[0] + (int)string.size();
}
#endif

opaque int texts(const std::wstring &wide, const std::u16string &half, const std::u32string &full,
		 std::wstring *none)
{
	return (int)(wide.size() + half.size() + full.size()) + (none != nullptr);
}

opaque int views(std::wstring_view wide, std::u16string_view half, std::u32string_view empty)
{
	return (int)(wide.size() + half.size() + empty.size());
}

opaque int pages(const page &page)
{
	return page.number;
}

opaque int lists(const std::vector<std::wstring> &words, const std::vector<char16_t> &letters,
		 const std::map<int, std::u32string> &numbered)
{
	return (int)(words.size() + letters.size() + numbered.size());
}

template <typename text> static std::string ascii(const text &from)
{
	return std::string(from.begin(), from.end());
}

static void strings(void)
{
	/* Around the lengths up to which the libraries keep them in the object itself. */
	for (size_t size : {0, 1, 3, 4, 5, 7, 8, 10, 11, 12, 22, 23, 60, 256, 257, 300}) {
		std::wstring wide(size, L'w');
		std::u16string half(size, u'h');
		std::u32string full(size, U'f');
		const char *end = size > 256 ? "..." : "";
		std::string shown = ascii(wide).substr(0, 256);
		int got = texts(wide, half, full, size == 5 ? &wide : nullptr);
		expect("texts(wide=L\"%s\"%s, half=u\"%s\"%s, full=U\"%s\"%s, none=%s) = %d",
		       shown.c_str(), end, ascii(half).substr(0, 256).c_str(), end,
		       ascii(full).substr(0, 256).c_str(), end, size == 5 ? "L\"wwwww\"" : "NULL",
		       got);
		got = pages({wide, half, full, 3});
		expect("pages(page={title=L\"%s\"%s, name=u\"%s\"%s, text=U\"%s\"%s, number=3}) = %d",
		       shown.c_str(), end, ascii(half).substr(0, 256).c_str(), end,
		       ascii(full).substr(0, 256).c_str(), end, got);
	}
	std::wstring inner(L"a\0b", 3);
	int got = texts(L"\u00e9\U0001f600", u"\u00e9\U0001f600\u202e", U"\u20ac\"", &inner);
	expect("texts(wide=L\"\u00e9\U0001f600\", half=u\"\u00e9\U0001f600\\u202e\", full=U\"\u20ac\\\"\", "
	       "none=L\"a\\x00b\") = %d",
	       got);
}

static void containers(int seed)
{
	std::u16string text = u"0123456789";
	int got = views(L"some wide", std::u16string_view(text).substr(8), {});
	expect("views(wide=L\"some wide\", half=u\"89\", empty=U\"\") = %d", got);
	std::wstring lengthy((size_t)seed, L'l');
	std::vector<char16_t> letters{u'x', 0xd800, u'z'};
	std::map<int, std::u32string> numbered{{1, U"one"}, {2, std::u32string(40, U'2')}};
	got = lists({L"a", lengthy, L"", L"four"}, letters, numbered);
	expect("lists(words=[L\"a\", L\"%s\", L\"\", L\"four\"], letters=u\"x\\ud800z\", "
	       "numbered={1: U\"one\", 2: U\"%s\"}) = %d",
	       ascii(lengthy).c_str(), std::string(40, '2').c_str(), got);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int seed = argc + 40;
	int got = letters(L'\u00e9', u'h', U'\U0001f600', (char32_t)seed);
	expect("letters(wide='\u00e9', half='h', full='\U0001f600', reference='%c') = %d", seed, got);
#if defined(__cpp_char8_t)
	got = bytes(u8'b', u8"text", u8"more");
	expect("bytes(byte='b', text=\"text\", string=\"more\") = %d", got);
#endif
	strings();
	containers(seed);
	return sample_end(&sample, true);
}
