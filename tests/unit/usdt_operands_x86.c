/* SPDX-License-Identifier: Apache-2.0 */
/* Operands of x86-64 against what an assembler would take them to mean. */
#include "tests/unit/unit.h"

#include <elf.h>

#include "probe/regs.h"
#include "tests/unit/usdt_render.h"

static const char *const names[X86_REGS] = {
	[X86_R15] = "r15", [X86_R14] = "r14", [X86_R13] = "r13", [X86_R12] = "r12",
	[X86_RBP] = "rbp", [X86_RBX] = "rbx", [X86_R11] = "r11", [X86_R10] = "r10",
	[X86_R9] = "r9",   [X86_R8] = "r8",   [X86_RAX] = "rax", [X86_RCX] = "rcx",
	[X86_RDX] = "rdx", [X86_RSI] = "rsi", [X86_RDI] = "rdi", [X86_RIP] = "rip",
	[X86_RSP] = "rsp",
};

/* The image that these tests give: a few symbols around the site at 0x1000. */
struct image {
	int unused;
};

#define SITE 0x1000

bool image_symbol_address(struct image *image, const char *symbol, uint64_t *ret)
{
	static const struct {
		const char *name;
		uint64_t address;
	} symbols[] = {{"mp_", 0x5000},	     {"ti", 0x4010},	{"x.6", 0x3008},
		       {"_ZN1a1bE", 0x2000}, {"before", 0x800}, {"caf\xc3\xa9", 0x1800},
		       {"a$b", 0x1900}};
	(void)image;
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (!strcmp(symbols[i].name, symbol)) {
			*ret = symbols[i].address;
			return true;
		}
	return false;
}

/* A thread-local symbol, or several of one name, is there but has no address. */
bool image_defines(struct image *image, const char *symbol)
{
	uint64_t address;
	return image_symbol_address(image, symbol, &address) || !strcmp(symbol, "per_thread");
}

static const struct {
	const char *text, *expected;
} table[] = {
	/* registers, of all widths */
	{"8@%rax", "8u rax.8"},
	{"8@%rbx", "8u rbx.8"},
	{"8@%rcx", "8u rcx.8"},
	{"8@%rdx", "8u rdx.8"},
	{"8@%rsi", "8u rsi.8"},
	{"8@%rdi", "8u rdi.8"},
	{"8@%rbp", "8u rbp.8"},
	{"8@%rsp", "8u rsp.8"},
	{"8@%rip", "8u rip.8"},
	{"-8@%r8", "8s r8.8s"},
	{"8@%r9", "8u r9.8"},
	{"8@%r10", "8u r10.8"},
	{"8@%r11", "8u r11.8"},
	{"8@%r12", "8u r12.8"},
	{"8@%r13", "8u r13.8"},
	{"8@%r14", "8u r14.8"},
	{"8@%r15", "8u r15.8"},
	{"-4@%eax", "4s rax.4s"},
	{"4@%ebx", "4u rbx.4"},
	{"-4@%ecx", "4s rcx.4s"},
	{"4@%edx", "4u rdx.4"},
	{"4@%esi", "4u rsi.4"},
	{"4@%edi", "4u rdi.4"},
	{"4@%ebp", "4u rbp.4"},
	{"4@%esp", "4u rsp.4"},
	{"-4@%r8d", "4s r8.4s"},
	{"-4@%r15d", "4s r15.4s"},
	{"2@%ax", "2u rax.2"},
	{"-2@%bx", "2s rbx.2s"},
	{"2@%si", "2u rsi.2"},
	{"2@%di", "2u rdi.2"},
	{"2@%bp", "2u rbp.2"},
	{"2@%sp", "2u rsp.2"},
	{"-2@%r13w", "2s r13.2s"},
	{"1@%al", "1u rax.1"},
	{"-1@%bl", "1s rbx.1s"},
	{"1@%cl", "1u rcx.1"},
	{"1@%dl", "1u rdx.1"},
	{"1@%sil", "1u rsi.1"},
	{"1@%dil", "1u rdi.1"},
	{"1@%bpl", "1u rbp.1"},
	{"1@%spl", "1u rsp.1"},
	{"-1@%r8b", "1s r8.1s"},
	{"1@%r12b", "1u r12.1"},
	{"1@%r9l", "1u r9.1"},
	{"1@%ah", "1u rax>>8.1"},
	{"-1@%bh", "1s rbx>>8.1s"},
	{"1@%ch", "1u rcx>>8.1"},
	{"-1@%dh", "1s rdx>>8.1s"},
	/* the size governs, not the register's name (sys/sdt.h) */
	{"4@%rax", "4u rax.4"},
	{"8@%eax", "8u rax.8"},
	{"-4@%ax", "4s rax.4s"},
	{"4@%ah", "4u rax>>8.1"},
	/* constants */
	{"-4@$120", "4s =120"},
	{"-4@$0", "4s =0"},
	{"-4@$-1", "4s =-1"},
	{"4@$-1", "4u =4294967295"},
	{"1@$-1", "1u =255"},
	{"-1@$255", "1s =-1"},
	{"2@$65535", "2u =65535"},
	{"-2@$65535", "2s =-1"},
	{"-4@$4294967295", "4s =-1"},
	{"8@$0x7fffffffffffffff", "8u =9223372036854775807"},
	{"8@$0xFFFFFFFFFFFFFFFF", "8u =-1"},
	{"-8@$-9223372036854775808", "8s =-9223372036854775808"},
	{"8@$18446744073709551615", "8u =-1"},
	{"-4@$0x10", "4s =16"},
	{"-4@$-0x10", "4s =-16"},
	{"-4@$+7", "4s =7"},
	{"-4@$10-3", "4s =7"},
	{"8f@$4614253070214989087", "8f =4614253070214989087"},
	{"4f@$1078530011", "4f =1078530011"},
	{"16@$5", "16u =5"},
	/* memory */
	{"8@(%rsp)", "8u [rsp]"},
	{"8@(%rax)", "8u [rax]"},
	{"8@8(%rsp)", "8u [rsp +8]"},
	{"-4@-20(%rbp)", "4s [rbp -20]"},
	{"-4@-0x14(%rbp)", "4s [rbp -20]"},
	{"4@0(%r13)", "4u [r13]"},
	{"1@-117(%rbp)", "1u [rbp -117]"},
	{"2@12(%r12)", "2u [r12 +12]"},
	{"8@-4-8(%rbp)", "8u [rbp -12]"},
	{"8@-4+8(%rbp)", "8u [rbp +4]"},
	{"8@4+4+8(%rsp)", "8u [rsp +16]"},
	{"8@+16(%rsp)", "8u [rsp +16]"},
	{"8@8+-4(%rsp)", "8u [rsp +4]"},
	{"8@8( %rsp )", "8u [rsp +8]"},
	{"8@16(%rip)", "8u [rip +16]"},
	{"8@(%rip)", "8u [rip]"},
	/* with an index */
	{"-4@(%rax,%r10,4)", "4s [rax +r10*4]"},
	{"8@(%rax,%rdx)", "8u [rax +rdx*1]"},
	{"8@(%rax,%rdx,1)", "8u [rax +rdx*1]"},
	{"8@-8(%rax,%rdx,8)", "8u [rax -8 +rdx*8]"},
	{"8@-8(%rax, %rdx, 8)", "8u [rax -8 +rdx*8]"},
	{"2@0x20(%rsp,%rbp,2)", "2u [rsp +32 +rbp*2]"},
	{"8@(,%rax,8)", "8u [=0 +rax*8]"},
	{"8@64(,%rax,8)", "8u [=64 +rax*8]"},
	{"8@-64(,%r15,4)", "8u [=-64 +r15*4]"},
	{"8@(%rax,)", "!"},
	/* symbols: distances from the site at 0x1000 */
	{"-1@ti(%rip)", "1s [rip +12304]"},
	{"8@mp_(%rip)", "8u [rip +16384]"},
	{"8@32+mp_(%rip)", "8u [rip +16416]"},
	{"8@mp_+32(%rip)", "8u [rip +16416]"},
	{"8@mp_-32(%rip)", "8u [rip +16352]"},
	{"8@8+mp_+8(%rip)", "8u [rip +16400]"},
	{"8@-8+mp_(%rip)", "8u [rip +16376]"},
	{"4@before(%rip)", "4u [rip -2048]"},
	{"4@x.6(%rip)", "4u [rip +8200]"},
	{"4@4+x.6(%rip)", "4u [rip +8204]"},
	{"4@x.6+4(%rip)", "4u [rip +8204]"},
	{"8@_ZN1a1bE(%rip)", "8u [rip +4096]"},
	{"8@caf\xc3\xa9(%rip)", "8u [rip +2048]"},
	{"8@a$b(%rip)", "8u [rip +2304]"},
	{"-4@ti", "4s [rip +12304]"},
	{"-4@ti+4", "4s [rip +12308]"},
	{"8@$mp_", "8u rip.8 +16384"},
	{"8@$mp_+16", "8u rip.8 +16400"},
	{"8@mp_(,%rax,8)", "8u [rip +16384 +rax*8]"},
	{"8@mp_(%rax)", "8u [rip +16384 +rax*1]"},
	{"8@8+mp_(%rbx,%rcx,4)", "8u [rip +16392 +rbx*1 +rcx*4]"},
	/* floats: their bits lie in general registers and memory */
	{"8f@-16(%rbp)", "8f [rbp -16]"},
	{"4f@%r8d", "4f r8.4"},
	{"8f@%r11", "8f r11.8"},
	{"8f@mp_(%rip)", "8f [rip +16384]"},
	{"16f@-32(%rbp)", "16f [rbp -32]"},
	/* sizes that are no word's */
	{"16@-32(%rbp)", "16u [rbp -32]"},
	{"3@(%rdi)", "3u [rdi]"},
	{"24@(%rdi)", "24u [rdi]"},
	{"16@%rax", "16u !16 bytes in rax"},
	{"3@%eax", "3u !3 bytes in eax"},
	{"0@%rax", "0u !size out of range"},
	{"5000@(%rax)", "5000u !size out of range"},
	{"99999999999999999999@(%rax)", "2147483647u !size out of range"},
	/* no size */
	{"%rdi", "8?u rdi.8"},
	{"-8(%rbp)", "8?u [rbp -8]"},
	{"$5", "8?u =5"},
	{"mp_(%rip)", "8?u [rip +16384]"},
	/* not to be had, with the reason */
	{"8f@.LC0(%rip)", "8f !label .LC0 leaves no trace in the file"},
	{"8@$.LC0", "8u !label .LC0 leaves no trace in the file"},
	{"8f@%xmm0", "8f !in xmm0"},
	{"4f@%xmm15", "4f !in xmm15"},
	{"32@%ymm3", "32u !in ymm3"},
	{"64@%zmm31", "64u !in zmm31"},
	{"8@%mm1", "8u !in mm1"},
	{"16f@%st", "16f !in st"},
	{"16f@%st(1)", "16f !in st"},
	{"8@%k1", "8u !in k1"},
	{"8@%fs:40", "8u !thread-local (%fs)"},
	{"8@%fs:errno@tpoff", "8u !thread-local (%fs)"},
	{"8@%gs:(%rax)", "8u !thread-local (%gs)"},
	{"8@nowhere(%rip)", "8u !no symbol nowhere"},
	{"8@per_thread(%rip)", "8u !per_thread has no single address"},
	{"8@$nowhere", "8u !no symbol nowhere"},
	{"8@mp_@GOTPCREL(%rip)", "8u !mp_@GOTPCREL is known to the linker only"},
	{"8@1234", "8u !bare number 8@1234"},
	{"8@-8", "8u !bare number 8@-8"},
	{"8@(%eax)", "8u !address not in 64-bit registers"},
	{"8@(%rax,%ecx,4)", "8u !address not in 64-bit registers"},
	{"8x@%rax", "8u !type tag 'x' not understood"},
	/* nonsense: "!" stands for "not understood" */
	{"8@", "!"},
	{"@", "!"},
	{"-@%rax", "!"},
	{"8@%", "!"},
	{"8@$", "!"},
	{"8@%foo", "!"},
	{"8@%r16", "!"},
	{"8@%r7", "!"},
	{"8@%r08", "!"},
	{"8@%r", "!"},
	{"8@%rd", "!"},
	{"8@%xmm", "!"},
	{"8@%xmm100", "!"},
	{"8@%rax%rbx", "!"},
	{"8@%rax)", "!"},
	{"8@(", "!"},
	{"8@()", "!"},
	{"8@(,)", "!"},
	{"8@(%rax", "!"},
	{"8@(%rax)x", "!"},
	{"8@(%rax))", "!"},
	{"8@8(8)", "!"},
	{"8@(%rax,%rsp)", "!"},
	{"8@(%rax,%rip)", "!"},
	{"8@(%rip,%rax)", "!"},
	{"8@(%rax,%rbx,3)", "!"},
	{"8@(%rax,%rbx,16)", "!"},
	{"8@(%rax,%rbx,)", "!"},
	{"8@(%rax,8)", "!"},
	{"8@8-(%rax)", "!"},
	{"8@--8(%rax)", "!"},
	{"8@$99999999999999999999", "!"},
	{"8@$0x", "!"},
	{"8@$5x", "!"},
	{"8@mp_+ti(%rip)", "!"},
	{"8@4-mp_(%rip)", "!"},
	{"8@1f(%rip)", "!"},
	{"8@*%rax", "!"},
	{"8@\x1b[31m", "!"},
};

static void check(const char *text, const char *expected, struct image *image,
		  const struct usdt_note *note)
{
	struct arena arena = {0};
	const struct usdt_operand *operands;
	size_t count;
	assert_ok(usdt_operands(text, EM_X86_64, image, note, &arena, &operands, &count));
	if (count != 1)
		print_error("'%s': %zu operands\n", text, count);
	assert_int_equal(count, 1);
	assert_string_equal(operands[0].text, text);
	char *made = render_operand(&operands[0], names);
	if (!strcmp(expected, "!")) {
		if (!strstr(made, "not understood"))
			print_error("'%s' gave '%s'\n", text, made);
		assert_non_null(operands[0].source.unavailable);
		assert_non_null(strstr(made, "not understood"));
	} else {
		if (strcmp(made, expected) != 0)
			print_error("'%s' gave '%s'\n", text, made);
		assert_string_equal(made, expected);
	}
	free(made);
	arena_deinit(&arena);
}

static void each_shape_becomes_its_operations(void **state)
{
	(void)state;
	struct image image = {0};
	struct usdt_note note = {.address = SITE};
	for (size_t i = 0; i < array_size(table); i++)
		check(table[i].text, table[i].expected, &image, &note);
}

static void without_image_or_site_only_symbols_are_missing(void **state)
{
	(void)state;
	struct image image = {0};
	struct usdt_note note = {.address = SITE};
	check("8@mp_(%rip)", "8u !no symbol mp_", NULL, &note);
	check("8@mp_(%rip)", "8u !site of mp_ not known", &image, NULL);
	check("-4@-20(%rbp)", "4s [rbp -20]", NULL, NULL);
}

/* --- splitting ------------------------------------------------------------------------------ */

static void check_split(const char *text, const char *const *expected)
{
	struct arena arena = {0};
	const struct usdt_operand *operands;
	size_t count, n_expected = 0;
	while (expected[n_expected])
		n_expected++;
	assert_ok(usdt_operands(text, EM_X86_64, NULL, NULL, &arena, &operands, &count));
	if (count != n_expected)
		print_error("'%s': %zu operands\n", text, count);
	assert_int_equal(count, n_expected);
	for (size_t i = 0; i < n_expected; i++)
		assert_string_equal(operands[i].text, expected[i]);
	arena_deinit(&arena);
}

#define SPLIT(text, ...) check_split(text, (const char *const[]){__VA_ARGS__})

static void operands_split_at_sizes(void **state)
{
	(void)state;
	SPLIT("", NULL);
	SPLIT("   ", NULL);
	SPLIT("8@%rdi", "8@%rdi", NULL);
	SPLIT(" 8@%rdi ", "8@%rdi", NULL);
	SPLIT("8@%rdi -4@-20(%rbp)", "8@%rdi", "-4@-20(%rbp)", NULL);
	SPLIT("8@%rdi\t-4@$1  1@%al", "8@%rdi", "-4@$1", "1@%al", NULL);
	SPLIT("-4@(%rax, %rbx, 4) 8f@%r11", "-4@(%rax, %rbx, 4)", "8f@%r11", NULL);
	/* without sizes: at spaces outside of brackets */
	SPLIT("%rdi %rsi", "%rdi", "%rsi", NULL);
	SPLIT("%rdi 8(%rax, %rbx) $5", "%rdi", "8(%rax, %rbx)", "$5", NULL);
	/* one broken operand does not take the next ones with it */
	SPLIT("8@( -4@%eax", "8@(", "-4@%eax", NULL);
	SPLIT("8@%foo,1 2@%ax 8@", "8@%foo,1", "2@%ax", "8@", NULL);
	SPLIT("8@)))) 4@%eax", "8@))))", "4@%eax", NULL);
}

static void thirty_operands_are_kept(void **state)
{
	(void)state;
	char text[30 * 8] = "";
	for (int i = 0; i < 30; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "-4@$%d ", i);
	struct arena arena = {0};
	const struct usdt_operand *operands;
	size_t count;
	assert_ok(usdt_operands(text, EM_X86_64, NULL, NULL, &arena, &operands, &count));
	assert_int_equal(count, 30);
	for (int i = 0; i < 30; i++)
		assert_int_equal(operands[i].source.ops[0].imm, i);
	arena_deinit(&arena);
}

static void a_flood_of_operands_is_cut(void **state)
{
	(void)state;
	size_t size = 100000;
	char *text = malloc(size + 1);
	assert_non_null(text);
	memset(text, ' ', size);
	for (size_t i = 0; i < size; i += 2)
		text[i] = '1';
	text[size] = 0;
	struct arena arena = {0};
	const struct usdt_operand *operands;
	size_t count;
	assert_ok(usdt_operands(text, EM_X86_64, NULL, NULL, &arena, &operands, &count));
	assert_int_equal(count, USDT_OPERANDS_MAX);
	arena_deinit(&arena);
	free(text);
}

static void other_machines_are_refused_one_by_one(void **state)
{
	(void)state;
	struct arena arena = {0};
	const struct usdt_operand *operands;
	size_t count;
	assert_ok(usdt_operands("8@3 8@4", EM_PPC64, NULL, NULL, &arena, &operands, &count));
	assert_int_equal(count, 2);
	assert_string_equal(operands[1].source.unavailable, "machine 21 not supported");
	arena_deinit(&arena);
}

/* --- the assembler and the processor as judges ---------------------------------------------- */

/* What the operations yield with these registers; addresses are not followed. */
static uint64_t evaluate(const struct fetch_source *source, const uint64_t *regs)
{
	uint64_t acc = 0;
	for (uint32_t i = 0; i < source->n_ops; i++) {
		const struct fetch_op *op = &source->ops[i];
		if (op->code == FETCH_REG)
			acc = regs[op->reg] >> op->shift;
		else if (op->code == FETCH_CONST)
			acc = (uint64_t)op->imm;
		else if (op->code == FETCH_ADD)
			acc += (uint64_t)op->imm;
		else if (op->code == FETCH_INDEX)
			acc += regs[op->reg] * (uint64_t)op->imm;
		else
			fail_msg("operation %u", op->code);
		if (op->code == FETCH_REG && op->size == 1)
			acc = op->flags & FETCH_SIGNED ? (uint64_t)(int8_t)acc : (uint8_t)acc;
		if (op->code == FETCH_REG && op->size == 2)
			acc = op->flags & FETCH_SIGNED ? (uint64_t)(int16_t)acc : (uint16_t)acc;
		if (op->code == FETCH_REG && op->size == 4)
			acc = op->flags & FETCH_SIGNED ? (uint64_t)(int32_t)acc : (uint32_t)acc;
	}
	return acc;
}

static void compare(const char *text, bool is_address, uint64_t expected, const uint64_t *regs)
{
	struct arena arena = {0};
	const struct usdt_operand *operands;
	size_t count;
	assert_ok(usdt_operands(text, EM_X86_64, NULL, NULL, &arena, &operands, &count));
	assert_int_equal(count, 1);
	assert_null(operands[0].source.unavailable);
	assert_int_equal(operands[0].source.is_address, is_address);
	uint64_t made = evaluate(&operands[0].source, regs);
	if (made != expected)
		print_error("'%s': %#" PRIx64 ", not %#" PRIx64 "\n", text, made, expected);
	assert_true(made == expected);
	arena_deinit(&arena);
}

#if defined(__x86_64__)
#define RBX 0x1122334455667788u
#define RCX 0xfedcba9876543210u

/* The same text goes to the assembler and to the parser ("%%" is asm's spelling of "%"). */
#define ASM(instruction, text, is_address)                                                      \
	{                                                                                       \
		text, is_address, ({                                                            \
			uint64_t result;                                                        \
			__asm__ volatile(instruction "\n" : "=a"(result) : "b"(RBX), "c"(RCX)); \
			result;                                                                 \
		})                                                                              \
	}
#define LEA(text, asm_text)	       ASM("lea " asm_text ", %%rax", "8@" text, true)
#define MOV(size, mov, text, asm_text) ASM(mov " " asm_text ", %%rax", size "@" text, false)

static void the_processor_agrees(void **state)
{
	(void)state;
	static const uint64_t regs[X86_REGS] = {[X86_RBX] = RBX, [X86_RCX] = RCX};
	const struct {
		const char *text;
		bool is_address;
		uint64_t value;
	} rows[] = {
		LEA("(%rbx)", "(%%rbx)"),
		LEA("-8(%rbx)", "-8(%%rbx)"),
		LEA("-4-8(%rbx)", "-4-8(%%rbx)"),
		LEA("0x7f(%rcx)", "0x7f(%%rcx)"),
		LEA("(%rbx,%rcx)", "(%%rbx,%%rcx)"),
		LEA("(%rbx,%rcx,4)", "(%%rbx,%%rcx,4)"),
		LEA("-16(%rbx,%rcx,8)", "-16(%%rbx,%%rcx,8)"),
		LEA("(,%rcx,2)", "(,%%rcx,2)"),
		LEA("64(,%rcx,8)", "64(,%%rcx,8)"),
		LEA("8+-4(%rbx)", "8+-4(%%rbx)"),
		MOV("8", "mov", "%rbx", "%%rbx"),
		MOV("-4", "movslq", "%ebx", "%%ebx"),
		MOV("-2", "movswq", "%bx", "%%bx"),
		MOV("-1", "movsbq", "%bl", "%%bl"),
		MOV("-1", "movsbq", "%cl", "%%cl"),
		MOV("2", "movzwq", "%cx", "%%cx"),
		MOV("1", "movzbq", "%bl", "%%bl"),
		MOV("-8", "movabs", "$0x123456789abcdef0", "$0x123456789abcdef0"),
		MOV("-8", "mov", "$-5", "$-5"),
		/* No REX prefix goes with %bh, so the target is %eax: the rest becomes zero. */
		ASM("movzbl %%bh, %%eax", "1@%bh", false),
		ASM("movzbl %%ch, %%eax", "1@%ch", false),
	};
	for (size_t i = 0; i < array_size(rows); i++)
		compare(rows[i].text, rows[i].is_address, rows[i].value, regs);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_shape_becomes_its_operations),
		cmocka_unit_test(without_image_or_site_only_symbols_are_missing),
		cmocka_unit_test(operands_split_at_sizes),
		cmocka_unit_test(thirty_operands_are_kept),
		cmocka_unit_test(a_flood_of_operands_is_cut),
		cmocka_unit_test(other_machines_are_refused_one_by_one),
#if defined(__x86_64__)
		cmocka_unit_test(the_processor_agrees),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
