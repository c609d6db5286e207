/* SPDX-License-Identifier: Apache-2.0 */
/* What loads.c loads. */
long plugin_work(long n);
static __attribute__((noinline)) long inner(long n)
{
	return n ? n + inner(n - 1) : 1;
}
long plugin_work(long n)
{
	return inner(n % 7) * 2;
}
