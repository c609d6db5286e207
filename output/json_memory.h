/* SPDX-License-Identifier: Apache-2.0 */
/* output/json_memory.h — jansson's memory, inside this folder. */
#ifndef UTRAIL_OUTPUT_JSON_MEMORY_H
#define UTRAIL_OUTPUT_JSON_MEMORY_H

#include <stddef.h>

/* From here on jansson takes its memory from us. What it took before may still be given back. */
void json_memory_use(void);

/* Any size and alignment of malloc(); NULL when there is none. One thread only. */
void *json_memory_take(size_t size);
void json_memory_give(void *memory);

#endif
