/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signals — gets signals of all kinds, and counts what its handlers see.
 *
 *	signals [-w] [ROUNDS [END]]
 *
 * END is the number of a signal that it ends itself with, then.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "sample.h"

static volatile sig_atomic_t handled[65];
static sigjmp_buf back;
static char *volatile nowhere = (char *)8;

static void on_signal(int number)
{
	handled[number]++;
}

static void on_fault(int number)
{
	handled[number]++;
	siglongjmp(back, 1);
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
	sigaction(number, &action, NULL);
}

static void sent(void)
{
	union sigval value = {.sival_int = 77};
	kill(getpid(), SIGHUP);
	pthread_kill(pthread_self(), SIGHUP);
	sigqueue(getpid(), SIGRTMIN + 1, value);
	/* Sent twice while it is blocked: got once. */
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	kill(getpid(), SIGHUP);
	kill(getpid(), SIGHUP);
	sigprocmask(SIG_UNBLOCK, &mask, NULL);
	/* Taken without a handler. */
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	kill(getpid(), SIGUSR2);
	sigwaitinfo(&mask, NULL);
	sigprocmask(SIG_UNBLOCK, &mask, NULL);
}

static void ignored(void)
{
	kill(getpid(), SIGWINCH);
	signal(SIGUSR2, SIG_IGN);
	kill(getpid(), SIGUSR2);
	signal(SIGUSR2, SIG_DFL);
	/* It has to be kept while it is blocked: it could get a handler. */
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGURG);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	kill(getpid(), SIGURG);
	sigprocmask(SIG_UNBLOCK, &mask, NULL);
}

/* Division by zero, or what the machine has instead. */
static void raise_fault(void)
{
#if defined(__x86_64__)
	__asm__ volatile("xorl %%edx, %%edx\n\tmovl $1, %%eax\n\txorl %%ecx, %%ecx\n\tidivl %%ecx"
			 :
			 :
			 : "eax", "ecx", "edx");
#else
	__asm__ volatile("udf #0");
#endif
}

static void by_the_kernel(void)
{
	int pipes[2];
	struct itimerval once = {.it_value = {.tv_usec = 1000}};
	handle(SIGALRM, on_signal);
	handle(SIGPIPE, on_signal);
	handle(SIGSEGV, on_fault);
	handle(SIGFPE, on_fault);
	handle(SIGILL, on_fault);
	int before = handled[SIGALRM];
	setitimer(ITIMER_REAL, &once, NULL);
	while (handled[SIGALRM] == before)
		pause();
	if (pipe(pipes) == 0) {
		close(pipes[0]);
		(void)!write(pipes[1], "x", 1);
		close(pipes[1]);
	}
	if (!sigsetjmp(back, 1))
		*nowhere = 1;
	if (!sigsetjmp(back, 1))
		raise_fault();
}

static void children(void)
{
	for (int i = 0; i < 3; i++) {
		handle(SIGCHLD, i ? on_signal : SIG_DFL);
		pid_t child = fork();
		if (child == 0) {
			if (i == 2)
				kill(getpid(), SIGKILL);
			_exit(i + 3);
		}
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long rounds = sample_number(argc, argv, sample.next, 1);
	int end = (int)sample_number(argc, argv, sample.next + 1, 0);
	handle(SIGHUP, on_signal);
	handle(SIGRTMIN + 1, on_signal);
	for (long i = 0; i < rounds; i++) {
		sent();
		ignored();
		by_the_kernel();
		children();
	}
	for (int i = 1; i <= 64; i++) {
		char name[8];
		snprintf(name, sizeof(name), "%d", i);
		if (handled[i])
			sample_count(name, (unsigned long)handled[i]);
	}
	fflush(stdout);
	if (end)
		kill(getpid(), end);
	return sample_end(&sample, true);
}
