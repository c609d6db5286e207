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
