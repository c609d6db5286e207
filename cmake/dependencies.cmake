# All libraries that utrail links, as imported targets. ./dev deps installs them.
find_package(PkgConfig REQUIRED)
pkg_check_modules(libbpf REQUIRED IMPORTED_TARGET libbpf>=1.4)
pkg_check_modules(libelf REQUIRED IMPORTED_TARGET libelf>=0.188)
pkg_check_modules(libdw REQUIRED IMPORTED_TARGET libdw>=0.188)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson>=2.14)

# Neither Zydis (in Debian 12) nor libiberty ships a .pc file.
function(utrail_find_library target library header)
  find_library(UTRAIL_${library}_LIBRARY NAMES ${library} REQUIRED)
  find_path(UTRAIL_${library}_INCLUDE NAMES ${header} REQUIRED)
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_link_libraries(${target} INTERFACE ${UTRAIL_${library}_LIBRARY})
  target_include_directories(${target} SYSTEM INTERFACE ${UTRAIL_${library}_INCLUDE})
endfunction()
utrail_find_library(zydis Zydis Zydis/Zydis.h)
utrail_find_library(iberty iberty libiberty/demangle.h)
