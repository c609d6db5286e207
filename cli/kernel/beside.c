/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/kernel/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/thread.h"

/* What our objects have (stream/stream.bpf.c); libbpf does not tell. */
#define LICENSE "Dual BSD/GPL"

struct beside {
	struct thread *thread;
	struct bpf_program *program;
	enum bpf_prog_type type;
	struct bpf_insn *insns;
	size_t count;
	void *functions, *lines; /* records of these instructions */
	struct bpf_prog_load_opts options;
	int fd; /* the loaded program, or -errno */
};

static void load(void *context)
{
	struct beside *beside = context;
	beside->fd = bpf_prog_load(beside->type, bpf_program__name(beside->program), LICENSE,
				   beside->insns, beside->count, &beside->options);
}

static void beside_free(struct beside *beside)
{
	closep(&beside->fd);
	free(beside->insns);
	free(beside->functions);
	free(beside->lines);
	free(beside);
}

static void beside_freep(struct beside **beside)
{
	if (*beside)
		beside_free(*beside);
}

static void *copy(const void *bytes, size_t count, size_t size)
{
	void *copied = malloc(count * size + 1);
	if (copied && count)
		memcpy(copied, bytes, count * size);
	return copied;
}

struct beside *beside_start(struct bpf_program *program, struct bpf_prog_load_opts *options)
{
	static const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	_cleanup_(beside_freep) struct beside *beside = malloc(sizeof(*beside));
	if (!beside)
		return NULL;
	*beside = (struct beside){.program = program,
				  .type = bpf_program__type(program),
				  .count = bpf_program__insn_cnt(program),
				  .options = *options,
				  .fd = -EAGAIN};
	beside->insns = copy(bpf_program__insns(program), beside->count, sizeof(*beside->insns));
	beside->functions =
		copy(options->func_info, options->func_info_cnt, options->func_info_rec_size);
	beside->lines =
		copy(options->line_info, options->line_info_cnt, options->line_info_rec_size);
	if (!beside->insns || !beside->functions || !beside->lines)
		return NULL;
	beside->options.func_info = beside->functions;
	beside->options.line_info = beside->lines;
	/* libbpf asks for it behind us. */
	beside->options.expected_attach_type = bpf_program__expected_attach_type(program);
	/* libbpf takes a buffer for itself when it loads a program once more. */
	beside->options.log_buf = NULL;
	beside->options.log_size = 0;
	beside->options.log_level = 0;
	beside->thread = thread_start(load, beside);
	if (!beside->thread)
		return NULL;
	if (bpf_program__set_insns(program, (struct bpf_insn *)nothing, array_size(nothing))) {
		beside_abandon(take_ptr(beside));
		return NULL;
	}
	options->func_info_cnt = options->line_info_cnt = 0;
	return take_ptr(beside);
}

int beside_finish(struct beside *beside)
{
	thread_join(take_ptr(beside->thread));
	int failed = beside->fd < 0 ? beside->fd : 0;
	if (!failed && dup3(beside->fd, bpf_program__fd(beside->program), O_CLOEXEC) < 0)
		failed = -errno;
	beside_free(beside);
	return failed;
}

void beside_abandon(struct beside *beside)
{
	if (!beside)
		return;
	thread_join(take_ptr(beside->thread));
	beside_free(beside);
}
