// SPDX-License-Identifier: Apache-2.0
//
// As go_pure.go, with C functions in between: Go calls C, which calls Go.
package main

// extern int back(int);
// int there(int n);
import "C"

//export back
func back(n C.int) C.int { return C.there(n) }

func native() int {
	sum := 0
	for i := 0; i < 20; i++ {
		sum = sum*3 + int(C.there(C.int(i%5)))
	}
	return sum
}
