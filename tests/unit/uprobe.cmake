utrail_unit_test(uprobe_head_start SOURCES uprobe_head_start.c LINK utrail_uprobe)
utrail_unit_test(uprobe_args SOURCES uprobe_args.c LINK utrail_uprobe)
utrail_unit_test(uprobe_return_form SOURCES uprobe_return_form.c LINK utrail_uprobe)
utrail_unit_test(uprobe_args_go SOURCES uprobe_args_go.c LINK utrail_uprobe)
utrail_unit_test(uprobe_places SOURCES uprobe_places.c LINK utrail_uprobe)
utrail_unit_test(uprobe_prologue SOURCES uprobe_prologue.c LINK utrail_uprobe)
utrail_unit_test(uprobe_result_proof SOURCES uprobe_result_proof.c LINK utrail_uprobe)
utrail_unit_test(uprobe_longjmp SOURCES uprobe_longjmp.c LINK utrail_uprobe)
utrail_unit_test(uprobe_code SOURCES uprobe_code.c LINK utrail_uprobe)
utrail_unit_test(uprobe_overload SOURCES uprobe_overload.c LINK utrail_uprobe)
# Exit status 77 tells that the machine has nothing to compare with.
utrail_unit_test(uprobe_objdump SOURCES uprobe_objdump.c LINK utrail_uprobe)
set_tests_properties(unit.uprobe_objdump PROPERTIES SKIP_RETURN_CODE 77)

# Programs to be judged by the safety test: built without our flags, above all the sanitizers'.
utrail_unit_test(uprobe_safety SOURCES uprobe_safety.c LINK utrail_uprobe)
function(uprobe_target name)
  cmake_parse_arguments(P "" "" "DEFINE;OPTIONS;LINK" ${ARGN})
  add_executable(target_${name} uprobe_target.c)
  target_compile_options(target_${name} PRIVATE -O2 -Wno-unused ${P_OPTIONS})
  target_compile_definitions(target_${name} PRIVATE ${P_DEFINE})
  target_link_options(target_${name} PRIVATE ${P_LINK})
  string(TOUPPER ${name} upper)
  target_compile_definitions(unit_uprobe_safety
    PRIVATE TARGET_${upper}_PATH="$<TARGET_FILE:target_${name}>")
  add_dependencies(unit_uprobe_safety target_${name})
endfunction()
uprobe_target(plain LINK -s)
uprobe_target(ucontext DEFINE TARGET_UCONTEXT)
uprobe_target(cleanup DEFINE TARGET_CLEANUP OPTIONS -fexceptions)
uprobe_target(thread DEFINE TARGET_THREAD)
uprobe_target(altstack DEFINE TARGET_ALTSTACK)
uprobe_target(filtering DEFINE TARGET_FILTERING)
uprobe_target(frames DEFINE TARGET_FRAMES OPTIONS -fno-omit-frame-pointer LINK -s)
foreach(form
    "switch|mov (%rsi),%rsp" "switch_add|sub %rsp,%rsi\\nadd %rsi,%rsp" "switch_or|xor %rsp,%rsp\\nor (%rsi),%rsp"
    "switch_vector|movq (%rsi),%xmm0\\nmovq %xmm0,%rsp" "switch_if|cmp %rsi,%rsi\\ncmove (%rsi),%rsp"
    "switch_leave|push %rbp\\nmov %rsi,%rbp\\nsub $8,%rbp\\nleave")
  string(REPLACE "|" ";" form "${form}")
  list(GET form 0 name)
  list(GET form 1 text)
  uprobe_target(${name} DEFINE "TARGET_SWITCH=\"${text}\"" LINK -s)
endforeach()
uprobe_target(raw_signals DEFINE TARGET_RAW_SIGNALS)
uprobe_target(own_signals DEFINE TARGET_OWN_SIGNALS)
find_library(UPROBE_STATIC_LIBC libc.a)
if(UPROBE_STATIC_LIBC)
  uprobe_target(static LINK -static)
  uprobe_target(static_stripped LINK -static -s)
endif()

# A library of known functions, x86-64 alone: it holds machine code.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64")
  utrail_unit_test(uprobe_return_slot SOURCES uprobe_return_slot.c LINK utrail_uprobe)
  utrail_unit_test(uprobe_go_check SOURCES uprobe_go_check.c LINK utrail_uprobe)
  add_library(uprobe_functions SHARED uprobe_functions.c)
  target_compile_options(uprobe_functions PRIVATE -g -O2 -fcf-protection -fno-stack-protector
    -fno-omit-frame-pointer -fno-semantic-interposition)
  utrail_unit_test(uprobe_probes SOURCES uprobe_probes.c LINK utrail_uprobe)
  target_compile_definitions(unit_uprobe_probes
    PRIVATE FUNCTIONS_PATH="$<TARGET_FILE:uprobe_functions>")
  add_dependencies(unit_uprobe_probes uprobe_functions)
  utrail_unit_test(uprobe_compromised SOURCES uprobe_compromised.c LINK utrail_uprobe PkgConfig::libdw PkgConfig::libelf)
  target_compile_definitions(unit_uprobe_compromised
    PRIVATE FUNCTIONS_PATH="$<TARGET_FILE:uprobe_functions>")
  target_link_options(unit_uprobe_compromised PRIVATE -Wl,--wrap=protocol_send
    -Wl,--wrap=image_functions -Wl,--wrap=image_frame_place)
  add_dependencies(unit_uprobe_compromised uprobe_functions)
endif()
