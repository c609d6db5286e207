utrail_unit_test(kernel_syscalls SOURCES kernel_syscalls.c LINK utrail_kernel)
target_include_directories(unit_kernel_syscalls PRIVATE ${PROJECT_BINARY_DIR}/kernel)
utrail_unit_test(kernel_backends SOURCES kernel_backends.c LINK utrail_kernel)
add_library(kernel_call STATIC kernel_call.c kernel_run_plan.c)
target_link_libraries(kernel_call PUBLIC utrail_kernel PRIVATE utrail_flags cmocka)
utrail_unit_test(kernel_probes SOURCES kernel_probes.c LINK kernel_call)
utrail_unit_test(kernel_shapes SOURCES kernel_shapes.c LINK kernel_call)
utrail_unit_test(kernel_files SOURCES kernel_files.c LINK kernel_call)
utrail_unit_test(kernel_arguments SOURCES kernel_arguments.c LINK kernel_call)
utrail_unit_test(kernel_functions SOURCES kernel_functions.c LINK utrail_kernel)
utrail_unit_test(kernel_views SOURCES kernel_views.c LINK utrail_kernel)
utrail_unit_test(kernel_life SOURCES kernel_life.c LINK utrail_kernel)
utrail_unit_test(kernel_samples SOURCES kernel_samples.c LINK utrail_kernel)
utrail_unit_test(kernel_sched SOURCES kernel_sched.c LINK utrail_kernel)
utrail_unit_test(kernel_tracepoints SOURCES kernel_tracepoints.c LINK utrail_kernel)

# The committed tables against what this machine says: its kernel, its headers, its strace.
foreach(check check check-classes)
  add_test(NAME unit.kernel_tables_${check}
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/kernel/generate_syscalls.py ${check}
            --table ${PROJECT_SOURCE_DIR}/kernel/syscalls.tbl
            --classes ${PROJECT_SOURCE_DIR}/kernel/classes.tbl)
  set_tests_properties(unit.kernel_tables_${check} PROPERTIES
    LABELS unit TIMEOUT 120 SKIP_RETURN_CODE 77)
endforeach()

