/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "symbols/symbols.h"
#include "tests/unit/unit.h"

/* Symbols as g++ 12 and rustc 1.7x made them; the right side is what the source says. */
static const struct {
	const char *symbol, *name;
} names[] = {
	{"main", "main"},
	{"_Zebra", "_Zebra"},
	{"_start", "_start"},
	{"_Z", "_Z"},
	{"", ""},
	{"_Z3addii", "add"},
	{"_ZL3addii", "add"},
	{"_ZSt4moveRi", "std::move"},
	{"_Z3addB5cxx11v", "add[abi:cxx11]"},
	{"_ZN3app3appC2Ev", "app::app::app"},
	{"_ZNSt3app3appD0Ev", "std::app::app::~app"},
	{"_ZNK3app6Server4nameEv", "app::Server::name"},
	{"_ZN3app6Server9handleEv", "_ZN3app6Server9handleEv"},
	{"_ZN3app6Server6handleERKNS_7RequestE", "app::Server::handle"},
	{"_ZN3app6ServerC1Ei", "app::Server::Server"},
	{"_ZN3app6ServerD2Ev", "app::Server::~Server"},
	{"_ZNK3app6ServereqERKS0_", "app::Server::operator=="},
	{"_Z3maxIiET_S0_S0_", "max<int>"},
	{"_ZNSt6vectorIiSaIiEE9push_backEOi", "std::vector<int, std::allocator<int> >::push_back"},
	{"_ZN12_GLOBAL__N_14loadEv", "(anonymous namespace)::load"},
	{"_ZN3app6handleEv.cold", "app::handle.cold"},
	{"_ZN3app6handleEv.constprop.0", "app::handle.constprop.0"},
	{"_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "core::fmt::Write::write_fmt"},
	{"_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE.llvm.12345",
	 "core::fmt::Write::write_fmt"},
	{"_ZN71_$LT$core..ops..range..Range$LT$Idx$GT$$u20$as$u20$core..fmt..Debug$GT$3fmt17h"
	 "b0ab1ea3ca2a1ea1E",
	 "<core::ops::range::Range<Idx> as core::fmt::Debug>::fmt"},
	{"_RNvCskwGfYPst2Cb_3foo16example_function", "foo::example_function"},
	{"_RNvMsr_NtCs3ssYzQotkvD_3std4pathNtB5_7PathBuf3newCs15kBYyAo9fc_7mycrate",
	 "<std::path::PathBuf>::new"},
};

static struct image *open_image(void)
{
	struct image *image;
	assert_ok(image_open("/proc/self/exe", -1, &image));
	return image;
}

static void names_are_what_people_write(void **state)
{
	(void)state;
	struct image *image = open_image();
	for (size_t i = 0; i < array_size(names); i++) {
		char buffer[DEMANGLE_ONCE_MAX];
		assert_string_equal(image_demangle(image, names[i].symbol), names[i].name);
		assert_string_equal(demangle_once(NULL, names[i].symbol, buffer), names[i].name);
	}
	image_close(image);
}

static void an_answer_is_remembered_by_content(void **state)
{
	(void)state;
	char symbol[] = "_Z3addii";
	struct image *image = open_image();
	const char *first = image_demangle(image, symbol);
	assert_ptr_equal(image_demangle(image, "_Z3addii"), first);
	memcpy(symbol, "_Z3subii", sizeof(symbol));
	assert_string_equal(image_demangle(image, symbol), "sub");
	assert_string_equal(first, "add");
	image_close(image);
}

/* Each part repeats two earlier ones: in full it would have millions of characters. */
static void a_name_that_explodes_stays_as_it_is(void **state)
{
	(void)state;
	char symbol[1024] = "_Z1fISt4pairIiiES_IS0_S0_E";
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	for (int i = 1; i < 36; i++) {
		char more[16];
		snprintf(more, sizeof(more), "S_IS%c_S%c_E", digits[i], digits[i]);
		strcat(symbol, more);
	}
	strcat(symbol, "Evv");
	struct image *image = open_image();
	char buffer[DEMANGLE_ONCE_MAX];
	assert_string_equal(image_demangle(image, symbol), symbol);
	assert_string_equal(demangle_once(NULL, symbol, buffer), symbol);
	image_close(image);
}

/* A letter is taken away, put in, or another one is there: most of these are no names at all. */
static void mutate(char *symbol, size_t room, unsigned int *seed)
{
	static const char letters[] = "NSELCDKVrIB_0123456789tahGxyz";
	size_t length = strlen(symbol);
	size_t at = 2 + (size_t)rand_r(seed) % (length < 40 ? length - 2 : 38);
	char letter = letters[(size_t)rand_r(seed) % (sizeof(letters) - 1)];
	int way = rand_r(seed) % 3;
	if (way == 1 && length > 8) {
		memmove(symbol + at, symbol + at + 1, length - at);
	} else if (way == 2 && length + 2 < room) {
		memmove(symbol + at + 1, symbol + at, length - at + 1);
		symbol[at] = letter;
	} else {
		symbol[at] = letter;
	}
}

static void write_mutants(FILE *to, char (*symbols)[256], size_t count)
{
	unsigned int seed = 1;
	for (size_t i = 0; i < count; i++) {
		const char *from = names[i % array_size(names)].symbol;
		if (strlen(from) < 8 || strlen(from) > 200 || strncmp(from, "_Z", 2) != 0 ||
		    strpbrk(from, ".$") || strstr(from, "17h"))
			from = "_ZN12_GLOBAL__N_13app6ServerC1Ei";
		strcpy(symbols[i], from);
		for (int n = rand_r(&seed) % 4; n > 0; n--)
			mutate(symbols[i], sizeof(symbols[i]), &seed);
		fprintf(to, "%s\n", symbols[i]);
	}
}

/* c++filt asks libiberty in its own way. It shows the hash of Rust's names. */
static void names_are_those_of_another_tool(void **state)
{
	(void)state;
	enum { COUNT = 20000 };
	static char symbols[COUNT][256];
	char file[] = "/tmp/utrail-names-XXXXXX", command[128], line[4096];
	char buffer[DEMANGLE_ONCE_MAX];
	int fd = mkstemp(file);
	assert_true(fd >= 0);
	FILE *out = fdopen(fd, "w");
	write_mutants(out, symbols, COUNT);
	assert_int_equal(fclose(out), 0);
	snprintf(command, sizeof(command), "c++filt -p <%s", file);
	FILE *answers = popen(command, "re");
	size_t demangled = 0;
	for (size_t i = 0; i < COUNT; i++) {
		assert_non_null(fgets(line, sizeof(line), answers));
		line[strcspn(line, "\n")] = '\0';
		assert_string_equal(demangle_once(NULL, symbols[i], buffer), line);
		demangled += strcmp(line, symbols[i]) != 0;
	}
	assert_int_equal(pclose(answers), 0);
	unlink(file);
	assert_in_range(demangled, COUNT / 4, COUNT - COUNT / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_what_people_write),
		cmocka_unit_test(an_answer_is_remembered_by_content),
		cmocka_unit_test(names_are_those_of_another_tool),
		cmocka_unit_test(a_name_that_explodes_stays_as_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
