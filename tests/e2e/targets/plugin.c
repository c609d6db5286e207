/* SPDX-License-Identifier: Apache-2.0 */
/* plugin — the library that `plugins` loads late. */
#include <sys/sdt.h>

__attribute__((visibility("default"), noinline)) long plugin_work(int round)
{
	DTRACE_PROBE1(plugin, work, round);
	return 2L * round;
}
