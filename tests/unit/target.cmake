utrail_unit_test(target_module SOURCES target_module.c LINK utrail_target)
utrail_unit_test(target_process SOURCES target_process.c LINK utrail_target)
utrail_unit_test(target_launch SOURCES target_launch.c LINK utrail_target)
utrail_unit_test(target_calls SOURCES target_calls.c LINK utrail_target)
