/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls the functions of odd.S: instructions that the kernel steps elsewhere, emulates or must not
 * touch, as first instructions and inside.
 */
#include <cpuid.h>

#include "integrity.h"

extern unsigned char odd_liar[16];
extern long odd_scratch;

/* clang-format off */
#define PLAIN(X) \
	X(odd_enter) X(odd_push_imm) X(odd_push_long) X(odd_push_memory) \
	X(odd_push_sp) X(odd_pushf) X(odd_flags) X(odd_rep_ret) \
	X(odd_nops) X(odd_nop5) X(odd_nop9) X(odd_rip_load) \
	X(odd_rip_div) X(odd_rip_sse) X(odd_rip_x87) X(odd_rip_bound) \
	X(odd_fs) X(odd_jump) X(odd_jump_memory) X(odd_overlap) \
	X(odd_overlap2) X(odd_data) X(odd_sled) X(odd_endbr_nop) \
	X(odd_endbr_nop5) X(odd_stc) X(odd_raw)
/* clang-format on */
#define DECLARE(name) long name(long);
#define ENTRY(name)   {#name, name},
PLAIN(DECLARE)
static const struct {
	const char *name;
	long (*f)(long);
} plain[] = {PLAIN(ENTRY)};

static long call5(void *f, long a, long b, long c, long d, long e)
{
	long ret = a;
	register long flags_safe __asm__("r12") = e;
	__asm__ volatile("call *%[f]"
			 : "+a"(ret), "+D"(b), "+S"(c), "+d"(d), "+r"(flags_safe)
			 : [f] "r"(f), "c"(e)
			 : "r8", "r9", "r10", "r11", "rbx", "memory", "cc", "xmm0");
	return ret;
}

void odd_rep_stos(void);
void odd_repne_scas(void);
void odd_rip_mul(void);
void odd_rip_cmpxchg(void);
void odd_rip_cmpxchg16b(void);
void odd_loop(void);
void odd_jrcxz(void);
void odd_jcc(void);
void odd_only_ret(void);
void odd_std(void);
void odd_rip_pcmpistri(void);
long odd_xchg(long, long, long, long, long);
long odd_xchg_nop(long);

static long rounds(void *f, long a, long b, long count)
{
	long ret = a, rest;
	__asm__ volatile("call *%[f]"
			 : "+a"(ret), "+D"(b), "=c"(rest)
			 : [f] "r"(f), "2"(count)
			 : "rdx", "rsi", "memory", "cc");
	return ret + rest;
}

static long jcc(long carry, long n)
{
	long ret;
	__asm__ volatile("bt $0,%[c]\n\tcall odd_jcc" : "=a"(ret) : [c] "r"(carry), "D"(n) : "cc");
	return ret;
}

static long popf(long flags)
{
	long ret;
	/* The callee pops flags, then jumps back. */
	__asm__ volatile("lea 1f(%%rip),%%rdx\n\tpush %[flags]\n\tjmp odd_popf\n1:\tpushfq\n\t"
			 "pop %[ret]\n\t"
			 : [ret] "=r"(ret)
			 : [flags] "r"(flags)
			 : "rdx", "memory", "cc");
	return ret & 0xcd5;
}

static long ret_pop(long value)
{
	long ret;
	__asm__ volatile("push %[v]\n\tcall odd_ret_pop" : "=a"(ret) : [v] "r"(value) : "cc");
	return ret;
}

static long leave(long value)
{
	long ret;
	/* The callee ends the frame that is made here, and returns to what lies above it. */
	__asm__ volatile("push %%rbp\n\tlea 1f(%%rip),%%rax\n\tpush %%rax\n\tpush %%rbp\n\t"
			 "mov %%rsp,%%rbp\n\tmov %[v],%%rax\n\tjmp odd_leave\n1:\tpop %%rbp"
			 : "=&a"(ret)
			 : [v] "c"(value)
			 : "memory", "cc");
	return ret;
}

static long xlat(const unsigned char *table, long index)
{
	long ret = index;
	__asm__ volatile("call odd_xlat" : "+a"(ret) : "b"(table) : "cc", "memory");
	return ret;
}

static int has_cmpxchg16b(void)
{
	unsigned int a, b, c = 0, d;
	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_CMPXCHG16B);
}

int main(void)
{
	char buffer[64];
	integrity_start();
	for (size_t i = 0; i < array_size(plain); i++) {
		long sum = 0;
		for (long n = 0; n < 10; n++)
			sum = sum * 3 + plain[i].f(n);
		printf("%s %ld\n", plain[i].name, sum);
	}
	for (long n = 1; n < 6; n++) {
		memset(buffer, 1, sizeof(buffer));
		long left = rounds((void *)odd_rep_stos, 'x', (long)(intptr_t)buffer, 40 + n);
		printf("stos %ld %d %d\n", left, buffer[39 + n], buffer[40 + n]);
		buffer[5 + n] = 'y';
		printf("scas %ld\n",
		       rounds((void *)odd_repne_scas, 'y', (long)(intptr_t)buffer, 64) & 0xff);
		printf("loop %ld jrcxz %ld %ld\n", rounds((void *)odd_loop, 0, n, 0),
		       rounds((void *)odd_jrcxz, 0, 0, 0), rounds((void *)odd_jrcxz, 0, 0, n) - n);
		printf("mul %ld\n", call5((void *)odd_rip_mul, n, 0, 0, 0, 0));
		odd_scratch = n;
		printf("cmpxchg %ld\n", call5((void *)odd_rip_cmpxchg, n, 0, n * 9, 0, 0));
		if (has_cmpxchg16b())
			printf("cmpxchg16b %ld\n",
			       call5((void *)odd_rip_cmpxchg16b, n, 0, 0, n, n));
		printf("jcc %ld %ld popf %lx %lx\n", jcc(0, n), jcc(1, n), popf(0x202 | n),
		       popf(0xa97));
		printf("ret_pop %ld leave %ld\n", ret_pop(n * 100), leave(n));
		printf("only ret %ld\n", rounds((void *)odd_only_ret, n, 0, 0));
		printf("xlat %ld\n", xlat(odd_liar, n));
		memcpy(buffer, "abcdefghij", 11);
		printf("std %ld\n",
		       call5((void *)odd_std, 0, 0, (long)(intptr_t)(buffer + n), 0, 0));
	}
	/* A table that its symbol calls a function. */
	printf("liar");
	for (size_t i = 0; i < sizeof(odd_liar); i++)
		printf(" %02x", odd_liar[i]);
	printf("\n");
	integrity_end(END_PLAIN);
	return 0;
}
