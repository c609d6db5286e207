/* SPDX-License-Identifier: Apache-2.0 */
/* output/shown_scalar.c — one number, as its type wants it. */
#include <string.h>

#include "output/names.h"
#include "output/shown_list.h"

static uint64_t cut(uint64_t bits, unsigned int width)
{
	return width && width < 64 ? bits & ((UINT64_C(1) << width) - 1) : bits;
}

static uint64_t sign_extend(uint64_t bits, unsigned int width)
{
	if (!width || width >= 64)
		return bits;
	uint64_t sign = UINT64_C(1) << (width - 1);
	return (cut(bits, width) ^ sign) - sign;
}

static void shown_float(const struct type *type, uint64_t bits, struct shown *ret)
{
	uint32_t low = (uint32_t)bits;
	float single;
	*ret = (struct shown){.kind = SHOWN_REAL};
	if (type->size == sizeof(single)) {
		memcpy(&single, &low, sizeof(single));
		ret->real = (double)single;
		ret->is_single = true;
	} else if (type->size == sizeof(ret->real)) {
		memcpy(&ret->real, &bits, sizeof(ret->real));
	} else {
		shown_unavailable(ret, "floating point of this size");
	}
}

static void shown_enum(const struct type *type, uint64_t bits, unsigned int width,
		       struct shown *ret)
{
	bool is_signed = type->sign == '-';
	for (uint32_t i = 0; i < type->n_enumerators; i++) {
		const struct enumerator *e = &type->enumerators[i];
		if (cut((uint64_t)e->value, width) == cut(bits, width) && e->name) {
			*ret = (struct shown){.kind = SHOWN_NAME, .text = e->name};
			return;
		}
		is_signed |= e->value < 0 && !type->sign;
	}
	*ret = (struct shown){
		.kind = is_signed ? SHOWN_SIGNED : SHOWN_UNSIGNED,
		.number = is_signed ? sign_extend(bits, width) : cut(bits, width),
	};
}

static void shown_errno(uint64_t bits, unsigned int width, struct shown *ret)
{
	int64_t number = (int64_t)sign_extend(bits, width);
	const char *name = result_failed(number) ? names_errno((int)-number) : NULL;
	if (name)
		*ret = (struct shown){.kind = SHOWN_ERRNO, .text = name};
	else
		*ret = (struct shown){.kind = SHOWN_SIGNED, .number = (uint64_t)number};
}

static void shown_char(const struct type *type, uint64_t bits, unsigned int width,
		       struct shown *ret)
{
	ret->kind = SHOWN_CHAR;
	ret->is_wide = type->size > 1;
	if (type_is_signed(type)) /* a bit-field's */
		ret->number = cut(sign_extend(bits, width), 8);
}

/* False: which bits those of a bit-field are, depends on the order as well. */
static bool swap(const struct type *type, uint64_t *bits, unsigned int width)
{
	if (!width || width != type->size * 8)
		return false;
	*bits = __builtin_bswap64(*bits) >> (64 - width);
	return true;
}

void shown_width(const struct type *type, uint64_t bits, unsigned int width, struct shown *ret)
{
	if (type->is_big_endian && !swap(type, &bits, width)) {
		shown_unavailable(ret, "big-endian");
		return;
	}
	*ret = (struct shown){.kind = SHOWN_UNSIGNED, .number = cut(bits, width), .type = type};
	switch (type->kind) {
	case TYPE_VOID:
		ret->kind = SHOWN_VOID;
		break;
	case TYPE_INT:
		ret->kind = SHOWN_SIGNED;
		ret->number = sign_extend(bits, width);
		break;
	case TYPE_UINT:
	case TYPE_COUNT:
		break;
	case TYPE_ID:
		if (ret->number == cut(UINT64_MAX, width))
			*ret = (struct shown){.kind = SHOWN_SIGNED, .number = UINT64_MAX};
		break;
	case TYPE_OCTAL:
		ret->kind = SHOWN_OCTAL;
		break;
	case TYPE_BOOL:
		ret->kind = SHOWN_BOOL;
		break;
	case TYPE_CHAR:
		shown_char(type, bits, width, ret);
		break;
	case TYPE_FLOAT:
		shown_float(type, bits, ret);
		break;
	case TYPE_ENUM:
		shown_enum(type, bits, width, ret);
		break;
	case TYPE_FLAGS:
	case TYPE_MODE:
		ret->kind = SHOWN_FLAGS;
		break;
	case TYPE_DEVICE:
		ret->kind = SHOWN_DEVICE;
		ret->number = type->of_kernel ? device_of_kernel(bits) : ret->number;
		break;
	case TYPE_SIGNAL:
		ret->kind = SHOWN_SIGNAL;
		ret->number = sign_extend(bits, width);
		break;
	case TYPE_SIGNAL_SET:
		ret->kind = SHOWN_SIGNAL_SET;
		break;
	case TYPE_WAIT_STATUS:
		ret->kind = SHOWN_WAIT_STATUS;
		break;
	case TYPE_ERRNO:
		shown_errno(bits, width, ret);
		break;
	case TYPE_FD: /* the kernel takes the lower half, whatever was passed */
		ret->kind = SHOWN_FD;
		ret->number = sign_extend(bits, 32);
		break;
	case TYPE_POINTER:
	case TYPE_STRING:
	case TYPE_BYTES:
	case TYPE_BIT_SET:
		ret->is_pointer = type->kind == TYPE_POINTER;
		ret->is_code = ret->is_pointer && type->is_code;
		ret->kind = ret->number ? SHOWN_HEX : SHOWN_NULL;
		break;
	case TYPE_WORD: /* nobody counts that far: an address */
		if (ret->number > UINT32_MAX)
			ret->kind = SHOWN_HEX;
		break;
	case TYPE_UNKNOWN:
	case TYPE_HEX:
	case TYPE_STRUCT:
	case TYPE_ARRAY:
		ret->kind = SHOWN_HEX;
		break;
	}
}

unsigned int type_width(const struct type *type)
{
	return type->size < 8 ? type->size * 8 : 64;
}

void shown_bits(const struct type *type, uint64_t bits, struct shown *ret)
{
	shown_width(type, bits, type_width(type), ret);
}

void shown_wide(const struct type *type, const char *bytes, struct shown *ret)
{
	long double number;
	if (type->is_big_endian) {
		shown_unavailable(ret, "big-endian");
		return;
	}
	if (type_is_wide_number(type)) {
		*ret = (struct shown){.kind = SHOWN_WIDE_NUMBER, .type = type, .bytes = bytes};
		return;
	}
	if (type->kind != TYPE_FLOAT || type->size != sizeof(number) ||
	    !strstr(type->name, "long double")) { /* with qualifiers */
		shown_unavailable(ret, "number of this size");
		return;
	}
	memcpy(&number, bytes, sizeof(number));
	*ret = (struct shown){.kind = SHOWN_REAL, .real = (double)number};
}
