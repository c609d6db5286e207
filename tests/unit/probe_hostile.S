/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug information that no compiler writes: types that contain themselves, sizes and offsets at
 * the ends of 64 bits, containers of themselves. probe_hostile.c asks for all of it.
 */
	.text
	.globl hostile
	.type hostile, %function
hostile:
	ret
.Lend:
	.size hostile, .-hostile

	.section .debug_abbrev,"",%progbits
.Labbrev:
	.macro abbrev number, tag, children, attributes:vararg
	.uleb128 \number
	.uleb128 \tag
	.byte \children
	.uleb128 \attributes
	.byte 0, 0
	.endm
	/* attributes and forms: 3/8 name string, 0x11/1 low_pc addr, 0x12/7 high_pc data8, 0x13/0xb
	 * language, 0x49/0x13 type ref4, 0xb byte_size, 0x38 data_member_location, 0x2f upper_bound,
	 * 0xd bit_size, 0x6b data_bit_offset, 0x15 discr, 0x16 discr_value, 0x3e encoding */
	abbrev 1, 0x11, 1, 0x13, 0x0b, 0x03, 0x08, 0x11, 0x01, 0x12, 0x07
	abbrev 2, 0x2e, 1, 0x03, 0x08, 0x11, 0x01, 0x12, 0x07, 0x3f, 0x19
	abbrev 3, 0x05, 0, 0x03, 0x08, 0x49, 0x13
	abbrev 4, 0x13, 1, 0x03, 0x08, 0x0b, 0x07
	abbrev 5, 0x0d, 0, 0x03, 0x08, 0x49, 0x13, 0x38, 0x07
	abbrev 6, 0x01, 1, 0x49, 0x13
	abbrev 7, 0x21, 0, 0x2f, 0x07
	abbrev 8, 0x16, 0, 0x03, 0x08, 0x49, 0x13
	abbrev 9, 0x0f, 0, 0x49, 0x13
	abbrev 10, 0x24, 0, 0x03, 0x08, 0x0b, 0x07, 0x3e, 0x0b
	abbrev 11, 0x33, 1, 0x15, 0x13
	abbrev 12, 0x19, 1, 0x16, 0x07
	abbrev 13, 0x0d, 0, 0x03, 0x08, 0x49, 0x13, 0x0d, 0x0b, 0x6b, 0x07
	.byte 0

	.section .debug_info,"",%progbits
	.macro reference label
	.4byte \label - .Linfo
	.endm
	.macro parameter name, type
	.uleb128 3
	.asciz "\name"
	reference \type
	.endm
	.macro structure name, size
	.uleb128 4
	.asciz "\name"
	.8byte \size
	.endm
	.macro member name, type, offset
	.uleb128 5
	.asciz "\name"
	reference \type
	.8byte \offset
	.endm
	.macro pointer type
	.uleb128 9
	reference \type
	.endm
.Linfo:
	.4byte .Linfo_end - .Lversion
.Lversion:
	.2byte 4
	.4byte .Labbrev
	.byte 8
	.uleb128 1
	.byte 4 /* C++ */
	.asciz "hostile"
	.8byte hostile
	.8byte .Lend - hostile
	.uleb128 2
	.asciz "hostile"
	.8byte hostile
	.8byte .Lend - hostile
	parameter self, .Lself
	parameter self_pointer, .Lself_pointer
	parameter mutual, .Lmutual
	parameter endless, .Lendless
	parameter vast_array, .Lvast_array_pointer
	parameter vast, .Lvast_pointer
	parameter far, .Lfar_pointer
	parameter bits, .Lbits_pointer
	parameter wide, .Lwide
	parameter vector, .Lvector_pointer
	parameter owner, .Lowner_pointer
	parameter optional, .Loptional_pointer
	parameter variants, .Lvariants_pointer
	parameter lost, .Llost_pointer
	.byte 0
	/* struct self { struct self inner, more; }: it contains itself, twice */
.Lself:
	structure self, 16
	member inner, .Lself, 0
	member more, .Lself, 8
	.byte 0
.Lself_pointer:
	pointer .Lself
	/* Two that contain each other, without names */
.Lmutual:
	structure one, 8
	member "", .Lother, 0
	.byte 0
.Lother:
	structure other, 8
	member "", .Lmutual, 0
	member "", .Lmutual, 0
	.byte 0
	/* A name for itself */
.Lendless:
	.uleb128 8
	.asciz "endless"
	reference .Lendless
.Lint:
	.uleb128 10
	.asciz "int"
	.8byte 4
	.byte 5
.Lbool:
	.uleb128 10
	.asciz "bool"
	.8byte 1
	.byte 2
.Lwide:
	.uleb128 10
	.asciz "wide"
	.8byte 0x8000000000000000
	.byte 4
.Lvast_array:
	.uleb128 6
	reference .Lint
	.uleb128 7
	.8byte 0x7ffffffffffffffe
	.uleb128 7
	.8byte 0xfffffffe
	.byte 0
.Lvast_array_pointer:
	pointer .Lholder
.Lholder:
	structure holder, 0xffffffff
	member items, .Lvast_array, 4
	member number, .Lint, 0
	.byte 0
.Lvast:
	structure vast, 0x8000000000000000
	member first, .Lint, 0
	member last, .Lint, 0x7ffffffffffffffc
	.byte 0
.Lvast_pointer:
	pointer .Lvast
.Lfar:
	structure far, 0xfffffff0
	member last, .Lint, 0xfffffffc
	member beyond, .Lint, 0xffffffff
	member inner, .Lvast, 0xfffffff8
	.byte 0
.Lfar_pointer:
	pointer .Lfar
.Lbits:
	structure bits, 8
	.uleb128 13
	.asciz "many"
	reference .Lint
	.byte 255
	.8byte 0xffffffffffffffff
	.uleb128 13
	.asciz "few"
	reference .Lint
	.byte 3
	.8byte 0x7ffffffff
	.byte 0
.Lbits_pointer:
	pointer .Lbits
.Lvector:
	structure "vector<vast>", 24
	member _M_start, .Lvast_pointer, 0
	member _M_finish, .Lvast_pointer, 8
	.byte 0
.Lvector_pointer:
	pointer .Lvector
.Lowner:
	structure "unique_ptr<unique_ptr>", 8
	member _M_head_impl, .Lowner_pointer, 0
	.byte 0
.Lowner_pointer:
	pointer .Lowner
.Loptional:
	structure "optional<optional>", 8
	member _M_value, .Loptional, 0
	member _M_engaged, .Lbool, 4
	.byte 0
.Loptional_pointer:
	pointer .Loptional
.Lvariants:
	structure "Variants", 8
	.uleb128 11
	reference .Ldiscriminant
.Ldiscriminant:
	member "", .Lint, 0
	.uleb128 12
	.8byte 0xffffffffffffffff
	member again, .Lvariants, 0
	.byte 0
	.uleb128 12
	.8byte 1
	member vast, .Lvast, 0x7ffffffe
	.byte 0
	.byte 0
	.byte 0
.Lvariants_pointer:
	pointer .Lvariants
	/* A number that is the type itself, and a variant of nothing */
.Llost:
	structure "Lost", 8
	.uleb128 11
	reference .Llost
	.uleb128 12
	.8byte 1
	.byte 0
	.byte 0
	.byte 0
.Llost_pointer:
	pointer .Llost
	.byte 0
.Linfo_end:
	.section .note.GNU-stack,"",%progbits
