add_library(output_events STATIC output_events.c)
target_link_libraries(output_events PUBLIC utrail_output)
utrail_unit_test(output_text SOURCES output_text.c LINK output_events)
utrail_unit_test(output_wide SOURCES output_wide.c LINK output_events)
utrail_unit_test(output_go_value SOURCES output_go_value.c LINK output_events)
utrail_unit_test(output_shown SOURCES output_shown.c LINK output_events)
utrail_unit_test(output_shown_each SOURCES output_shown_each.c LINK output_events)
utrail_unit_test(output_changes SOURCES output_changes.c LINK output_events)
utrail_unit_test(output_calls SOURCES output_calls.c LINK output_events)
utrail_unit_test(output_sets SOURCES output_sets.c LINK output_events)
utrail_unit_test(output_netlink SOURCES output_netlink.c LINK output_events)
utrail_unit_test(output_tally SOURCES output_tally.c LINK output_events)
utrail_unit_test(output_siginfo SOURCES output_siginfo.c LINK output_events)
utrail_unit_test(output_stack SOURCES output_stack.c LINK output_events)
utrail_unit_test(output_stat SOURCES output_stat.c LINK output_events)
utrail_unit_test(output_view SOURCES output_view.c LINK output_events)
utrail_unit_test(output_where SOURCES output_where.c LINK output_events)
utrail_unit_test(output_sched SOURCES output_sched.c LINK output_events)
utrail_unit_test(output_command SOURCES output_command.c LINK output_events)
utrail_unit_test(output_json SOURCES output_json.c LINK output_events PkgConfig::jansson)
utrail_unit_test(output_json_memory SOURCES output_json_memory.c
  LINK utrail_output PkgConfig::jansson)
utrail_unit_test(output_escape SOURCES output_escape.c LINK utrail_output)
foreach(part buffer labels number names sockaddr endpoint clock redact)
  utrail_unit_test(output_${part} SOURCES output_${part}.c LINK utrail_output)
endforeach()

# How fast the writers are, by hand: no test.
add_executable(output_bench EXCLUDE_FROM_ALL output_bench.c)
target_link_libraries(output_bench PRIVATE output_events)

# One stream with everything in it, read by others.
add_executable(output_sample output_sample.c)
target_link_libraries(output_sample PRIVATE output_events)
set(golden ${PROJECT_SOURCE_DIR}/tests/golden/output-text)
add_test(NAME golden.output_text
  COMMAND sh -c "sh '${golden}/cmd' '$<TARGET_FILE:output_sample>' | diff -u '${golden}/expect' -")
set_tests_properties(golden.output_text PROPERTIES LABELS golden TIMEOUT 60)

find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
  set(reader ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/output_json.py)
  add_test(NAME unit.output_json_values COMMAND ${reader} values $<TARGET_FILE:output_sample>)
  add_test(NAME unit.output_json_schema COMMAND ${reader} schema $<TARGET_FILE:output_sample>
    ${PROJECT_SOURCE_DIR}/docs/events.schema.json)
  set_tests_properties(unit.output_json_values unit.output_json_schema PROPERTIES
    LABELS unit TIMEOUT 60 SKIP_RETURN_CODE 77)
endif()
