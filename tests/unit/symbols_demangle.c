/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_what_people_write),
		cmocka_unit_test(an_answer_is_remembered_by_content),
		cmocka_unit_test(a_name_that_explodes_stays_as_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
