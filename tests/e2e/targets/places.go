// SPDX-License-Identifier: Apache-2.0

// Functions of Go, which print what they were passed.
package main

import "os"

var line [64]byte
var at int

//go:noinline
func number(value int) {
	if value >= 10 {
		number(value / 10)
	}
	line[at] = byte('0' + value%10)
	at++
}

//go:nosplit
func add(a int, b int, c byte) int {
	return a*100 + b*10 + int(c)
}

func say(values ...int) int {
	at = 0
	for _, value := range values {
		number(value)
		line[at] = ' '
		at++
	}
	line[at-1] = '\n'
	return at
}

func main() {
	f := add
	if len(os.Args) > 5 {
		f = nil
	}
	for i := 1; i < 4; i++ {
		r := f(i, i*10, byte(i+1))
		os.Stdout.Write(line[:say(i, i*10, i+1, r)])
	}
}
