# Help, man page and completions tell the same as cli/options/options.c; the page is clean.
add_test(NAME lint.options COMMAND Python3::Interpreter -B ${CMAKE_CURRENT_SOURCE_DIR}/options.py
  ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/utrail)
add_test(NAME lint.options_self_test
  COMMAND Python3::Interpreter -B ${CMAKE_CURRENT_SOURCE_DIR}/options.py --self-test
          ${PROJECT_SOURCE_DIR})
add_test(NAME lint.options_man
  COMMAND Python3::Interpreter -B ${CMAKE_CURRENT_SOURCE_DIR}/options_man.py
          ${PROJECT_SOURCE_DIR}/docs/utrail.1)
set_tests_properties(lint.options lint.options_self_test lint.options_man PROPERTIES
  LABELS lint TIMEOUT 120 SKIP_RETURN_CODE 77)
