# The benchmarks' arithmetic and programs; the benchmarks themselves are no tests.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
  add_test(NAME unit.bench_goals
    COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_LIST_DIR}/bench_goals.py)
  add_test(NAME unit.bench_programs
    COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_LIST_DIR}/bench_programs.py
    ${PROJECT_BINARY_DIR}/benchmarks)
  set_tests_properties(unit.bench_goals unit.bench_programs PROPERTIES LABELS unit TIMEOUT 120)
  # It measures processor time: what runs beside it counts, too.
  set_tests_properties(unit.bench_programs PROPERTIES RUN_SERIAL ON)
endif()
