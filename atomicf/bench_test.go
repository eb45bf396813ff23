// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"runtime"
	"testing"
)

// Each benchmark runs on one goroutine and on GOMAXPROCS of them, on a cell that starts cold and on
// one that is hot from the start. Cold cells may turn hot, and in the parallel runs they soon do.
// Float64 cannot, and shows what a cell that stays cold costs there. The loops are written out,
// because a call through a variable costs as much as an update.

func benchSerial[C any](b *testing.B, heat func(*C) bool, loop func(cell *C, n int)) {
	for _, hot := range []bool{false, true} {
		b.Run(temperature(hot)+"/serial", func(b *testing.B) {
			cell := benchCell(b, hot, heat)
			b.ResetTimer()
			loop(cell, b.N)
		})
	}
}

func benchParallel[C any](b *testing.B, heat func(*C) bool, loop func(cell *C, pb *testing.PB)) {
	for _, hot := range []bool{false, true} {
		b.Run(temperature(hot)+"/parallel", func(b *testing.B) {
			cell := benchCell(b, hot, heat)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) { loop(cell, pb) })
		})
	}
}

func benchCell[C any](b *testing.B, hot bool, heat func(*C) bool) *C {
	cell := new(C)
	if hot && (heat == nil || !heated(cell, heat)) {
		b.Skip("this cell does not turn hot in this build")
	}
	return cell
}

// heated makes a cell hot. At the first attempt the slab may be busy with another row.
func heated[C any](cell *C, heat func(*C) bool) bool {
	for range 1000 {
		if heat(cell) {
			return true
		}
		runtime.Gosched()
	}
	return false
}

func BenchmarkFloat64Add(b *testing.B) {
	benchSerial(b, nil, func(f *Float64, n int) {
		for range n {
			f.Add(0.5)
		}
	})
	benchParallel(b, nil, func(f *Float64, pb *testing.PB) {
		for pb.Next() {
			f.Add(0.5)
		}
	})
}

func BenchmarkCountInc(b *testing.B) {
	benchSerial(b, (*Count).promote, func(c *Count, n int) {
		for range n {
			c.Inc()
		}
	})
	benchParallel(b, (*Count).promote, func(c *Count, pb *testing.PB) {
		for pb.Next() {
			c.Inc()
		}
	})
}

// BenchmarkCountAdd counts bytes: every addition is larger than the distance between two samples of
// Inc.
func BenchmarkCountAdd(b *testing.B) {
	benchSerial(b, (*Count).promote, func(c *Count, n int) {
		for range n {
			c.Add(1500)
		}
	})
	benchParallel(b, (*Count).promote, func(c *Count, pb *testing.PB) {
		for pb.Next() {
			c.Add(1500)
		}
	})
}

func BenchmarkSumAdd(b *testing.B) {
	benchSerial(b, (*Sum).promote, func(s *Sum, n int) {
		for range n {
			s.Add(0.5)
		}
	})
	benchParallel(b, (*Sum).promote, func(s *Sum, pb *testing.PB) {
		for pb.Next() {
			s.Add(0.5)
		}
	})
}

func BenchmarkLevelAddOne(b *testing.B) {
	benchSerial(b, (*Level).promote, func(l *Level, n int) {
		for range n {
			l.Add(1)
		}
	})
	benchParallel(b, (*Level).promote, func(l *Level, pb *testing.PB) {
		for pb.Next() {
			l.Add(1)
		}
	})
}

func BenchmarkLevelAddHalf(b *testing.B) {
	benchSerial(b, (*Level).promote, func(l *Level, n int) {
		for range n {
			l.Add(0.5)
		}
	})
	benchParallel(b, (*Level).promote, func(l *Level, pb *testing.PB) {
		for pb.Next() {
			l.Add(0.5)
		}
	})
}

func BenchmarkLevelSet(b *testing.B) {
	benchSerial(b, nil, func(l *Level, n int) {
		for i := range n {
			l.Set(float64(i))
		}
	})
	benchParallel(b, nil, func(l *Level, pb *testing.PB) {
		for pb.Next() {
			l.Set(0.5)
		}
	})
}

// BenchmarkLoad reads cells. A reader of a hot one adds up the copies of all Ps.
func BenchmarkLoad(b *testing.B) {
	for _, hot := range []bool{false, true} {
		b.Run("Count/"+temperature(hot), func(b *testing.B) {
			c := benchCell(b, hot, (*Count).promote)
			for b.Loop() {
				c.Load()
			}
		})
		b.Run("Sum/"+temperature(hot), func(b *testing.B) {
			s := benchCell(b, hot, (*Sum).promote)
			for b.Loop() {
				s.Load()
			}
		})
		b.Run("Level/"+temperature(hot), func(b *testing.B) {
			l := benchCell(b, hot, (*Level).promote)
			for b.Loop() {
				l.Load()
			}
		})
	}
}
