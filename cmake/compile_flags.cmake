# What every C file of utrail is compiled with.
add_library(utrail_flags INTERFACE)
target_include_directories(utrail_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(utrail_flags INTERFACE _GNU_SOURCE)
target_compile_options(utrail_flags INTERFACE
  -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
  -Wwrite-strings -Wvla -Wundef -fno-common -fvisibility=hidden)
if(UTRAIL_WERROR)
  target_compile_options(utrail_flags INTERFACE -Werror)
endif()
if(UTRAIL_SANITIZE)
  target_compile_options(utrail_flags INTERFACE
    -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  target_link_options(utrail_flags INTERFACE -fsanitize=address,undefined)
endif()

# What is done for each event clears structures of one or two hundred bytes. gcc takes `rep stos` for that, with which an
# x86 processor needs dozens of cycles to begin; with this it stores word by word, as clang does by itself. For the
# modules that events go through.
include(CheckCCompilerFlag)
set(plain_clears "-mmemset-strategy=unrolled_loop:256:noalign,libcall:-1:noalign")
check_c_compiler_flag("${plain_clears}" UTRAIL_HAS_MEMSET_STRATEGY)
if(UTRAIL_HAS_MEMSET_STRATEGY)
  set(UTRAIL_EVENT_FLAGS "${plain_clears}")
endif()
