utrail_unit_test(common_err SOURCES common_err.c LINK utrail_common)
