/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As callers.c, but nothing keeps frame pointers, and no function looks further than at its own
 * return address: read, popped, compared, changed (a retpoline by hand), passed on by its place.
 */
#include "integrity.h"

extern char __executable_start[], __etext[];

static int is_mine(const void *address)
{
	return (const char *)address > __executable_start && (const char *)address < __etext;
}

static noinline int own_caller(void)
{
	return is_mine(__builtin_return_address(0));
}

static noinline int late_caller(long n)
{
	volatile char frame[400];
	for (int i = 0; i < 400; i++)
		frame[i] = (char)(n + i);
	return is_mine(__builtin_return_address(0)) + frame[n] * 0;
}

noinline int look(void **place);
noinline int look(void **place)
{
	return is_mine(*place);
}

/* popped: pops its return address and jumps to it. skipped: returns two bytes further. by_place:
 * passes the place on. thunk: leaves for %r11 by a changed return address. */
__asm__(".macro fn name\n.globl \\name\n.type \\name,@function\n\\name: .cfi_startproc\n.endm\n"
	".macro endfn name\n.cfi_endproc\n.size \\name,.-\\name\n.endm\n"
	"fn popped\npop %rdx\nmov %rdx,%rax\njmp *%rdx\nendfn popped\n"
	"fn skipped\nmov $1,%eax\naddq $2,(%rsp)\nret\nendfn skipped\n"
	"fn by_place\nmov %rsp,%rdi\nsub $8,%rsp\ncall look\nadd $8,%rsp\nret\nendfn by_place\n"
	"fn by_place2\nlea (%rsp),%rdi\nsub $8,%rsp\ncall look\nadd $8,%rsp\nret\nendfn by_place2\n"
	"fn call_skipped\ncall skipped\n.byte 0x0f,0x0b\nret\nendfn call_skipped\n"
	"fn answer\nmov $42,%eax\nret\nendfn answer\n"
	"fn thunk\nlea answer(%rip),%r11\ncall 1f\n0: pause\njmp 0b\n1: mov %r11,(%rsp)\nret\n"
	"endfn thunk\n");
void *popped(void);
int call_skipped(void);
int by_place(void);
int by_place2(void);
int thunk(void);

int main(void)
{
	integrity_start();
	int sum[7] = {0};
	for (int i = 0; i < 20; i++) {
		sum[0] += own_caller();
		sum[1] += late_caller(i);
		sum[2] += is_mine(popped());
		sum[3] += call_skipped();
		sum[4] += by_place();
		sum[5] += by_place2();
		sum[6] += thunk();
	}
	for (int i = 0; i < 7; i++)
		printf("%d ", sum[i]);
	printf("\n");
	integrity_end(END_PLAIN);
	return 0;
}
