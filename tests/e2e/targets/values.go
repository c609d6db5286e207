// SPDX-License-Identifier: Apache-2.0

// Values of Go, and what a tracer must show of them, letter by letter.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
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

type named struct {
	Name  string
	Lines [][]byte
	Pair  [2]string
}

//go:noinline
func words(all []string, rows [][]int32, at []*point) int { return len(all) + len(rows) + len(at) }

//go:noinline
func lines(all [][]byte, some *named) int { return len(all) + len(some.Lines) }

type mixed struct {
	A int32
	B bool
	C int64
}

//go:noinline
func joined(all []string) string { return fmt.Sprint(all[0], all[1]) }

//go:noinline
func halves(n int) (half int, odd bool, text string) { return n / 2, n%2 == 1, fmt.Sprint(n) }

//go:noinline
func mix(n int) mixed { return mixed{int32(len(fmt.Sprint(n))), n > 0, int64(-n)} }

//go:noinline
func squares(n int) []int {
	var all []int
	for i := 0; i < n; i++ {
		all = append(all, i*i)
	}
	return all
}

type gaps struct {
	A byte
	B bool
	C int32
}

type wide struct {
	A byte
	B int64
	C bool
}

//go:noinline
func padded(some gaps, other wide) int { return int(some.C) + int(other.B) + int(some.A) }

//go:noinline
func fails(n int) (int, error) {
	if n > 0 {
		return n, nil
	}
	return 0, fmt.Errorf("no %d", n)
}

//go:noinline
func handed(err error, any interface{}) error { return err }

type failure struct{ code int }

func (f *failure) Error() string { return fmt.Sprint("code ", f.code) }

type shape interface{ area() int }

type square struct{ side int }

func (s *square) area() int { return s.side * s.side }

//go:noinline
func area(of shape, some interface{}) int { return of.area() }

//go:noinline
func anything(some interface{}) int {
	if some == nil {
		return 0
	}
	return 1
}

func contents(n int) {
	anything(nil)
	fmt.Println("expect main.anything(some=nil) = 0")
	anything(n + 1)
	fmt.Printf("expect main.anything(some=int(%d)) = 1\n", n+1)
	anything(int8(-n))
	fmt.Printf("expect main.anything(some=int8(%d)) = 1\n", int8(-n))
	anything(uint16(n + 65000))
	fmt.Printf("expect main.anything(some=uint16(%d)) = 1\n", n+65000)
	anything(fmt.Sprint("text ", n))
	fmt.Printf("expect main.anything(some=string(\"text %d\")) = 1\n", n)
	anything("")
	fmt.Println("expect main.anything(some=string(\"\")) = 1")
	anything(float64(n) / 4)
	fmt.Printf("expect main.anything(some=float64(%g)) = 1\n", float64(n)/4)
	anything(float32(n) / 4)
	fmt.Printf("expect main.anything(some=float32(%g)) = 1\n", float64(n)/4)
	anything(n > 0)
	fmt.Println("expect main.anything(some=bool(true)) = 1")
	anything(level(n))
	fmt.Printf("expect main.anything(some=main.level(%d)) = 1\n", n)
	anything(label("called"))
	fmt.Println("expect main.anything(some=main.label(\"called\")) = 1")
	of := texter(level(n - 1))
	fmt.Printf("expect main.written(of=main.level(%d), and=nil) = 7\n", n-1)
	written(of, nil)
	fmt.Println("expect main.written(of=main.label(\"lo\"), and=main.level(5)) = 2")
	written(label("lo"), level(5))
	fmt.Printf("expect main.called(name=\"own\", codes=[1, %d]) = 5\n", n)
	called("own", list{1, int16(n)})
	logged("%d", n, "text", corner, nil, plainError)
	fmt.Printf("expect main.logged(format=\"%%d\", some=[int(%d), string(\"text\"), *main.point(%p), nil, *errors.errorString(\"plain\")]) = 5\n", n, corner)
	anything(corner)
	fmt.Printf("expect main.anything(some=*main.point(%p)) = 1\n", corner)
}

// Types whose values are numbers and texts, though they are called something else.
type level int8
type label string
type list []int16

type texter interface{ text() string }

func (l level) text() string { return "level" + fmt.Sprint(int(l)) }
func (l label) text() string { return string(l) }

//go:noinline
func written(of, and texter) int { return len(of.text()) }

//go:noinline
func called(name label, codes list) int { return len(name) + len(codes) }

//go:noinline
func logged(format string, some ...interface{}) int { return len(some) }

// On the heap, where they stay.
var plainError = errors.New("plain")
var corner, nine, broken = &point{1, 2}, &square{3}, &failure{4}

func interfaces(n int) {
	plain := errors.New(fmt.Sprint("no ", n))
	handed(plain, corner)
	fmt.Printf("expect main.handed(err=*errors.errorString(\"no %d\"), any=*main.point(%p)) = *errors.errorString(\"no %d\")\n", n, corner, n)
	handed(fmt.Errorf("more: %w", plain), nil)
	fmt.Printf("expect main.handed(err=*fmt.wrapError(\"more: no %d\"), any=nil) = *fmt.wrapError(\"more: no %d\")\n", n, n)
	handed(broken, broken)
	fmt.Printf("expect main.handed(err=*main.failure(%p), any=*main.failure(%p)) = *main.failure(%p)\n", broken, broken, broken)
	fmt.Printf("expect main.area(of=*main.square(%p), some=*main.square(%p)) = %d\n", nine, nine, area(nine, nine))
}

//go:noinline
func real(f float64, n int) float64 { return f * float64(n) }

//go:noinline
func generic[T any](some T, n int) T { return some }

//go:noinline
func (p *point) move(by int32) *point { p.X += by; return p }

//go:noinline
func (p point) sum(more int32) int32 { return p.X + p.Y + more }

//go:noinline
func counter(from int) func(int) int {
	return func(by int) int { from += by; return from }
}

func main() {
	n := len(os.Args) + 40
	got := text("some \"text\"", "", n)
	fmt.Printf("expect main.text(some=\"some \\\"text\\\"\", empty=\"\", more=%d) = %d\n", n, got)
	got = slices([]int32{1, -2, int32(n)}, []point{{1, 2}, {int32(n), 4}}, nil)
	fmt.Printf("expect main.slices(some=[1, -2, %d], points=[{X=1, Y=2}, {X=%d, Y=4}], none=[]) = %d\n", n, n, got)
	sum := points(point{int32(n), 2}, &point{3, 4}, nil)
	fmt.Printf("expect main.points(at={X=%d, Y=2}, to={X=3, Y=4}, nowhere=NULL) = %d\n", n, sum)
	got = words([]string{"one", "", "a longer one than any buffer has"}, [][]int32{{1, int32(n)}, nil, {3}}, []*point{{5, 6}, nil})
	fmt.Printf("expect main.words(all=[\"one\", \"\", \"a longer one than any buffer has\"], rows=[[1, %d], [], [3]], at=[{X=5, Y=6}, NULL]) = %d\n", n, got)
	some := &named{"Ada", [][]byte{[]byte("abc"), nil}, [2]string{"p", "q"}}
	got = lines([][]byte{[]byte("xy")}, some)
	fmt.Printf("expect main.lines(all=[[120, 121]], some={Name=\"Ada\", Lines=[[97, 98, 99], []], Pair=[\"p\", \"q\"]}) = %d\n", got)
	both := joined([]string{"ab", "cd"})
	fmt.Printf("expect main.joined(all=[\"ab\", \"cd\"]) = %q\n", both)
	half, odd, digits := halves(n)
	fmt.Printf("expect main.halves(n=%d) = (half=%d, odd=%t, text=%q)\n", n, half, odd, digits)
	m := mix(n)
	fmt.Printf("expect main.mix(n=%d) = {A=%d, B=%t, C=%d}\n", n, m.A, m.B, m.C)
	all := squares(4)
	fmt.Printf("expect main.squares(n=4) = [%d, %d, %d, %d]\n", all[0], all[1], all[2], all[3])
	got = padded(gaps{200, true, -7}, wide{1, int64(n), true})
	fmt.Printf("expect main.padded(some={A=200, B=true, C=-7}, other={A=1, B=%d, C=true}) = %d\n", n, got)
	got, err := fails(n)
	fmt.Printf("expect main.fails(n=%d) = (%d, nil)\n", n, got)
	handed(err, nil)
	fmt.Printf("expect main.handed(err=nil, any=nil) = nil\n")
	interfaces(n)
	contents(n)
	_, err = fails(0)
	fmt.Printf("expect main.fails(n=0) = (0, *errors.errorString(%q))\n", err)
	real(1.5, n)
	fmt.Printf("expect main.real(f=<in xmm0>, n=%d) = <in xmm0>\n", n)
	shape := ""
	if runtime.Version() < "go1.20" {
		shape = "_0"
	}
	fmt.Printf("expect main.generic[go.shape.string%s](some=\"text\", n=%d) = %q\n", shape, n, generic("text", n))
	fmt.Printf("expect main.generic[go.shape.int%s](some=7, n=%d) = %d\n", shape, n, generic(7, n))
	fmt.Printf("expect main.generic[go.shape.[]int32%s](some=[1, 2], n=%d) = [1, 2]\n", shape, n)
	generic([]int32{1, 2}, n)
	at := (&point{int32(n), 2}).move(3)
	fmt.Printf("expect main.(*point).move(p={X=%d, Y=2}, by=3) = {X=%d, Y=2}\n", n, at.X)
	fmt.Printf("expect main.point.sum(p={X=%d, Y=2}, more=1) = %d\n", at.X, at.sum(1))
	fmt.Printf("expect main.counter.func1(by=4) = %d\n", counter(n)(4))
}
