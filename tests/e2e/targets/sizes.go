// SPDX-License-Identifier: Apache-2.0

// sizes makes calls with values of all sizes, and prints the number of each call, and the sizes.
package main

import (
	"fmt"
	"strings"
)

//go:noinline
func take(number int, name string, items []int32, m map[int]int) int {
	return number + len(name) + len(items) + len(m)
}

func main() {
	for i := 0; i < 12; i++ {
		m := map[int]int{}
		for k := 0; k < i%5; k++ {
			m[k] = i
		}
		name, items := strings.Repeat("n", i), make([]int32, i*2)
		if take(i, name, items, m) < i {
			panic("wrong")
		}
		fmt.Println("sizes", i, len(name), len(items), len(m))
	}
}
