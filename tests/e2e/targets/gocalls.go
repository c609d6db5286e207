// SPDX-License-Identifier: Apache-2.0
// gocalls.go: system calls that goroutines make inside of functions, also after panics and
// runtime.Goexit have left some. Who is known by the system call: a function makes its own only.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
)

const rounds = 10

//go:noinline
func quiet(n int) int {
	syscall.Getppid()
	return n
}

//go:noinline
func boom(n int) int {
	syscall.Getpgid(0)
	if n >= 0 {
		panic("recovered")
	}
	return n
}

// Nobody looks at this one, whose frame covers what was left.
//
//go:noinline
func broad(n int) int {
	var room [300]int
	room[n%300] = n
	return inner(n) + room[(n+1)%300]
}

//go:noinline
func inner(n int) int {
	syscall.Getgid()
	return n
}

//go:noinline
func guard(n int) (result int) {
	defer func() { recover() }()
	return boom(n)
}

//go:noinline
func leave(n int) {
	syscall.Getuid()
	if n >= 0 {
		runtime.Goexit()
	}
	syscall.Getuid()
}

// Goes on in other threads, and makes room on its stack.
//
//go:noinline
func outer(n int) int {
	syscall.Getpriority(0, 0)
	runtime.Gosched()
	sum := grow(200) + quiet(n)
	syscall.Getpriority(0, 0)
	return sum
}

//go:noinline
func grow(n int) int {
	var room [64]int
	room[n%64] = n
	if n == 0 {
		return room[0]
	}
	return grow(n-1) + room[n%64]
}

// What is empty has one instruction, which begins and ends it.
//
//go:noinline
func empty() {}

func main() {
	var done sync.WaitGroup
	for i := 0; i < rounds; i++ {
		done.Add(1)
		go func() {
			defer done.Done()
			leave(1)
		}()
	}
	done.Wait()
	for i := 0; i < rounds; i++ {
		done.Add(1)
		go func() {
			defer done.Done()
			quiet(1)
			guard(2)
			broad(3)
			empty()
			outer(4)
			syscall.Getegid()
		}()
	}
	done.Wait()
	fmt.Println("done")
}
