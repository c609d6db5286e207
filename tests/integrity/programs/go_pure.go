// SPDX-License-Identifier: Apache-2.0

package main

func native() int { return deep(20, [16]int{}) }
