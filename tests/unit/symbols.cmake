# Small programs in the shapes that real ones come in; the tests compare with readelf and nm.
set(fixture_dir ${CMAKE_CURRENT_BINARY_DIR}/symbols_fixtures)
file(MAKE_DIRECTORY ${fixture_dir})
find_program(UTRAIL_OBJCOPY objcopy REQUIRED)
find_program(UTRAIL_STRIP strip REQUIRED)
find_program(UTRAIL_READELF readelf REQUIRED)
find_program(UTRAIL_GXX NAMES g++ c++ REQUIRED)
set(symbols_fixtures)

# symbols_fixture(NAME COMMAND...): builds ${fixture_dir}/NAME, compiler and flags as given; without
# the flags of this build, as sanitizers would change the programs.
function(symbols_fixture name source)
  add_custom_command(OUTPUT ${fixture_dir}/${name}
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${source}
    COMMAND ${ARGN} -o ${fixture_dir}/${name} ${CMAKE_CURRENT_SOURCE_DIR}/${source} VERBATIM)
  set(symbols_fixtures ${symbols_fixtures} ${fixture_dir}/${name} PARENT_SCOPE)
endfunction()

# symbols_derived(NAME FROM COMMANDS...): NAME is made from the fixture FROM.
function(symbols_derived name from)
  add_custom_command(OUTPUT ${fixture_dir}/${name} DEPENDS ${fixture_dir}/${from}
    ${ARGN} WORKING_DIRECTORY ${fixture_dir} VERBATIM)
  set(symbols_fixtures ${symbols_fixtures} ${fixture_dir}/${name} PARENT_SCOPE)
endfunction()

set(c symbols_fixture.c)
symbols_fixture(pie ${c} ${CMAKE_C_COMPILER} -g -O0 -fPIE -pie)
symbols_fixture(nopie ${c} ${CMAKE_C_COMPILER} -g -O2 -fno-pie -no-pie)
symbols_fixture(static ${c} ${CMAKE_C_COMPILER} -g -O1 -static)
symbols_fixture(libfixture.so ${c} ${CMAKE_C_COMPILER} -g -O2 -fPIC -shared
  -Wl,-soname,libfixture.so.1)
symbols_fixture(object.o ${c} ${CMAKE_C_COMPILER} -c)
symbols_derived(stripped pie COMMAND ${UTRAIL_STRIP} -o stripped pie)
# The build id must not decide where the debuglink's CRC is to be tested, so it has none.
symbols_fixture(plain ${c} ${CMAKE_C_COMPILER} -g -O1 -fPIE -pie -Wl,--build-id=none)
symbols_derived(linked plain
  COMMAND ${UTRAIL_OBJCOPY} --only-keep-debug plain linked.debug
  COMMAND ${UTRAIL_OBJCOPY} --strip-all --add-gnu-debuglink=linked.debug plain linked)
symbols_derived(by_id pie
  COMMAND ${UTRAIL_OBJCOPY} --only-keep-debug pie by_id.debug
  COMMAND ${UTRAIL_STRIP} -o by_id pie)

# The forms of DWARF: versions, compilers, and where it lies.
foreach(version 2 3 4 5)
  symbols_fixture(dwarf${version} ${c} ${CMAKE_C_COMPILER} -gdwarf-${version} -gstrict-dwarf -O2)
endforeach()
# As another tool may leave it, or a compiler that writes none (clang).
symbols_derived(no_aranges dwarf5
  COMMAND ${UTRAIL_OBJCOPY} --remove-section=.debug_aranges dwarf5 no_aranges)
symbols_fixture(type_units ${c} ${CMAKE_C_COMPILER} -g -O0 -fdebug-types-section)
symbols_fixture(zlib ${c} ${CMAKE_C_COMPILER} -g -O1 -gz=zlib)
symbols_fixture(split ${c} ${CMAKE_C_COMPILER} -g -O1 -gsplit-dwarf)
symbols_fixture(lines_o0 symbols_lines_fixture.c ${CMAKE_C_COMPILER} -g -O0)
symbols_fixture(lines_o2 symbols_lines_fixture.c ${CMAKE_C_COMPILER} -g -O2)
# The object stays, so that its .dwo has the object's name whatever the compiler.
function(symbols_split name)
  add_custom_command(OUTPUT ${fixture_dir}/${name} DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${c}
    COMMAND ${ARGN} -g -gsplit-dwarf -c ${CMAKE_CURRENT_SOURCE_DIR}/${c} -o ${name}.o
    COMMAND ${ARGN} -o ${name} ${name}.o WORKING_DIRECTORY ${fixture_dir} VERBATIM)
  set(symbols_fixtures ${symbols_fixtures} ${fixture_dir}/${name} PARENT_SCOPE)
endfunction()
symbols_fixture(lto ${c} gcc -g -O2 -flto -gz=zlib)
symbols_split(split4 ${CMAKE_C_COMPILER} -gdwarf-4 -O1)
symbols_split(split5 ${CMAKE_C_COMPILER} -gdwarf-5 -O1)
# Fedora's way to make .gnu_debugdata, but for the list of symbols to keep: all of them here.
find_program(UTRAIL_XZ xz REQUIRED)
symbols_derived(mini pie
  COMMAND ${UTRAIL_OBJCOPY} --only-keep-debug pie mini.whole
  COMMAND ${UTRAIL_OBJCOPY} --strip-debug mini.whole mini.symbols
  COMMAND ${UTRAIL_XZ} -f -k mini.symbols
  COMMAND ${UTRAIL_STRIP} -o mini.stripped pie
  COMMAND ${UTRAIL_OBJCOPY} --add-section .gnu_debugdata=mini.symbols.xz mini.stripped mini)
symbols_fixture(cpp symbols_fixture.cc ${UTRAIL_GXX} -g -O0 -std=c++17)
symbols_fixture(cpp_fast symbols_fixture.cc ${UTRAIL_GXX} -g -O2 -std=c++17)
foreach(version 4 5)
  symbols_fixture(cpp_units${version} symbols_fixture.cc ${UTRAIL_GXX} -gdwarf-${version} -O0 -std=c++17 -fdebug-types-section)
endforeach()
find_program(UTRAIL_CLANG_C NAMES clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14)
if(UTRAIL_CLANG_C)
  symbols_fixture(clang4 ${c} ${UTRAIL_CLANG_C} -gdwarf-4 -O2 -Wno-unknown-attributes)
  symbols_fixture(clang5 ${c} ${UTRAIL_CLANG_C} -gdwarf-5 -O1 -Wno-unknown-attributes)
  symbols_split(clang_split4 ${UTRAIL_CLANG_C} -gdwarf-4 -O1 -Wno-unknown-attributes)
  symbols_split(clang_split5 ${UTRAIL_CLANG_C} -gdwarf-5 -O1 -Wno-unknown-attributes)
  symbols_fixture(cpp_clang symbols_fixture.cc ${UTRAIL_CLANG_C} --driver-mode=g++ -g -O1 -std=c++17)
endif()
# A package. Of the tools' own DWARF 5 only clang's with LLVM's packager works in Debian 12: binutils'
# dwp ends with a fault, and llvm-dwp never ends with what gcc writes.
find_program(UTRAIL_LLVM_DWP NAMES llvm-dwp llvm-dwp-19 llvm-dwp-14)
if(UTRAIL_LLVM_DWP AND UTRAIL_CLANG_C)
  symbols_split(packaged ${UTRAIL_CLANG_C} -gdwarf-5 -O1 -Wno-unknown-attributes)
  add_custom_command(OUTPUT ${fixture_dir}/packaged.dwp DEPENDS ${fixture_dir}/packaged
    COMMAND timeout 20 ${UTRAIL_LLVM_DWP} -e packaged -o packaged.dwp
    COMMAND ${CMAKE_COMMAND} -E rm packaged.dwo WORKING_DIRECTORY ${fixture_dir} VERBATIM)
  list(APPEND symbols_fixtures ${fixture_dir}/packaged.dwp)
endif()
# dwz 0.15 does not know .debug_addr, which clang makes for DWARF 5.
find_program(UTRAIL_DWZ dwz)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  set(dwz_from pie)
else()
  set(dwz_from dwarf4)
endif()
if(UTRAIL_DWZ)
  symbols_derived(dwz_main ${dwz_from}
    COMMAND ${CMAKE_COMMAND} -E copy ${dwz_from} dwz_main
    COMMAND ${CMAKE_COMMAND} -E copy ${dwz_from} dwz_other
    COMMAND ${UTRAIL_DWZ} -m dwz_common -M /somewhere/.dwz/dwz_common dwz_main dwz_other)
endif()
add_custom_target(symbols_fixtures DEPENDS ${symbols_fixtures})

function(symbols_test name)
  utrail_unit_test(symbols_${name} SOURCES symbols_${name}.c LINK utrail_symbols PkgConfig::libdw PkgConfig::libelf)
  target_compile_definitions(unit_symbols_${name} PRIVATE FIXTURES="${fixture_dir}"
    SOURCE="${CMAKE_CURRENT_SOURCE_DIR}/symbols_fixture.c")
  add_dependencies(unit_symbols_${name} symbols_fixtures)
endfunction()

symbols_test(name_map)
symbols_test(radix)
symbols_test(image)
symbols_test(refusals)
symbols_test(functions)
symbols_test(objects)
symbols_test(clone)
symbols_test(demangle)
symbols_test(damage)
symbols_test(unwind)
symbols_test(frame_table)
symbols_test(dwarf_attributes)
symbols_test(unwind_eval)
symbols_test(stack)
symbols_test(debug_file)
symbols_test(hostile)
symbols_test(sources)
target_link_libraries(unit_symbols_sources PRIVATE PkgConfig::liblzma)
symbols_test(prototype)
symbols_test(prototype_cpp)
symbols_test(builtin)
symbols_test(inlined)
symbols_test(wire)
symbols_test(child)
symbols_test(sandbox)
symbols_test(asked)
symbols_test(walk)
target_link_options(unit_symbols_walk PRIVATE -Wl,--wrap=protocol_send)

symbols_test(lines)
target_compile_definitions(unit_symbols_lines PRIVATE LINES_SOURCE="${CMAKE_CURRENT_SOURCE_DIR}/symbols_lines_fixture.c")
symbols_test(perf_map)
symbols_test(go_table)
utrail_unit_test(symbols_answers SOURCES symbols_answers.c LINK utrail_symbols)
