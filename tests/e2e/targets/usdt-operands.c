/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usdt-operands — every form of an operand on x86-64, in notes written by hand, and the values that
 * they stand for. Elsewhere it has no markers and says so.
 *
 * One assembler function loads all registers from `wanted`, keeps what it cannot choose (%rsp), and
 * then passes one nop after another. Lines `value NAME V...` tell what each must have shown: the
 * computation is C's, not a tracer's.
 *
 *	usdt-operands [-w] [-h]
 */
#include <sys/mman.h>

#include "notes.h"

#ifdef __x86_64__

enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15, REGISTERS };

/* By name from the assembler and from the operands. */
uint64_t wanted[REGISTERS] __attribute__((used));
uint64_t kept_rsp __attribute__((used)), kept_rip __attribute__((used));
int32_t operands_table[6] __attribute__((used)) = {-1, 20, -300, 4000, -50000, 600000};
uint64_t operands_words[8]
	__attribute__((used)) = {~0ull, 2, ~1ull, 4, 1ull << 63, 6, 0x123456789abcdef0, 8};
/* The compiler calls this "counter.0" or so; the assembler below may choose. */
__asm__(".data\n.balign 8\n.type counter.17,@object\n.size counter.17,8\n"
	"counter.17: .quad -17, 18\n.text\n");
float a_float = -2.25f;
double a_double = 1.0 / 1024;

void pass_all(void);

#define REGISTER(n64, n32, n16, n8)                                                         \
	MARK(n64, "8@%" #n64 " -8@%" #n64 " 4@%" #n32 " -4@%" #n32 " 2@%" #n16 " -2@%" #n16 \
		  " 1@%" #n8 " -1@%" #n8 " 4@%" #n64 " -1@%" #n32)
#define FOUR(operand)	 operand " " operand " " operand " " operand
#define TWELVE(operand)	 FOUR(operand) " " FOUR(operand) " " FOUR(operand)
#define LOAD(index, reg) "movq 8*" #index "+wanted(%rip), %" #reg "\n"

__asm__(".text\n.p2align 4\n.globl pass_all\n.type pass_all,@function\npass_all:\n"
	"push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\npush $0\n"
	"movq %rsp, kept_rsp(%rip)\n" LOAD(0, rax) LOAD(1, rbx) LOAD(2, rcx) LOAD(3, rdx) LOAD(
		4, rsi) LOAD(5, rdi) LOAD(6, rbp) LOAD(8, r8) LOAD(9, r9) LOAD(10, r10)
		LOAD(11, r11) LOAD(12, r12) LOAD(13, r13) LOAD(14, r14) LOAD(15, r15) REGISTER(
			rax, eax, ax, al) REGISTER(rbx, ebx, bx, bl) REGISTER(rcx, ecx, cx, cl)
			REGISTER(rdx, edx, dx, dl) REGISTER(rsi, esi, si, sil) REGISTER(
				rbp, ebp, bp, bpl) REGISTER(r8, r8d, r8w, r8b)
				REGISTER(r9, r9d, r9w, r9b) REGISTER(r10, r10d, r10w, r10b) REGISTER(
					r11,
					r11d, r11w, r11b) REGISTER(r12, r12d, r12w,
								   r12b) REGISTER(r13, r13d, r13w, r13b)
					REGISTER(r14, r14d, r14w,
						 r14b) REGISTER(r15, r15d, r15w, r15b)
						MARK(highs,
						     "1@%ah -1@%ah 1@%bh -1@%bh 1@%ch -1@%ch 1@%dh -1@%dh")
							MARK(stack,
							     "-8@%rsp 4@%esp 2@%sp 1@%spl -8@%rdi 4@%edi 2@%di 1@%dil")
	/* The address of its own nop. */
	"leaq 1f(%rip), %rax\nmovq %rax, kept_rip(%rip)\nmovq wanted(%rip), %rax\n1:" MARK(
		place, "-8@%rip 4@%eip")
		MARK(immediates,
		     "-4@$-5 4@$5 8@$0x10 -8@$-0x10 -1@$-1 1@$255 -4@$+9 8@$9223372036854775807 "
		     "-8@$-9223372036854775808 2@$-1 -4@$4294967295 4@$-8+3 -2@$0xffff -8@$0")
	/* %rdi: operands_words + 16, %rsi: 1, %rcx: 2 */
	MARK(memory, "-8@(%rdi) -8@8(%rdi) -8@-8(%rdi) -8@0x10(%rdi) -8@-0x10(%rdi) -4@(%rdi) "
		     "4@(%rdi) 2@(%rdi) -2@(%rdi) 1@(%rdi) -1@(%rdi) -8@-8-8+8(%rdi) -8@0(%rdi)")
		MARK(indexed,
		     "-8@(%rdi,%rcx,8) -8@(%rdi,%rcx,4) -8@8(%rdi,%rcx,8) -8@-8(%rdi,%rsi,8) "
		     "-8@8(%rdi,%rcx,2) 1@(%rdi,%rsi) 1@7(%rdi,%rsi,1) 8@0x8( %rdi , %rsi , 8 )")
	/* %r9: operands_words / 8 */
	MARK(baseless, "-8@(,%r9,8) -8@8(,%r9,8) -8@-8+16(,%r9,8) -4@0x8(,%r9,8)") MARK(
		symbols, "-4@operands_table(%rip) -4@8+operands_table(%rip) "
			 "-4@operands_table+12(%rip) -4@-4+operands_table+8(%rip) "
			 "-8@operands_words(%rip) 4@operands_table+16(%rip) 2@operands_table(%rip)")
		MARK(dotted, "-8@counter.17(%rip) -8@8+counter.17(%rip) -8@counter.17+8(%rip)") MARK(
			addresses, "-8@$operands_table -8@$operands_table+4")
			MARK(floats,
			     "4f@a_float(%rip) 8f@a_double(%rip) 8f@(%r8) 4f@8(%r8) 8f@%r10 4f@%r11d")
				MARK(sizeless,
				     "%rcx $3 -8(%rdi) (%rdi,%rsi,8) operands_table+4(%rip)")
					MARK(many,
					     "1@$1 1@$2 1@$3 1@$4 1@$5 1@$6 1@$7 1@$8 1@$9 1@$10 1@$11 1@$12 1@$13 1@$14 "
					     "-8@%rcx -8@%rsi -8@(%rdi) -4@operands_table(%rip) 1@$19 1@$20")
	/* Twelve arguments in memory, each of which may be a number or a text. */
	MARK(twelve, TWELVE("8@8(%rdi)"))
		MARK(flood, TWELVE("-8@8(%rdi,%rsi,8)") " " TWELVE("-8@8(%rdi,%rsi,8)") " " TWELVE(
				    "-8@8(%rdi,%rsi,8)") " -8@%rcx")
	/* %r12 points to the end of a page, behind which nothing is mapped. */
	MARK(edges, "1@-1(%r12) 2@-2(%r12) 4@-4(%r12) -8@-8(%r12)") MARK(
		beyond, "1@(%r12) 2@-1(%r12) 4@-3(%r12) -8@-7(%r12) 1@-1(%r12)")
		MARK(bytes, "16@-16(%r12) 3@-3(%r12) 24@-24(%r12) 7@-7(%r12) 12@(%rdi) 1@-1(%r12)") MARK(
			bytes_beyond, "16@-15(%r12) 3@-2(%r12) 1@-1(%r12)") MARK(text, "8@%r14")
			MARK(refused,
			     "1@$1 8@%xmm0 8f@%xmm15 4@%st(1) 8@%mm3 16@%ymm1 8@%fs:-8 8@%fs:(%rdi) 8@%k1 "
			     "8@.LC0(%rip) 8@nowhere(%rip) 8@operands_table@GOTPCREL(%rip) 8@(%edi) "
			     "8@(%rdi,%rsi,3) 8@(%rdi,%rsp,8) 16@%rax 3@%rcx 8@%rzz 8@ 4x@%eax 1@$2") "pop %rax\npop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n"
												      ".size pass_all,.-pass_all\n");

static void put_register(const char *name, uint64_t value)
{
	printf("value %s %llu %lld %u %d %u %d %u %d %u %d\n", name, (unsigned long long)value,
	       (long long)value, (uint32_t)value, (int32_t)value, (uint16_t)value, (int16_t)value,
	       (uint8_t)value, (int8_t)value, (uint32_t)value, (int8_t)value);
}

static void put_high(uint64_t value)
{
	printf(" %u %d", (uint8_t)(value >> 8), (int8_t)(uint8_t)(value >> 8));
}

static void put_registers(void)
{
	static const struct {
		const char *name;
		int index;
	} all[] = {{"rax", RAX}, {"rbx", RBX}, {"rcx", RCX}, {"rdx", RDX}, {"rsi", RSI},
		   {"rbp", RBP}, {"r8", R8},   {"r9", R9},   {"r10", R10}, {"r11", R11},
		   {"r12", R12}, {"r13", R13}, {"r14", R14}, {"r15", R15}};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		put_register(all[i].name, wanted[all[i].index]);
	printf("value highs");
	put_high(wanted[RAX]);
	put_high(wanted[RBX]);
	put_high(wanted[RCX]);
	put_high(wanted[RDX]);
	printf("\nvalue stack %lld %u %u %u %lld %u %u %u\n", (long long)kept_rsp,
	       (uint32_t)kept_rsp, (uint16_t)kept_rsp, (uint8_t)kept_rsp, (long long)wanted[RDI],
	       (uint32_t)wanted[RDI], (uint16_t)wanted[RDI], (uint8_t)wanted[RDI]);
	printf("value place %lld %u\n", (long long)kept_rip, (uint32_t)kept_rip);
	printf("value immediates -5 5 16 -16 -1 255 9 9223372036854775807 -9223372036854775808 "
	       "65535 -1 4294967291 -1 0\n");
}

/* `size` bytes at `at`, the lowest first; `negative`: as a signed number. */
static void put_number(const void *at, size_t size, bool negative)
{
	uint64_t value = 0;
	memcpy(&value, at, size);
	if (negative && size < 8)
		value = (uint64_t)((int64_t)(value << (64 - 8 * size)) >> (64 - 8 * size));
	if (negative)
		printf(" %lld", (long long)value);
	else
		printf(" %llu", (unsigned long long)value);
}

static void put_words(const char *name, size_t count, const int *places)
{
	printf("value %s", name);
	for (size_t i = 0; i < count; i++)
		put_number((const char *)&operands_words[2] + places[i], 8, true);
}

static void put_memory(void)
{
	const char *two = (const char *)&operands_words[2];
	put_words("memory", 5, (const int[]){0, 8, -8, 16, -16});
	put_number(two, 4, true);
	put_number(two, 4, false);
	put_number(two, 2, false);
	put_number(two, 2, true);
	put_number(two, 1, false);
	put_number(two, 1, true);
	put_number(two - 8, 8, true);
	put_number(two, 8, true);
	printf("\nvalue twelve");
	for (int i = 0; i < 12; i++)
		put_number(two + 8, 8, false);
	putchar('\n');
	put_words("indexed", 5, (const int[]){16, 8, 24, 0, 12});
	put_number(two + 1, 1, false);
	put_number(two + 8, 1, false);
	put_number(two + 16, 8, false);
	putchar('\n');
	put_words("baseless", 3, (const int[]){-16, -8, -8});
	put_number(two - 8, 4, true);
	putchar('\n');
	printf("value symbols %d %d %d %d %lld %u %u\n", operands_table[0], operands_table[2],
	       operands_table[3], operands_table[1], (long long)operands_words[0],
	       (uint32_t)operands_table[4], (uint16_t)operands_table[0]);
	printf("value dotted -17 18 18\n");
	printf("value addresses %lld %lld\n", (long long)(intptr_t)operands_table,
	       (long long)(intptr_t)&operands_table[1]);
	printf("value sizeless %lld 3", (long long)wanted[RCX]);
	put_number(two - 8, 8, false);
	put_number(two + 8, 8, false);
	put_number(&operands_table[1], 8, false);
	printf("\nvalue many 1 2 3 4 5 6 7 8 9 10 11 12 13 14 %lld %lld", (long long)wanted[RCX],
	       (long long)wanted[RSI]);
	put_number(two, 8, true);
	printf(" %d 19 20\n", operands_table[0]);
}

static void put_edges(const char *end)
{
	printf("value edges");
	put_number(end - 1, 1, false);
	put_number(end - 2, 2, false);
	put_number(end - 4, 4, false);
	put_number(end - 8, 8, true);
	printf("\nbytes");
	for (int i = 24; i; i--)
		printf(" %02x", (uint8_t)end[-i]);
	putchar('\n');
}

/* The end of two pages, of which the second is not mapped. */
static char *page_end(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	char *pages =
		mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || munmap(pages + size, size))
		exit(1);
	for (int i = 1; i <= 64; i++)
		pages[size - i] = (char)(0xa0 + i);
	return pages + size;
}

static void fire(void)
{
	static const double doubles[] = {1e300, 0};
	static uint64_t floats[2];
	float in_memory = 3.5f, in_register = -0.5f;
	uint32_t bits;
	char *end = page_end();
	static char text[] = "the end of the world";
	char *last = page_end();
	memcpy(last - sizeof(text), text, sizeof(text));
	memcpy(&floats[0], &doubles[0], 8);
	memcpy(&floats[1], &in_memory, 4);
	memcpy(&bits, &in_register, 4);
	for (int i = 0; i < REGISTERS; i++)
		wanted[i] = 0x8192a3b4c5d6e7f8ull - (uint64_t)i * 0x0f1e2d3c4b5a6978ull;
	wanted[RCX] = 2;
	wanted[RSI] = 1;
	wanted[RDI] = (uintptr_t)&operands_words[2];
	wanted[R8] = (uintptr_t)floats;
	wanted[R9] = (uintptr_t)operands_words / 8;
	wanted[R10] = 0x3ff8000000000000; /* 1.5 */
	wanted[R11] = 0xdeadbeef00000000 | bits;
	wanted[R12] = (uintptr_t)end;
	wanted[R14] = (uintptr_t)(last - sizeof(text));
	pass_all();
	put_registers();
	put_memory();
	put_edges(end);
	printf("value floats %.17g %.17g %.17g %.17g 1.5 -0.5\n", (double)a_float, a_double,
	       doubles[0], (double)in_memory);
}

#else

static void fire(void)
{
	printf("skip: x86-64 only\n");
}

#endif

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	fire();
	return sample_end(&sample, true);
}
