/* SPDX-License-Identifier: Apache-2.0 */
/* What a siginfo_t says, and how a signal is written: as sigaction(2) and strace have it. */
#include "output/siginfo.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/output_events.h"
#include "tests/unit/unit.h"

static char *text_of(const siginfo_t *info)
{
	struct made *made = made_event(STREAM_SIGNAL, "");
	struct output_options options = made_options(OUTPUT_TEXT);
	made->event.signal_number = info->si_signo;
	made->event.signal_info = info;
	char *text = written_event(&options, made, false);
	made_free(made);
	return text;
}

static void check(const siginfo_t *info, const char *members)
{
	char wanted[512];
	char *text = text_of(info);
	snprintf(wanted, sizeof(wanted), "{%s} ---\n", members);
	char *from = strchr(text, '{');
	assert_non_null(from);
	assert_string_equal(from, wanted);
	free(text);
}

static void sent(void **state)
{
	siginfo_t info = {.si_signo = SIGTERM, .si_code = SI_USER};
	(void)state;
	info.si_pid = 42;
	info.si_uid = 1000;
	check(&info, "si_signo=SIGTERM, si_code=SI_USER, si_pid=42, si_uid=1000");
	info.si_code = SI_TKILL;
	check(&info, "si_signo=SIGTERM, si_code=SI_TKILL, si_pid=42, si_uid=1000");
	info.si_code = SI_QUEUE;
	info.si_value.sival_ptr = (void *)0xffffffffffULL;
	check(&info, "si_signo=SIGTERM, si_code=SI_QUEUE, si_pid=42, si_uid=1000, si_int=-1, "
		     "si_ptr=0xffffffffff");
	info.si_value.sival_ptr = NULL;
	info.si_errno = ENOENT;
	info.si_code = -99;
	check(&info, "si_signo=SIGTERM, si_code=-99, si_errno=ENOENT, si_pid=42, si_uid=1000, "
		     "si_int=0, si_ptr=NULL");
}

static void by_a_timer(void **state)
{
	siginfo_t info = {.si_signo = SIGALRM, .si_code = SI_KERNEL};
	(void)state;
	check(&info, "si_signo=SIGALRM, si_code=SI_KERNEL");
	info.si_code = SI_TIMER;
	info.si_timerid = 3;
	info.si_overrun = 4;
	info.si_value.sival_int = 5;
	check(&info, "si_signo=SIGALRM, si_code=SI_TIMER, si_timerid=3, si_overrun=4, si_int=5, "
		     "si_ptr=0x5");
}

static void of_children(void **state)
{
	siginfo_t info = {.si_signo = SIGCHLD, .si_code = CLD_EXITED};
	(void)state;
	info.si_pid = 42;
	info.si_status = 9;
	info.si_stime = 2;
	check(&info, "si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=42, si_uid=0, si_status=9, "
		     "si_utime=0, si_stime=2");
	info.si_code = CLD_KILLED;
	check(&info, "si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=42, si_uid=0, "
		     "si_status=SIGKILL, si_utime=0, si_stime=2");
	info.si_code = CLD_DUMPED;
	info.si_status = 99;
	check(&info, "si_signo=SIGCHLD, si_code=CLD_DUMPED, si_pid=42, si_uid=0, si_status=99, "
		     "si_utime=0, si_stime=2");
}

static void faults(void **state)
{
	siginfo_t info = {.si_signo = SIGSEGV, .si_code = SEGV_MAPERR};
	(void)state;
	check(&info, "si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL");
	info.si_addr = (void *)0x1234;
	info.si_code = SEGV_PKUERR;
	info.si_pkey = 7;
	check(&info, "si_signo=SIGSEGV, si_code=SEGV_PKUERR, si_addr=0x1234, si_pkey=7");
	info.si_code = SEGV_BNDERR;
	info.si_lower = (void *)0x10;
	info.si_upper = (void *)0x20;
	check(&info, "si_signo=SIGSEGV, si_code=SEGV_BNDERR, si_addr=0x1234, si_lower=0x10, "
		     "si_upper=0x20");
	info.si_signo = SIGBUS;
	info.si_code = BUS_MCEERR_AO;
	info.si_addr_lsb = 12;
	check(&info, "si_signo=SIGBUS, si_code=BUS_MCEERR_AO, si_addr=0x1234, si_addr_lsb=12");
	info.si_signo = SIGFPE;
	info.si_code = FPE_INTDIV;
	check(&info, "si_signo=SIGFPE, si_code=FPE_INTDIV, si_addr=0x1234");
	info.si_code = 77;
	check(&info, "si_signo=SIGFPE, si_code=77, si_addr=0x1234");
}

static void others(void **state)
{
	siginfo_t info = {.si_signo = SIGPOLL, .si_code = POLL_IN};
	(void)state;
	info.si_band = 65;
	info.si_fd = 3;
	check(&info, "si_signo=SIGIO, si_code=POLL_IN, si_band=65, si_fd=3");
	info = (siginfo_t){.si_signo = SIGSYS, .si_code = 1};
	info.si_call_addr = (void *)0x1000;
	info.si_syscall = 59;
	info.si_arch = 0xc000003e;
	check(&info, "si_signo=SIGSYS, si_code=SYS_SECCOMP, si_call_addr=0x1000, si_syscall=59, "
		     "si_arch=0xc000003e");
	/* No signal, no code: numbers. */
	info = (siginfo_t){.si_signo = 1000, .si_code = 5};
	check(&info, "si_signo=1000, si_code=5, si_pid=0, si_uid=0");
}

static void lines(void **state)
{
	siginfo_t info = {.si_signo = SIGTERM, .si_code = SI_QUEUE};
	(void)state;
	info.si_pid = 42;
	info.si_value.sival_ptr = (void *)0x4d;
	char *text = text_of(&info);
	assert_string_equal(text, "[4242/4250] --- SIGTERM {si_signo=SIGTERM, si_code=SI_QUEUE, "
				  "si_pid=42, si_uid=0, si_int=77, si_ptr=0x4d} ---\n");
	free(text);
	struct made *made = made_event(STREAM_SIGNAL, "");
	struct output_options options = made_options(OUTPUT_JSON);
	made->event.signal_number = SIGTERM;
	made->event.signal_info = &info;
	made->event.signal_is_ignored = true;
	text = written_event(&options, made, false);
	assert_non_null(strstr(text, "{\"type\":\"signal\",\"time_ns\":"));
	assert_non_null(strstr(text, ",\"depth\":0,\"signal\":\"SIGTERM\",\"info\":{"
				     "\"si_code\":\"SI_QUEUE\",\"si_pid\":42,\"si_uid\":0,"
				     "\"si_int\":77,\"si_ptr\":\"0x4d\"},\"ignored\":true}\n"));
	free(text);
	made_free(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sent),	       cmocka_unit_test(by_a_timer),
		cmocka_unit_test(of_children), cmocka_unit_test(faults),
		cmocka_unit_test(others),      cmocka_unit_test(lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
