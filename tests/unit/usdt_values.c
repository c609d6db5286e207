/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real program is run with a breakpoint on each of its markers; at each hit the arguments are
 * read as the operations say, from its registers and memory. Its own output is what must come out.
 * ptrace() stands in for the kernel's probe here: no privilege is needed.
 */
#include "tests/unit/unit.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/array.h"
#include "usdt/usdt.h"

#if defined(__x86_64__)

struct target {
	pid_t pid;
	int output;
	uint64_t bias;
	struct image *image;
	struct arena arena;
	const struct usdt_note *notes;
	size_t n_notes;
	FILE *trace; /* what we saw */
	size_t n_unavailable;
};

static pid_t start(const char *path, int *ret_output)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	*ret_output = ends[0];
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_EXITKILL);
	return pid;
}

/* Where the loader put the file: its first mapping is that of offset 0. */
static uint64_t find_bias(pid_t pid, const struct image *image)
{
	char path[64], line[4352];
	uint64_t first = 0, address = 0;
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	FILE *maps = fopen(path, "re");
	assert_non_null(maps);
	while (!first && fgets(line, sizeof(line), maps))
		if (strstr(line, image_path(image)))
			first = strtoull(line, NULL, 16);
	fclose(maps);
	assert_true(first && image_address_of(image, 0, &address));
	return first - address;
}

static void read_memory(pid_t pid, uint64_t address, void *buffer, size_t size)
{
	struct iovec local = {buffer, size}, remote = {(void *)(uintptr_t)address, size};
	assert_int_equal(process_vm_readv(pid, &local, 1, &remote, 1, 0), size);
}

static void write_word(pid_t pid, uint64_t address, uint64_t mask, uint64_t value)
{
	errno = 0;
	uint64_t word = (uint64_t)ptrace(PTRACE_PEEKDATA, pid, (void *)(uintptr_t)address, NULL);
	assert_int_equal(errno, 0);
	word = (word & ~mask) | value;
	assert_int_equal(ptrace(PTRACE_POKEDATA, pid, (void *)(uintptr_t)address, (void *)word), 0);
}

/* As the kernel would: breakpoints in the text, semaphores raised. */
static void arm(const struct target *target)
{
	for (size_t i = 0; i < target->n_notes; i++) {
		const struct usdt_note *note = &target->notes[i];
		uint64_t semaphore;
		assert_null(note->refused);
		assert_true(note->semaphore_offset);
		write_word(target->pid, note->address + target->bias, 0xff, 0xcc);
		assert_true(image_address_of(target->image, note->semaphore_offset, &semaphore));
		write_word(target->pid, semaphore + target->bias, 0xffff, 1);
	}
}

static uint64_t cut(uint64_t value, unsigned int size, bool is_signed)
{
	if (size == 0 || size >= 8)
		return value;
	unsigned int spare = 64 - 8 * size;
	value <<= spare;
	return is_signed ? (uint64_t)((int64_t)value >> spare) : value >> spare;
}

static uint64_t run(const struct target *target, const uint64_t *regs,
		    const struct usdt_operand *operand)
{
	uint64_t acc = 0;
	for (uint32_t i = 0; i < operand->source.n_ops; i++) {
		const struct fetch_op *op = &operand->source.ops[i];
		bool is_signed = op->flags & FETCH_SIGNED;
		if (op->code == FETCH_REG)
			acc = cut(regs[op->reg] >> op->shift, op->size, is_signed);
		else if (op->code == FETCH_CONST)
			acc = (uint64_t)op->imm;
		else if (op->code == FETCH_ADD)
			acc += (uint64_t)op->imm;
		else if (op->code == FETCH_INDEX)
			acc += cut(regs[op->reg], op->size, is_signed) * (uint64_t)op->imm;
		else
			fail_msg("operation %u", op->code);
	}
	if (operand->source.is_address) {
		uint64_t value = 0;
		assert_in_range(operand->size, 1, 8);
		read_memory(target->pid, acc, &value, (size_t)operand->size);
		acc = value;
	}
	return cut(acc, (unsigned int)operand->size, operand->is_signed);
}

static void print_argument(struct target *target, const uint64_t *regs,
			   const struct usdt_operand *operand)
{
	if (operand->source.unavailable) {
		/* The one thing that C code makes and nobody can find. */
		assert_non_null(strstr(operand->source.unavailable, "label .L"));
		target->n_unavailable++;
		fputs(" ?", target->trace);
		return;
	}
	uint64_t value = run(target, regs, operand);
	if (operand->is_signed && !operand->is_float)
		fprintf(target->trace, " %" PRId64, (int64_t)value);
	else
		fprintf(target->trace, " %" PRIu64, value);
}

/* At a breakpoint: print the marker that is there. */
static void print_hit(struct target *target)
{
	struct user_regs_struct regs;
	assert_int_equal(ptrace(PTRACE_GETREGS, target->pid, NULL, &regs), 0);
	/* A uprobe shows the address of the breakpoint, ptrace the one behind it. */
	uint64_t site = --regs.rip;
	for (size_t i = 0; i < target->n_notes; i++) {
		const struct usdt_note *note = &target->notes[i];
		const struct usdt_operand *operands;
		size_t count;
		if (note->address + target->bias != site)
			continue;
		assert_ok(usdt_operands(note->operands, EM_X86_64, target->image, note,
					&target->arena, &operands, &count));
		fputs(note->name, target->trace);
		for (size_t k = 0; k < count; k++)
			print_argument(target, (const uint64_t *)&regs, &operands[k]);
		fputc('\n', target->trace);
		return;
	}
	fail_msg("breakpoint at %#" PRIx64 ", where no marker is", site);
}

/* Continues from breakpoint to breakpoint until the program ends. */
static void follow(struct target *target)
{
	int status;
	for (;;) {
		assert_int_equal(ptrace(PTRACE_CONT, target->pid, NULL, NULL), 0);
		assert_int_equal(waitpid(target->pid, &status, 0), target->pid);
		if (!WIFSTOPPED(status))
			break;
		assert_int_equal(WSTOPSIG(status), SIGTRAP);
		print_hit(target);
	}
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Line by line; "?" in ours stands for one argument. Returns the number of lines. */
static size_t compare(const char *theirs, char *ours)
{
	size_t lines = 0;
	const char *at = theirs;
	for (const char *c = ours; *c; c++) {
		if (*c == '?')
			at += strcspn(at, " \n");
		else if (*at++ != *c)
			fail_msg("the program printed\n%s\nand we saw\n%s", theirs, ours);
		lines += *c == '\n';
	}
	assert_int_equal(*at, 0);
	return lines;
}

/* Runs one build of the program; returns how many arguments were not to be had. */
static size_t check(const char *path)
{
	struct target target = {0};
	char *ours = NULL, theirs[16384];
	size_t size, malformed;
	target.trace = open_memstream(&ours, &size);
	assert_non_null(target.trace);
	assert_ok(image_open(path, -1, &target.image));
	assert_ok(usdt_notes(target.image, &target.arena, &target.notes, &target.n_notes,
			     &malformed));
	assert_int_equal(malformed, 0);
	assert_int_equal(target.n_notes, 13);
	target.pid = start(path, &target.output);
	target.bias = find_bias(target.pid, target.image);
	arm(&target);
	follow(&target);
	fclose(target.trace);
	ssize_t got = read(target.output, theirs, sizeof(theirs) - 1);
	assert_true(got > 0);
	theirs[got] = 0;
	/* 12 kinds, of which two come twice. */
	assert_int_equal(compare(theirs, ours), 14);
	free(ours);
	close(target.output);
	arena_deinit(&target.arena);
	image_close(target.image);
	return target.n_unavailable;
}

static void without_optimisation(void **state)
{
	(void)state;
	assert_int_equal(check(USDT_TARGET_DIR "/usdt_target_O0"), 0);
}

static void optimised(void **state)
{
	(void)state;
	assert_int_equal(check(USDT_TARGET_DIR "/usdt_target_O2"), 0);
}

static void at_a_fixed_address(void **state)
{
	(void)state;
	assert_int_equal(check(USDT_TARGET_DIR "/usdt_target_fixed"), 0);
}

static void with_inlining_and_vectors(void **state)
{
	(void)state;
	assert_true(check(USDT_TARGET_DIR "/usdt_target_O3") <= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_optimisation),
		cmocka_unit_test(optimised),
		cmocka_unit_test(at_a_fixed_address),
		cmocka_unit_test(with_inlining_and_vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	puts("skipped: reads the registers of x86-64");
	return 77;
}

#endif
