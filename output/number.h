/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/number.h — numbers to text without printf: no locale, no parsing of formats. Each writes
 * at `to` and returns the end; nothing is NUL-terminated.
 */
#ifndef UTRAIL_OUTPUT_NUMBER_H
#define UTRAIL_OUTPUT_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#define NUMBER_MAX 40 /* bytes that any of these may write */

char *number_unsigned(char *to, uint64_t number);
char *number_signed(char *to, int64_t number);
char *number_hex(char *to, uint64_t number);   /* 0x2a */
char *number_octal(char *to, uint64_t number); /* 0644, 0 */
/* 16 bytes, as they lie in memory. */
char *number_wide(char *to, const char *bytes, bool is_signed);
/* Exactly `digits` digits, the lowest ones. */
char *number_padded(char *to, uint64_t number, int digits);

/* The fewest significant digits, of the usual precisions, that give the number back exactly. */
int number_real_precision(double number, bool is_single);
/* With these digits: 0.1, 1e+100, nan, -inf. */
char *number_real(char *to, double number, bool is_single);

#endif
