# utrail_module(NAME SOURCES a.c b.c LINK utrail_common PkgConfig::libelf)
# One folder, one static library `utrail_NAME`; LINK is the only way to depend on another.
function(utrail_module name)
  cmake_parse_arguments(M "" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(utrail_${name} STATIC ${M_SOURCES})
  target_link_libraries(utrail_${name} PUBLIC utrail_flags ${M_LINK} PRIVATE ${M_PRIVATE_LINK})
endfunction()

# utrail_unit_test(NAME SOURCES symbols_image.c LINK utrail_symbols): a cmocka program, no root.
function(utrail_unit_test name)
  cmake_parse_arguments(T "" "" "SOURCES;LINK" ${ARGN})
  add_executable(unit_${name} ${T_SOURCES})
  target_link_libraries(unit_${name} PRIVATE utrail_flags ${T_LINK} cmocka)
  add_test(NAME unit.${name} COMMAND unit_${name})
  set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()
