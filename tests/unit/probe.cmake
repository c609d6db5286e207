utrail_unit_test(probe_spec SOURCES probe_spec.c LINK utrail_probe)
utrail_unit_test(probe_spec_types SOURCES probe_spec_types.c LINK utrail_probe)
utrail_unit_test(probe_spec_dialects SOURCES probe_spec_dialects.c LINK utrail_probe)
utrail_unit_test(probe_spec_errors SOURCES probe_spec_errors.c LINK utrail_probe)
utrail_unit_test(probe_spec_match SOURCES probe_spec_match.c LINK utrail_probe)
utrail_unit_test(probe_probe SOURCES probe_probe.c LINK utrail_probe)
utrail_unit_test(probe_file SOURCES probe_file.c LINK utrail_probe)
utrail_unit_test(probe_socket SOURCES probe_socket.c LINK utrail_probe)
utrail_unit_test(probe_kernel_btf SOURCES probe_kernel_btf.c LINK utrail_probe)
utrail_unit_test(probe_compile SOURCES probe_compile.c LINK utrail_probe)
utrail_unit_test(probe_compile_parts SOURCES probe_compile_parts.c LINK utrail_probe)
utrail_unit_test(probe_value SOURCES probe_value.c LINK utrail_probe)
utrail_unit_test(probe_condition SOURCES probe_condition.c probe_condition_machine.c LINK utrail_probe)
utrail_unit_test(probe_condition_any SOURCES probe_condition_any.c probe_condition_machine.c LINK utrail_probe)
utrail_unit_test(probe_rate SOURCES probe_rate.c LINK utrail_probe)
utrail_unit_test(probe_spec_pair SOURCES probe_spec_pair.c LINK utrail_probe)

# Debug information written by hand.
add_custom_command(OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/hostile.so DEPENDS probe_hostile.S
  COMMAND ${CMAKE_C_COMPILER} -shared -nostdlib -o ${CMAKE_CURRENT_BINARY_DIR}/hostile.so
          ${CMAKE_CURRENT_SOURCE_DIR}/probe_hostile.S VERBATIM)
add_custom_target(probe_hostile_file DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/hostile.so)
utrail_unit_test(probe_hostile SOURCES probe_hostile.c LINK utrail_probe)
target_compile_definitions(unit_probe_hostile
  PRIVATE HOSTILE="${CMAKE_CURRENT_BINARY_DIR}/hostile.so")
add_dependencies(unit_probe_hostile probe_hostile_file)
