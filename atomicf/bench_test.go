// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"testing"
)

func BenchmarkFloat64Add(b *testing.B) {
	var f Float64
	b.Run("serial", func(b *testing.B) {
		for range b.N {
			f.Add(0.5)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				f.Add(0.5)
			}
		})
	})
}

func BenchmarkCountInc(b *testing.B) {
	c := new(Count)
	b.Run("serial", func(b *testing.B) {
		for range b.N {
			c.Inc()
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				c.Inc()
			}
		})
	})
}

func BenchmarkSumAdd(b *testing.B) {
	s := new(Sum)
	b.Run("serial", func(b *testing.B) {
		for range b.N {
			s.Add(0.5)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				s.Add(0.5)
			}
		})
	})
}

func BenchmarkLevelAdd(b *testing.B) {
	for name, delta := range map[string]float64{"one": 1, "half": 0.5} {
		l := new(Level)
		b.Run(name+"/serial", func(b *testing.B) {
			for range b.N {
				l.Add(delta)
			}
		})
		b.Run(name+"/parallel", func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					l.Add(delta)
				}
			})
		})
	}
}
