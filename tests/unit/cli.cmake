# cli/ is a program, not a library: what is tested of it is compiled into the test.
utrail_unit_test(cli_tables SOURCES cli_tables.c ${PROJECT_SOURCE_DIR}/cli/kernel/tables.c
  LINK utrail_probe)
utrail_unit_test(cli_options SOURCES cli_options.c
  ${PROJECT_SOURCE_DIR}/cli/options/options.c ${PROJECT_SOURCE_DIR}/cli/options/values.c ${PROJECT_SOURCE_DIR}/cli/options/shell.c
  ${PROJECT_SOURCE_DIR}/cli/options/stat.c
  ${PROJECT_SOURCE_DIR}/cli/options/mistake.c
  ${PROJECT_SOURCE_DIR}/cli/options/strace.c ${PROJECT_SOURCE_DIR}/cli/options/summary.c
  ${PROJECT_SOURCE_DIR}/cli/options/pids.c
  ${PROJECT_SOURCE_DIR}/cli/options/help.c ${PROJECT_SOURCE_DIR}/cli/select.c
  LINK utrail_output utrail_usdt utrail_uprobe utrail_kernel utrail_target)
target_compile_definitions(unit_cli_options PRIVATE UTRAIL_VERSION="${PROJECT_VERSION}")
utrail_unit_test(cli_attacher SOURCES cli_attacher.c ${PROJECT_SOURCE_DIR}/cli/process/attacher.c
  LINK utrail_uprobe utrail_target)
utrail_unit_test(cli_spaces SOURCES cli_spaces.c ${PROJECT_SOURCE_DIR}/cli/stacks/spaces.c
  ${PROJECT_SOURCE_DIR}/cli/stacks/code_files.c ${PROJECT_SOURCE_DIR}/cli/stacks/jit.c ${PROJECT_SOURCE_DIR}/cli/stacks/stacks.c
  ${PROJECT_SOURCE_DIR}/cli/stacks/kernel_names.c
  LINK utrail_stream utrail_symbols utrail_target utrail_output)
utrail_unit_test(cli_shell_track SOURCES cli_shell_track.c ${PROJECT_SOURCE_DIR}/cli/shell/track.c
  LINK utrail_output)
utrail_unit_test(cli_stat_table SOURCES cli_stat_table.c ${PROJECT_SOURCE_DIR}/cli/stat/table.c
  LINK utrail_output)
utrail_unit_test(cli_early SOURCES cli_early.c ${PROJECT_SOURCE_DIR}/cli/kernel/early.c ${PROJECT_SOURCE_DIR}/cli/kernel/loader.c
  ${PROJECT_SOURCE_DIR}/cli/kernel/beside.c
  ${PROJECT_SOURCE_DIR}/cli/kernel/trim.c ${PROJECT_SOURCE_DIR}/cli/kernel/trim_value.c
  LINK utrail_kernel utrail_uprobe utrail_stream utrail_probe utrail_target tracer_skeleton PkgConfig::libbpf)
# Exit status 77: the kernel tells nothing of its types.
set_tests_properties(unit.cli_early PROPERTIES SKIP_RETURN_CODE 77)
utrail_unit_test(cli_trim SOURCES cli_trim.c ${PROJECT_SOURCE_DIR}/cli/kernel/trim.c ${PROJECT_SOURCE_DIR}/cli/kernel/trim_value.c
  LINK utrail_common PkgConfig::libbpf)
utrail_unit_test(cli_books SOURCES cli_books.c ${PROJECT_SOURCE_DIR}/cli/books.c
  LINK utrail_stream utrail_target PkgConfig::libbpf)
utrail_unit_test(cli_waker SOURCES cli_waker.c ${PROJECT_SOURCE_DIR}/cli/process/waker.c
  LINK utrail_target PkgConfig::libbpf)
utrail_unit_test(cli_heartbeat SOURCES cli_heartbeat.c ${PROJECT_SOURCE_DIR}/cli/process/heartbeat.c
  LINK utrail_common)
utrail_unit_test(cli_cost SOURCES cli_cost.c ${PROJECT_SOURCE_DIR}/cli/cost.c
  ${PROJECT_SOURCE_DIR}/cli/cost_calibrate.c
  LINK utrail_uprobe utrail_probe utrail_target PkgConfig::libbpf)
utrail_unit_test(cli_tally SOURCES cli_tally.c ${PROJECT_SOURCE_DIR}/cli/tally.c
  LINK utrail_kernel utrail_output utrail_target)
utrail_unit_test(cli_plan_signals SOURCES cli_plan_signals.c ${PROJECT_SOURCE_DIR}/cli/plan/signals.c
  ${PROJECT_SOURCE_DIR}/cli/plan/life.c LINK utrail_kernel utrail_output utrail_target utrail_uprobe)
utrail_unit_test(cli_cache SOURCES cli_cache.c ${PROJECT_SOURCE_DIR}/cli/cache.c
  LINK utrail_output utrail_common)
utrail_unit_test(cli_list_out SOURCES cli_list_out.c ${PROJECT_SOURCE_DIR}/cli/list/out.c
  LINK utrail_symbols utrail_common)
utrail_unit_test(cli_calls SOURCES cli_calls.c ${PROJECT_SOURCE_DIR}/cli/kernel/calls.c
  ${PROJECT_SOURCE_DIR}/cli/process/closer.c LINK utrail_kernel)
utrail_unit_test(cli_kernel_names SOURCES cli_kernel_names.c ${PROJECT_SOURCE_DIR}/cli/stacks/kernel_names.c
  LINK utrail_symbols)
