find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)

# utrail_python_test(NAME LABEL e2e PROPERTIES RUN_SERIAL ON): NAME.py of the current folder. The
# standard library is enough for all of them. 77 is a skip, with its reason in the output.
# SCRIPT and ARGUMENTS: another script than NAME.py, and what it gets.
function(utrail_python_test name)
  cmake_parse_arguments(T "" "LABEL;SCRIPT" "PROPERTIES;ARGUMENTS" ${ARGN})
  if(NOT T_SCRIPT)
    set(T_SCRIPT ${name}.py)
  endif()
  add_test(NAME ${T_LABEL}.${name}
    COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/${T_SCRIPT} ${T_ARGUMENTS})
  set_tests_properties(${T_LABEL}.${name} PROPERTIES
    LABELS ${T_LABEL} TIMEOUT 180 SKIP_RETURN_CODE 77
    ENVIRONMENT "UTRAIL=${PROJECT_BINARY_DIR}/utrail;UTRAIL_BUILD=${PROJECT_BINARY_DIR};PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/lib"
    ${T_PROPERTIES})
endfunction()
