# cmake -DINPUT=types.txt -DOUTPUT=types_table.c -P types.cmake
# The table of types as C rows, sorted by marker so that it can be searched.
file(STRINGS ${INPUT} lines REGEX "^[^#]")
list(SORT lines)
set(rows "")
set(before "")
foreach(line IN LISTS lines)
  if(NOT line MATCHES "^([a-zA-Z0-9_]+:[a-zA-Z0-9_]+(/[0-9]+)?)\\(([a-zA-Z0-9_:, ]*)\\)$")
    message(FATAL_ERROR "${INPUT}: not 'provider:probe(TYPE name, ...)': ${line}")
  endif()
  if(CMAKE_MATCH_1 STREQUAL before)
    message(FATAL_ERROR "${INPUT}: twice: ${CMAKE_MATCH_1}")
  endif()
  set(before ${CMAKE_MATCH_1})
  string(APPEND rows "\t{\"${CMAKE_MATCH_1}\", \"${CMAKE_MATCH_3}\"},\n")
endforeach()
file(WRITE ${OUTPUT} "/* Made from usdt/types.txt. */
#include \"usdt/types.h\"

const struct types_row types_table[] = {
${rows}};
const size_t types_table_count = sizeof(types_table) / sizeof(types_table[0]);
")
