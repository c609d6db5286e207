find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)

# utrail_python_test(NAME LABEL e2e PROPERTIES RUN_SERIAL ON): NAME.py of the current folder. The
# standard library is enough for all of them. 77 is a skip, with its reason in the output.
function(utrail_python_test name)
  cmake_parse_arguments(T "" "LABEL" "PROPERTIES" ${ARGN})
  add_test(NAME ${T_LABEL}.${name}
    COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/${name}.py)
  set_tests_properties(${T_LABEL}.${name} PROPERTIES
    LABELS ${T_LABEL} TIMEOUT 180 SKIP_RETURN_CODE 77
    ENVIRONMENT "UTRAIL=${PROJECT_BINARY_DIR}/utrail;UTRAIL_BUILD=${PROJECT_BINARY_DIR};PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/lib"
    ${T_PROPERTIES})
endfunction()
