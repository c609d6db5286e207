utrail_unit_test(common_err SOURCES common_err.c LINK utrail_common)
utrail_unit_test(common_caps SOURCES common_caps.c LINK utrail_common)
utrail_unit_test(common_utf8 SOURCES common_utf8.c LINK utrail_common PkgConfig::jansson)
utrail_unit_test(common_distance SOURCES common_distance.c LINK utrail_common)
