/* SPDX-License-Identifier: Apache-2.0 */
#include "output/siginfo.h"

#include <signal.h>
#include <string.h>

#include "common/array.h"
#include "stream/event.h"

/* --- names of codes: include/uapi/asm-generic/siginfo.h ----------------------------------------
 */

struct code_name {
	int code;
	const char *name;
};

/* Of all signals. */
static const struct code_name general[] = {
	{0, "SI_USER"},	     {0x80, "SI_KERNEL"}, {-1, "SI_QUEUE"}, {-2, "SI_TIMER"},
	{-3, "SI_MESGQ"},    {-4, "SI_ASYNCIO"},  {-5, "SI_SIGIO"}, {-6, "SI_TKILL"},
	{-7, "SI_DETHREAD"}, {-60, "SI_ASYNCNL"},
};

/* From 1 on. */
static const char *const ill[] = {"ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR",
				  "ILL_ILLTRP", "ILL_PRVOPC", "ILL_PRVREG",
				  "ILL_COPROC", "ILL_BADSTK", "ILL_BADIADDR"};
static const char *const fpe[] = {"FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF",
				  "FPE_FLTUND", "FPE_FLTRES", "FPE_FLTINV", "FPE_FLTSUB"};
static const char *const segv[] = {"SEGV_MAPERR",  "SEGV_ACCERR",  "SEGV_BNDERR",  "SEGV_PKUERR",
				   "SEGV_ACCADI",  "SEGV_ADIDERR", "SEGV_ADIPERR", "SEGV_MTEAERR",
				   "SEGV_MTESERR", "SEGV_CPERR"};
static const char *const bus[] = {"BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR",
				  "BUS_MCEERR_AO"};
static const char *const trap[] = {"TRAP_BRKPT",  "TRAP_TRACE", "TRAP_BRANCH",
				   "TRAP_HWBKPT", "TRAP_UNK",	"TRAP_PERF"};
static const char *const cld[] = {"CLD_EXITED",	 "CLD_KILLED",	"CLD_DUMPED",
				  "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED"};
static const char *const poll_codes[] = {"POLL_IN",  "POLL_OUT", "POLL_MSG",
					 "POLL_ERR", "POLL_PRI", "POLL_HUP"};
static const char *const sys[] = {"SYS_SECCOMP", "SYS_USER_DISPATCH"};

static const struct {
	int signal;
	const char *const *names;
	int count;
} special[] = {
	{SIGILL, ill, array_size(ill)},
	{SIGFPE, fpe, array_size(fpe)},
	{SIGSEGV, segv, array_size(segv)},
	{SIGBUS, bus, array_size(bus)},
	{SIGTRAP, trap, array_size(trap)},
	{SIGCHLD, cld, array_size(cld)},
	{SIGPOLL, poll_codes, array_size(poll_codes)},
	{SIGSYS, sys, array_size(sys)},
};

static const char *code_name(int signal, int code)
{
	for (size_t i = 0; i < array_size(general); i++)
		if (general[i].code == code)
			return general[i].name;
	for (size_t i = 0; i < array_size(special); i++)
		if (special[i].signal == signal && code >= 1 && code <= special[i].count)
			return special[i].names[code - 1];
	return NULL;
}

/* --- members -----------------------------------------------------------------------------------
 */

struct members {
	struct siginfo_member *items;
	size_t count;
};

static void add(struct members *members, const char *name, enum siginfo_form form, int64_t number,
		const char *text)
{
	if (members->count < SIGINFO_MEMBERS_MAX)
		members->items[members->count++] =
			(struct siginfo_member){name, form, number, text};
}

static void add_number(struct members *members, const char *name, int64_t number)
{
	add(members, name, SIGINFO_NUMBER, number, NULL);
}

static void add_address(struct members *members, const char *name, const void *address)
{
	add(members, name, SIGINFO_ADDRESS, (int64_t)(uintptr_t)address, NULL);
}

static void add_sender(struct members *members, const siginfo_t *info)
{
	add_number(members, "si_pid", info->si_pid);
	add_number(members, "si_uid", info->si_uid);
}

static void add_value(struct members *members, const siginfo_t *info)
{
	add_number(members, "si_int", info->si_int);
	add_address(members, "si_ptr", info->si_ptr);
}

/* Sent by a program, or by the kernel for one. */
static void add_sent(struct members *members, const siginfo_t *info)
{
	switch (info->si_code) {
	case SI_TIMER:
		add_number(members, "si_timerid", info->si_timerid);
		add_number(members, "si_overrun", info->si_overrun);
		add_value(members, info);
		break;
	case SI_USER:
	case SI_TKILL:
		add_sender(members, info);
		break;
	default:
		add_sender(members, info);
		add_value(members, info);
	}
}

static void add_child(struct members *members, const siginfo_t *info)
{
	add_sender(members, info);
	add(members, "si_status", info->si_code == CLD_EXITED ? SIGINFO_NUMBER : SIGINFO_SIGNAL,
	    info->si_status, NULL);
	add_number(members, "si_utime", info->si_utime);
	add_number(members, "si_stime", info->si_stime);
}

static void add_fault(struct members *members, const siginfo_t *info)
{
	bool is_segv = info->si_signo == SIGSEGV, is_bus = info->si_signo == SIGBUS;
	add_address(members, "si_addr", info->si_addr);
	if (is_bus && (info->si_code == BUS_MCEERR_AR || info->si_code == BUS_MCEERR_AO))
		add_number(members, "si_addr_lsb", info->si_addr_lsb);
	if (is_segv && info->si_code == SEGV_BNDERR) {
		add_address(members, "si_lower", info->si_lower);
		add_address(members, "si_upper", info->si_upper);
	}
	if (is_segv && info->si_code == SEGV_PKUERR)
		add_number(members, "si_pkey", (int64_t)info->si_pkey);
}

/* By the kernel, and not SI_KERNEL, which says no more. */
static void add_raised(struct members *members, const siginfo_t *info)
{
	switch (info->si_signo) {
	case SIGCHLD:
		add_child(members, info);
		break;
	case SIGILL:
	case SIGFPE:
	case SIGSEGV:
	case SIGBUS:
	case SIGTRAP:
		add_fault(members, info);
		break;
	case SIGPOLL:
		add_number(members, "si_band", info->si_band);
		add_number(members, "si_fd", info->si_fd);
		break;
	case SIGSYS:
		add_address(members, "si_call_addr", info->si_call_addr);
		add_number(members, "si_syscall", info->si_syscall);
		add(members, "si_arch", SIGINFO_ADDRESS, info->si_arch, NULL);
		break;
	default:
		add_sender(members, info);
	}
}

size_t siginfo_members(const void *bytes, struct siginfo_member ret[static SIGINFO_MEMBERS_MAX])
{
	siginfo_t info = {0};
	struct members members = {.items = ret};
	memcpy(&info, bytes, EVENT_SIGINFO);
	add(&members, "si_signo", SIGINFO_SIGNAL, info.si_signo, NULL);
	add(&members, "si_code", SIGINFO_NAME, info.si_code,
	    code_name(info.si_signo, info.si_code));
	if (info.si_errno)
		add(&members, "si_errno", SIGINFO_NAME, info.si_errno, names_errno(info.si_errno));
	if (info.si_code <= 0)
		add_sent(&members, &info);
	else if (info.si_code != SI_KERNEL)
		add_raised(&members, &info);
	else if (info.si_signo == SIGSEGV || info.si_signo == SIGBUS)
		add_fault(&members, &info);
	return members.count;
}
