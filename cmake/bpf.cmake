# bpf_skeleton(tracer [FIRST_LINES] SOURCES stream/stream.bpf.c uprobe/uprobe.bpf.c ...)
# Compiles each source for BPF, joins the objects, and makes the INTERFACE target `tracer_skeleton`
# that offers the header "tracer.skel.h". FIRST_LINES: with what first_lines.py leaves of the line information.
# Header dependencies come from the compiler (depfile).
find_program(UTRAIL_CLANG NAMES clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14 REQUIRED)
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
find_program(UTRAIL_BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64")
  set(UTRAIL_BPF_ARCH x86)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(UTRAIL_BPF_ARCH arm64)
else()
  message(FATAL_ERROR "utrail runs on x86-64 and arm64, not on ${CMAKE_SYSTEM_PROCESSOR}")
endif()

function(bpf_skeleton name)
  cmake_parse_arguments(B "FIRST_LINES" "" "SOURCES" ${ARGN})
  pkg_get_variable(libbpf_include libbpf includedir)
  set(delays)
  if(UTRAIL_BPF_DELAYS)
    set(delays -DUTRAIL_BPF_DELAYS)
  endif()
  set(objects)
  foreach(source ${B_SOURCES})
    string(REPLACE "/" "_" flat ${source})
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${flat}.o)
    add_custom_command(
      OUTPUT ${object}
      DEPENDS ${PROJECT_SOURCE_DIR}/${source}
      DEPFILE ${object}.d
      COMMAND ${UTRAIL_CLANG} -target bpf -mcpu=v3 -g -O2 -std=gnu11 -D__bpf__
              -D__TARGET_ARCH_${UTRAIL_BPF_ARCH} ${delays} -Wall -Wextra -Wno-unused-parameter -Werror
              -I ${PROJECT_SOURCE_DIR} -idirafter ${libbpf_include}
              -idirafter /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}
              -ffile-prefix-map=${PROJECT_SOURCE_DIR}=. -MD -MF ${object}.d -MT ${object}
              -c ${PROJECT_SOURCE_DIR}/${source} -o ${object}
      COMMENT "BPF ${source}" VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  set(linked ${CMAKE_CURRENT_BINARY_DIR}/${name}.linked.o)
  set(skeleton ${CMAKE_CURRENT_BINARY_DIR}/${name}.skel.h)
  set(shorten)
  if(B_FIRST_LINES)
    set(shorten COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/cmake/first_lines.py ${linked})
  endif()
  add_custom_command(OUTPUT ${linked} DEPENDS ${objects} ${PROJECT_SOURCE_DIR}/cmake/first_lines.py
    COMMAND ${UTRAIL_BPFTOOL} gen object ${linked} ${objects}
    ${shorten} VERBATIM)
  add_custom_command(OUTPUT ${skeleton} DEPENDS ${linked}
    COMMAND ${UTRAIL_BPFTOOL} gen skeleton ${linked} name ${name} > ${skeleton} VERBATIM)
  add_custom_target(${name}_skeleton_files DEPENDS ${skeleton})
  add_library(${name}_skeleton INTERFACE)
  add_dependencies(${name}_skeleton ${name}_skeleton_files)
  target_include_directories(${name}_skeleton SYSTEM INTERFACE ${CMAKE_CURRENT_BINARY_DIR})
endfunction()
