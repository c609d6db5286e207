/* SPDX-License-Identifier: Apache-2.0 */
/* The C part of go_cgo.go. */
int back(int n);
int there(int n);

int there(int n)
{
	return n ? back(n - 1) + 1 : 5;
}
