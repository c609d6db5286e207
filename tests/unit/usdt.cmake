# Both stand in for the image with a few symbols of their own.
utrail_unit_test(usdt_operands_x86 SOURCES usdt_operands_x86.c LINK utrail_usdt)
utrail_unit_test(usdt_operands_aarch64 SOURCES usdt_operands_aarch64.c LINK utrail_usdt)
utrail_unit_test(usdt_notes SOURCES usdt_notes.c LINK utrail_usdt)

# One program, built in several ways, so that its arguments lie in several places. The targets are
# free of sanitizers: they are looked at, not tested.
foreach(variant O0 O2 O3 fixed)
  add_executable(usdt_target_${variant} usdt_target.c)
endforeach()
target_compile_options(usdt_target_O0 PRIVATE -O0 -fPIE)
target_compile_options(usdt_target_O2 PRIVATE -O2 -fPIE)
target_compile_options(usdt_target_O3 PRIVATE -O3 -fPIE -fomit-frame-pointer)
target_compile_options(usdt_target_fixed PRIVATE -O2 -fno-pie)
target_link_options(usdt_target_O0 PRIVATE -pie)
target_link_options(usdt_target_O2 PRIVATE -pie)
target_link_options(usdt_target_O3 PRIVATE -pie)
target_link_options(usdt_target_fixed PRIVATE -no-pie)

utrail_unit_test(usdt_values SOURCES usdt_values.c LINK utrail_usdt)
target_compile_definitions(unit_usdt_values PRIVATE USDT_TARGET_DIR="${CMAKE_CURRENT_BINARY_DIR}")
add_dependencies(unit_usdt_values usdt_target_O0 usdt_target_O2 usdt_target_O3 usdt_target_fixed)
set_tests_properties(unit.usdt_values PROPERTIES SKIP_RETURN_CODE 77)

utrail_unit_test(usdt_real SOURCES usdt_real.c LINK utrail_usdt)
target_compile_definitions(unit_usdt_real PRIVATE USDT_TARGET_DIR="${CMAKE_CURRENT_BINARY_DIR}")
add_dependencies(unit_usdt_real usdt_target_O0 usdt_target_O2 usdt_target_fixed)
utrail_unit_test(usdt_types SOURCES usdt_types.c LINK utrail_usdt)
# Brings its own spec_name_matches().
utrail_unit_test(usdt_probes SOURCES usdt_probes.c LINK utrail_usdt)

# Looks at the nops and registers of this machine.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64")
  utrail_unit_test(usdt_compromised SOURCES usdt_compromised.c LINK utrail_usdt PkgConfig::libdw PkgConfig::libelf)
  target_compile_definitions(unit_usdt_compromised PRIVATE USDT_TARGET_DIR="${CMAKE_CURRENT_BINARY_DIR}")
  target_link_options(unit_usdt_compromised PRIVATE -Wl,--wrap=protocol_send)
  add_dependencies(unit_usdt_compromised usdt_target_O2)
endif()
