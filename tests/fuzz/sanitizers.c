/* SPDX-License-Identifier: Apache-2.0 */
/* What the sanitizers are told in all targets: memory that nobody has is none, as malloc(3) says,
 * and libelf, which is asked to read a table of 2^56 bytes, says that it has none. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}
