/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that no compiler writes, for odd.c: strange first instructions, data in the text,
 * instructions that overlap. fn and endfn mark them as functions, with unwind tables; fnraw without.
 */
	.macro fn name
	.globl \name
	.type \name, @function
	.p2align 4
\name:
	.cfi_startproc
	.endm
	.macro endfn name
	.cfi_endproc
	.size \name, . - \name
	.endm
	.macro fnraw name
	.globl \name
	.type \name, @function
\name:
	.endm

	.text
fn odd_enter			/* a frame by one instruction */
	enter $32, $0
	.cfi_def_cfa_offset 16
	mov %rdi, -8(%rbp)
	mov -8(%rbp), %rax
	leave
	.cfi_def_cfa_offset 8
	ret
endfn odd_enter

fn odd_push_imm
	push $77
	.cfi_adjust_cfa_offset 8
	pop %rax
	.cfi_adjust_cfa_offset -8
	add %rdi, %rax
	ret
endfn odd_push_imm

fn odd_push_long
	push $0x12345678
	.cfi_adjust_cfa_offset 8
	pop %rax
	.cfi_adjust_cfa_offset -8
	xor %rdi, %rax
	ret
endfn odd_push_long

fn odd_push_memory		/* relative to %rip */
	push odd_word(%rip)
	.cfi_adjust_cfa_offset 8
	pop %rax
	.cfi_adjust_cfa_offset -8
	ret
endfn odd_push_memory

fn odd_push_sp			/* pushes the value from before */
	push %rsp
	.cfi_adjust_cfa_offset 8
	pop %rax
	.cfi_adjust_cfa_offset -8
	sub %rsp, %rax
	ret
endfn odd_push_sp

fn odd_pushf			/* a step with the trap flag set must not be seen in the flags */
	pushfq
	.cfi_adjust_cfa_offset 8
	pop %rax
	.cfi_adjust_cfa_offset -8
	and $0x500, %eax
	ret
endfn odd_pushf

fn odd_flags			/* saves the flags, changes them, gives them back */
	pushfq
	.cfi_adjust_cfa_offset 8
	add %rdi, %rdi
	popfq
	.cfi_adjust_cfa_offset -8
	lea 5(%rdi), %rax
	ret
endfn odd_flags

fn odd_popf
	popfq			/* of what odd_popf_caller has pushed */
	jmp *%rdx
endfn odd_popf

fn odd_rep_stos			/* one instruction, many rounds */
	rep stosb
	mov %rcx, %rax
	ret
endfn odd_rep_stos

fn odd_repne_scas
	repne scasb
	mov %rcx, %rax
	ret
endfn odd_repne_scas

fn odd_rep_ret			/* two bytes, for old processors */
	mov %rdi, %rax
	rep ret
endfn odd_rep_ret

fn odd_ret_pop			/* takes its argument off the stack */
	mov 8(%rsp), %rax
	ret $8
endfn odd_ret_pop

fn odd_nops
	nop
	.byte 0x66, 0x90
	.byte 0x0f, 0x1f, 0x00
	.byte 0x0f, 0x1f, 0x40, 0x00
	.byte 0x0f, 0x1f, 0x44, 0x00, 0x00
	.byte 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00
	.byte 0x0f, 0x1f, 0x80, 0, 0, 0, 0
	lea 1(%rdi), %rax
	ret
endfn odd_nops

fn odd_nop5			/* as for patching: an entry of 5 bytes */
	.byte 0x0f, 0x1f, 0x44, 0x00, 0x00
	lea 2(%rdi), %rax
	ret
endfn odd_nop5

fn odd_nop9
	.byte 0x66, 0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0
	lea 3(%rdi), %rax
	ret
endfn odd_nop9

fn odd_xchg_nop			/* 49 90, which some kernels take for a nop */
	xchg %r8, %rax
	xchg %r8, %rax
	lea 4(%rdi), %rax
	ret
endfn odd_xchg_nop

fn odd_xchg
	.byte 0x49, 0x90	/* xchg %r8,%rax */
	mov %r8, %rdx
	lea 4(%rdi), %rax
	ret
endfn odd_xchg

fn odd_rip_load
	mov odd_word(%rip), %rax
	add %rdi, %rax
	ret
endfn odd_rip_load

fn odd_rip_div			/* uses %rax and %rdx, which a scratch register must spare */
	mov %rdi, %rax
	jmp 1f
endfn odd_rip_div
fn odd_rip_mul
1:	mulq odd_word(%rip)
	xor %rdx, %rax
	ret
endfn odd_rip_mul

fn odd_rip_cmpxchg
	cmpxchg %rsi, odd_scratch(%rip)
	mov odd_scratch(%rip), %rax
	ret
endfn odd_rip_cmpxchg

fn odd_rip_cmpxchg16b		/* uses %rax, %rbx, %rcx and %rdx */
	cmpxchg16b odd_wide(%rip)
	lea (%rax,%rdx), %rax
	ret
endfn odd_rip_cmpxchg16b

fn odd_rip_sse
	movaps odd_vector(%rip), %xmm0
	movq %xmm0, %rax
	ret
endfn odd_rip_sse

fn odd_rip_pcmpistri		/* gives its result in %ecx */
	pcmpistri $0, odd_vector(%rip), %xmm0
	mov %ecx, %eax
	ret
endfn odd_rip_pcmpistri

fn odd_rip_x87
	fldl odd_double(%rip)
	fistpl -8(%rsp)
	mov -8(%rsp), %eax
	ret
endfn odd_rip_x87

fn odd_rip_bound		/* 64-bit add to memory, then read back */
	addq $3, odd_scratch(%rip)
	mov odd_scratch(%rip), %rax
	ret
endfn odd_rip_bound

fn odd_fs			/* thread-local: a segment register */
	mov %fs:0, %rax
	cmp %rax, %fs:0
	sete %al
	movzbl %al, %eax
	ret
endfn odd_fs

fn odd_loop			/* begins with a loop over itself */
	lea 1(%rax), %rax
	dec %rdi
	jnz odd_loop
	ret
endfn odd_loop

fn odd_jrcxz
	jrcxz 1f
	mov $1, %eax
	ret
1:	mov $2, %eax
	ret
endfn odd_jrcxz

fn odd_jump			/* begins with a jump */
	jmp odd_rip_load
endfn odd_jump

fn odd_jump_memory
	jmp *odd_pointer(%rip)
endfn odd_jump_memory

fn odd_jcc
	jc 1f
	lea 6(%rdi), %rax
	ret
1:	lea 7(%rdi), %rax
	ret
endfn odd_jcc

fn odd_only_ret
	ret
endfn odd_only_ret

fn odd_overlap			/* a jump behind the prefix of an instruction */
	mov %rdi, %rax
	test $1, %dil
	jz 1f
	lock
1:	addq $1, odd_scratch(%rip)
	mov $8, %eax
	ret
endfn odd_overlap

fn odd_overlap2			/* the immediate of one is the code of another */
	mov %rdi, %rax
	jmp 1f + 1
1:	.byte 0xb8		/* mov $imm32,%eax: 90 90 90 c3 */
	nop
	nop
	nop
	ret
endfn odd_overlap2

fn odd_data			/* a table in the middle, which looks like code */
	lea 1f(%rip), %rdx
	and $7, %edi
	movzbl (%rdx,%rdi), %eax
	jmp 2f
1:	.byte 0xc3, 0xc3, 0x90, 0x55, 0xc9, 0xe8, 0xcc, 0xc3
2:	ret
endfn odd_data

fn odd_sled			/* entered at different places of a sled */
	lea 1f(%rip), %rdx
	and $3, %edi
	lea (%rdx,%rdi,2), %rdx
	xor %eax, %eax
	jmp *%rdx
1:	inc %eax
	inc %eax
	inc %eax
	inc %eax
	ret
endfn odd_sled

fn odd_simd			/* VEX, which the kernel refuses by opcode, or not */
	vmovaps odd_vector(%rip), %xmm0
	vmovq %xmm0, %rax
	ret
endfn odd_simd

fn odd_endbr_nop
	endbr64
	nop
	lea 8(%rdi), %rax
	ret
endfn odd_endbr_nop

fn odd_endbr_nop5
	endbr64
	.byte 0x0f, 0x1f, 0x44, 0x00, 0x00
	lea 9(%rdi), %rax
	ret
endfn odd_endbr_nop5

fn odd_stc			/* flags as result */
	stc
	sbb %rax, %rax
	ret
endfn odd_stc

fn odd_std			/* the direction flag set for the callee's sake */
	std
	lea 7(%rsi), %rsi
	lodsb
	cld
	movzbl %al, %eax
	ret
endfn odd_std

fn odd_xlat
	xlatb
	movzbl %al, %eax
	ret
endfn odd_xlat

fn odd_leave			/* the caller's frame is given back here */
	leave
	.cfi_def_cfa_offset 8
	ret
endfn odd_leave

/* Data, called a function by its symbol: the table itself, and one without unwind tables. */
	.p2align 4
fnraw odd_liar
	.byte 0x55, 0x48, 0x89, 0xe5, 0x11, 0x22, 0x33, 0x44
	.byte 0xc3, 0xff, 0x06, 0x07, 0x27, 0x37, 0x3f, 0x60
	.size odd_liar, . - odd_liar

/* Code without unwind tables. */
	.p2align 4
fnraw odd_raw
	mov %rdi, %rax
	imul $7, %rax
	ret
	.size odd_raw, . - odd_raw

	.section .rodata
	.p2align 4
odd_vector: .quad 0x6867666564636261, 0x706f6e6d6c6b6a69
odd_word: .quad 0x123456789
odd_double: .double 42.0
	.section .data.rel.ro,"aw"
odd_pointer: .quad odd_rip_load
	.bss
	.globl odd_scratch
	.p2align 4
odd_wide: .zero 16
odd_scratch: .zero 8
	.section .note.GNU-stack,"",@progbits
