/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/process/privilege.h"

#include <sys/auxv.h>
#include <unistd.h>

#include "common/caps.h"

/*
 * AT_SECURE says that the exec gave us something that our user does not have, of which there are
 * two kinds. With other user or group ids (set-user-id) everything happens with these: files of the
 * command line are read, and written (-o), as somebody else. That cannot be made right piece by
 * piece, so it is refused. With file capabilities (setcap) an administrator has let users trace,
 * the ids and so the files remain the user's own, and a command that we run gets no capability.
 * libc has taken LD_* out of the environment then; of what is left we read PATH, TERM and NO_COLOR,
 * which choose nothing that runs with our rights.
 */
struct err *privilege_check_start(void)
{
	bool others = getuid() != geteuid() || getgid() != getegid();
	if (!others || !getauxval(AT_SECURE))
		return NULL;
	struct err *e = err_new(ERR_PERMISSION, 0, "utrail does not run setuid");
	e = err_why(e, "it would read and write files with rights that its user does not have");
	return err_hint(e, "take the bit away: sudo chmod u-s,g-s \"$(command -v utrail)\"; run it "
			   "with sudo, or grant capabilities ('utrail check' says which)");
}

struct err *privilege_drop(const struct kernel *kernel, bool is_parent)
{
	uint64_t have = caps_effective();
	uint64_t reading = have & caps_bit(have & caps_bit(CAP_BPF) ? CAP_BPF : CAP_SYS_ADMIN);
	uint64_t attaching = kernel_late_capabilities(kernel);
	/* A command may ask its parent to trace it, to find out whether somebody does already: that
	 * succeeds only while the parent may (cap_ptrace_traceme(), security/commoncap.c). */
	if (is_parent)
		attaching |= have & caps_bit(CAP_SYS_PTRACE);
	struct err *e = caps_suspend();
	if (e)
		return e;
	return caps_drop_to(kernel_is_readable(kernel) ? attaching : attaching | reading);
}
