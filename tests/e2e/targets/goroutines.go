// SPDX-License-Identifier: Apache-2.0
// goroutines.go: functions whose stacks grow, shrink and move, that panic, recover and leave by
// Goexit, in many goroutines. Counts all of its calls by itself.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

var counts = map[string]*uint64{}

func counter(name string) *uint64 {
	count := new(uint64)
	counts[name] = count
	return count
}

var (
	nDeep    = counter("main.deep")
	nBig     = counter("main.big")
	nSleep   = counter("main.sleep")
	nLost    = counter("main.lost")
	nThrow   = counter("main.throw")
	nCatch   = counter("main.catch")
	nLeave   = counter("main.leave")
	nAdd     = counter("main.(*box).add")
	nClosure = counter("main.closure.func1")
	nDefers  = counter("main.defers")
	nPick    = counter("main.pick")
)

type box struct{ sum uint64 }

// Grows the stack, 600 bytes a call.
//
//go:noinline
func deep(n int, text string) int {
	atomic.AddUint64(nDeep, 1)
	var room [64]int
	room[n%64] = n
	if n == 0 {
		return len(text)
	}
	return deep(n-1, text) + room[(n+1)%64]
}

// A frame of many pages: the third form of the check.
//
//go:noinline
func big(n int) int {
	atomic.AddUint64(nBig, 1)
	var room [9000]int
	for i := range room {
		room[i] = n
	}
	if n > 0 {
		return big(n-1) + room[n]
	}
	return room[5]
}

//go:noinline
func sleep(milliseconds int) int {
	atomic.AddUint64(nSleep, 1)
	time.Sleep(time.Duration(milliseconds) * time.Millisecond)
	return milliseconds
}

// Never returns, and what called it does not either.
//
//go:noinline
func throw(n int) int {
	atomic.AddUint64(nThrow, 1)
	if n >= 0 {
		panic(fmt.Sprint("thrown ", n))
	}
	return n
}

//go:noinline
func lost(n int) int {
	atomic.AddUint64(nLost, 1)
	return throw(n) + 1
}

//go:noinline
func catch(n int) (result int) {
	atomic.AddUint64(nCatch, 1)
	defer func() {
		if recover() != nil {
			result = n + 1000
		}
	}()
	return lost(n)
}

//go:noinline
func leave(n int) int {
	atomic.AddUint64(nLeave, 1)
	if n >= 0 {
		runtime.Goexit()
	}
	return n
}

//go:noinline
func (b *box) add(n uint64) uint64 {
	atomic.AddUint64(nAdd, 1)
	runtime.Gosched()
	b.sum += n
	return b.sum
}

// Where it is inlined, later versions of Go inline what it makes, too.
//
//go:noinline
func closure(n int) func(int) int {
	return func(more int) int {
		atomic.AddUint64(nClosure, 1)
		runtime.Gosched()
		n += more
		return n
	}
}

//go:noinline
func defers(n int) (result int) {
	atomic.AddUint64(nDefers, 1)
	for i := 0; i < n; i++ {
		defer func() { result += i }()
	}
	return n
}

//go:noinline
func pick(n int) string {
	atomic.AddUint64(nPick, 1)
	switch n {
	case 1:
		return "one" + strconv.Itoa(n)
	case 2:
		return "two"
	case 3:
		return "three"
	case 4:
		return "four" + strconv.Itoa(n*n)
	case 5:
		return "five"
	case 6:
		return "six"
	case 7:
		return "seven"
	case 8:
		return "eight"
	case 9:
		return "nine"
	}
	return "many" + strconv.Itoa(n)
}

func work(id, rounds int, done *sync.WaitGroup, total *uint64) {
	defer done.Done()
	b := &box{}
	add := b.add
	f := closure(id)
	for round := 0; round < rounds; round++ {
		sum := deep(round*37%400, "text") + big(round%4) + catch(round) + defers(3) + f(round)
		sum += len(pick(round%12)) + int(add(uint64(round)))
		atomic.AddUint64(total, uint64(sum))
		garbage := make([][]byte, 0)
		for i := 0; i < 20; i++ {
			garbage = append(garbage, make([]byte, 4096))
		}
		runtime.KeepAlive(garbage)
	}
	sleep(2)
}

func main() {
	goroutines, rounds := 8, 20
	if len(os.Args) > 2 {
		goroutines, _ = strconv.Atoi(os.Args[1])
		rounds, _ = strconv.Atoi(os.Args[2])
	}
	if len(os.Args) > 3 {
		fmt.Println("ready", os.Getpid())
		os.Stdin.Read(make([]byte, 1))
	}
	// Stacks shrink when garbage is collected.
	debug.SetGCPercent(5)
	var done sync.WaitGroup
	var total uint64
	for id := 0; id < goroutines; id++ {
		done.Add(2)
		go work(id, rounds, &done, &total)
		go func(n int) {
			defer done.Done()
			leave(n)
		}(id)
		runtime.GC()
	}
	done.Wait()
	for name, count := range counts {
		fmt.Println(name, *count)
	}
	fmt.Println("total", total)
}
