/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes read in one pass are those that libdw finds one by one. */
#include "symbols/dwarf_attributes.h"

#include <dwarf.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/* Two with the same lowest six bits are among them, and those of GNU. */
static const unsigned int names[] = {DW_AT_sibling,
				     DW_AT_location,
				     DW_AT_name,
				     DW_AT_byte_size,
				     DW_AT_low_pc,
				     DW_AT_high_pc,
				     DW_AT_const_value,
				     DW_AT_artificial,
				     DW_AT_external,
				     DW_AT_type,
				     DW_AT_abstract_origin,
				     DW_AT_specification,
				     DW_AT_calling_convention,
				     DW_AT_variable_parameter,
				     DW_AT_linkage_name,
				     DW_AT_call_all_calls,
				     DW_AT_entry_pc,
				     DW_AT_object_pointer,
				     DW_AT_GNU_all_call_sites,
				     DW_AT_prototyped,
				     DW_AT_frame_base,
				     DW_AT_declaration};

struct counts {
	size_t found, led_to, flags, missing;
};

static void same(const Dwarf_Attribute *one, const Dwarf_Attribute *other)
{
	assert_true(!one == !other);
	if (!one || !other)
		return;
	assert_int_equal(one->code, other->code);
	assert_int_equal(one->form, other->form);
	assert_ptr_equal(one->valp, other->valp);
	assert_ptr_equal(one->cu, other->cu);
}

static void check_name(struct dwarf_attributes *attributes, unsigned int name,
		       struct counts *counts)
{
	Dwarf_Attribute own, any, storage;
	bool flag = false;
	Dwarf_Attribute *its_own = dwarf_attr(attributes->die, name, &own);
	Dwarf_Attribute *its_any = dwarf_attr_integrate(attributes->die, name, &any);
	same(dwarf_attributes_own(attributes, name, &storage), its_own);
	same(dwarf_attributes_any(attributes, name, &storage), its_any);
	flag = dwarf_formflag(its_any, &flag) == 0 && flag;
	assert_int_equal(dwarf_attributes_flag(attributes, name), flag);
	counts->found += its_own != NULL;
	counts->led_to += its_any && !its_own;
	counts->missing += !its_any;
	counts->flags += flag;
}

static void walk(Dwarf_Die *parent, struct counts *counts)
{
	Dwarf_Die die;
	struct dwarf_attributes attributes;
	for (int more = dwarf_child(parent, &die); more == 0; more = dwarf_siblingof(&die, &die)) {
		dwarf_attributes_read(&die, &attributes);
		assert_true(attributes.is_whole);
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			check_name(&attributes, names[i], counts);
		/* As if there had been more than there is room for. */
		attributes.count = attributes.count > 2 ? 2 : attributes.count;
		attributes.is_whole = false;
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			check_name(&attributes, names[i], counts);
		walk(&die, counts);
	}
}

static struct counts check_file(const char *path)
{
	struct counts counts = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Dwarf *dwarf = dwarf_begin(fd, DWARF_C_READ);
	assert_non_null(dwarf);
	Dwarf_CU *cu = NULL;
	Dwarf_Die unit;
	while (dwarf_get_units(dwarf, cu, &cu, NULL, NULL, &unit, NULL) == 0)
		walk(&unit, &counts);
	dwarf_end(dwarf);
	close(fd);
	return counts;
}

static void they_are_those_that_libdw_finds(void **state)
{
	(void)state;
	static const char *const paths[] = {FIXTURES "/dwarf2", FIXTURES "/dwarf5",
					    FIXTURES "/cpp"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		const struct counts counts = check_file(paths[i]);
		assert_true(counts.found > 100);
		assert_true(counts.flags > 10);
		assert_true(counts.missing > 100);
		assert_true(counts.led_to > 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_those_that_libdw_finds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
