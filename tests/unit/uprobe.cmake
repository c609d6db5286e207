utrail_unit_test(uprobe_code SOURCES uprobe_code.c LINK utrail_uprobe)
# Exit status 77 tells that the machine has nothing to compare with.
utrail_unit_test(uprobe_objdump SOURCES uprobe_objdump.c LINK utrail_uprobe)
set_tests_properties(unit.uprobe_objdump PROPERTIES SKIP_RETURN_CODE 77)
