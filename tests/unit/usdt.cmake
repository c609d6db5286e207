# Both stand in for the image with a few symbols of their own.
utrail_unit_test(usdt_operands_x86 SOURCES usdt_operands_x86.c LINK utrail_usdt)
utrail_unit_test(usdt_operands_aarch64 SOURCES usdt_operands_aarch64.c LINK utrail_usdt)
utrail_unit_test(usdt_notes SOURCES usdt_notes.c LINK utrail_usdt)
