// SPDX-License-Identifier: Apache-2.0
//
// Go: goroutines whose stacks move while their functions are probed, panics that are recovered,
// deferred calls, a garbage collector that reads every frame by its return address.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"sync"
)

//go:noinline
func deep(n int, pad [16]int) int {
	if n == 0 {
		return pad[3]
	}
	pad[n%16] += n
	return deep(n-1, pad) + pad[n%16]
}

//go:noinline
func recovered(n int) (ret int) {
	defer func() {
		if r := recover(); r != nil {
			ret = r.(int) * 2
		}
	}()
	if n%2 == 1 {
		panic(n)
	}
	return n
}

//go:noinline
func callers() int {
	pcs := make([]uintptr, 64)
	return runtime.Callers(0, pcs)
}

func main() {
	fmt.Println("ready")
	bufio.NewReader(os.Stdin).ReadString('\n')
	var group sync.WaitGroup
	results := make([]int, 50)
	for i := range results {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			results[i] = deep(i*10, [16]int{}) + recovered(i) + callers()
			if i%10 == 0 {
				runtime.GC()
			}
		}(i)
	}
	group.Wait()
	sum := 0
	for _, r := range results {
		sum = sum*3 + r
	}
	fmt.Println("sum", sum, native())
	os.Exit(13)
}
