// SPDX-License-Identifier: Apache-2.0

// Values of Go, and what a tracer must show of them, letter by letter.
package main

import (
	"fmt"
	"os"
)

type point struct {
	X, Y int32
}

//go:noinline
func text(some, empty string, more int) int { return len(some) + len(empty) + more }

//go:noinline
func slices(some []int32, points []point, none []int64) int {
	return len(some) + cap(some) + len(points) + len(none)
}

//go:noinline
func points(at point, to *point, nowhere *point) int32 {
	if nowhere != nil {
		return 1
	}
	return at.X + at.Y + to.Y
}

func main() {
	n := len(os.Args) + 40
	got := text("some \"text\"", "", n)
	fmt.Printf("expect main.text(some=\"some \\\"text\\\"\", empty=\"\", more=%d) = %d\n", n, got)
	got = slices([]int32{1, -2, int32(n)}, []point{{1, 2}, {int32(n), 4}}, nil)
	fmt.Printf("expect main.slices(some=[1, -2, %d], points=[{X=1, Y=2}, {X=%d, Y=4}], none=[]) = %d\n", n, n, got)
	sum := points(point{int32(n), 2}, &point{3, 4}, nil)
	fmt.Printf("expect main.points(at={X=%d, Y=2}, to={X=3, Y=4}, nowhere=NULL) = %d\n", n, sum)
}
