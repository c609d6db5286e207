/* SPDX-License-Identifier: Apache-2.0 */
/* leaf: a library of one function, as small as libraries get; growth.py makes thousands of it. */

__attribute__((visibility("default"))) int leaf(int number);

int leaf(int number)
{
	return number + 1;
}
