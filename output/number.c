/* SPDX-License-Identifier: Apache-2.0 */
#include "output/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the compiler believes %.*g may need; with the precisions used here it is 24. */
#define REAL_MAX 320

static const char pairs[] = "0001020304050607080910111213141516171819"
			    "2021222324252627282930313233343536373839"
			    "4041424344454647484950515253545556575859"
			    "6061626364656667686970717273747576777879"
			    "8081828384858687888990919293949596979899";

static unsigned int count_digits(uint64_t number)
{
	unsigned int count = 1;
	for (; number >= 10000; number /= 10000)
		count += 4;
	return count + (number >= 10) + (number >= 100) + (number >= 1000);
}

char *number_unsigned(char *to, uint64_t number)
{
	unsigned int digits = number < 10 ? 1 : count_digits(number);
	return number_padded(to, number, (int)digits);
}

char *number_signed(char *to, int64_t number)
{
	if (number >= 0)
		return number_unsigned(to, (uint64_t)number);
	*to = '-';
	return number_unsigned(to + 1, -(uint64_t)number);
}

char *number_wide(char *to, const char *bytes, bool is_signed)
{
	static const uint64_t part = UINT64_C(10000000000000000000); /* all that has 19 digits */
	unsigned __int128 number;
	uint64_t parts[3];
	int count = 0;
	memcpy(&number, bytes, sizeof(number));
	if (is_signed && number >> 127) {
		*to++ = '-';
		number = -number;
	}
	for (; count == 0 || number; number /= part)
		parts[count++] = (uint64_t)(number % part);
	to = number_unsigned(to, parts[--count]);
	while (count)
		to = number_padded(to, parts[--count], 19);
	return to;
}

char *number_hex(char *to, uint64_t number)
{
	*to++ = '0';
	*to++ = 'x';
	int digits = number ? (67 - __builtin_clzll(number)) / 4 : 1;
	for (int i = digits - 1; i >= 0; i--)
		*to++ = "0123456789abcdef"[number >> (4 * i) & 15];
	return to;
}

char *number_octal(char *to, uint64_t number)
{
	*to++ = '0';
	if (!number)
		return to;
	int digits = (66 - __builtin_clzll(number)) / 3;
	for (int i = digits - 1; i >= 0; i--)
		*to++ = (char)('0' + (number >> (3 * i) & 7));
	return to;
}

char *number_padded(char *to, uint64_t number, int digits)
{
	char *at = to + digits;
	/* Two at a time: a division is what they cost. */
	for (; at - to >= 2; number /= 100) {
		at -= 2;
		memcpy(at, pairs + number % 100 * 2, 2);
	}
	if (at > to)
		*--at = (char)('0' + number % 10);
	return to + digits;
}

static bool gives_back(const char *text, double number, bool is_single)
{
	return is_single ? strtof(text, NULL) == (float)number : strtod(text, NULL) == number;
}

int number_real_precision(double number, bool is_single)
{
	char text[REAL_MAX];
	/* FLT_DECIMAL_DIG is 9, DBL_DECIMAL_DIG 17: these always suffice. */
	int precision = is_single ? 6 : 15, enough = is_single ? 9 : 17;
	for (; precision < enough; precision++) {
		snprintf(text, sizeof(text), "%.*g", precision, number);
		if (gives_back(text, number, is_single))
			break;
	}
	return precision;
}

char *number_real(char *to, double number, bool is_single)
{
	char text[REAL_MAX];
	if (isnan(number)) /* the sign of a NaN says nothing */
		return mempcpy(to, "nan", 3);
	int length = snprintf(text, sizeof(text), "%.*g", number_real_precision(number, is_single),
			      number);
	/* In some locales the program may run in, the point is a comma. */
	char *comma = memchr(text, ',', (size_t)length);
	if (comma)
		*comma = '.';
	return mempcpy(to, text, (size_t)length);
}
