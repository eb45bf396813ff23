// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

func BenchmarkFind(b *testing.B) {
	for _, n := range []int{5, 11, 20, 35, 50, 100, 400} {
		upper := Default()
		if n != 11 {
			upper = Must(ExponentialRange(0.005, 10, n))
		}
		bounds, err := NewBounds(upper)
		require.NoError(b, err)
		random := rand.New(rand.NewPCG(1, 2))
		var values [4096]float64
		for i := range values {
			values[i] = random.ExpFloat64() * 0.5
		}
		sink := 0
		for name, f := range map[string]func(*Bounds, float64) int{
			"index": (*Bounds).Bucket, "walk": walk, "halve": (*Bounds).halve,
		} {
			b.Run(fmt.Sprintf("bounds=%d/%s", n, name), func(b *testing.B) {
				for i := 0; b.Loop(); i++ {
					sink += f(bounds, values[i&4095])
				}
			})
		}
	}
}

func BenchmarkObserve(b *testing.B) {
	values := benchValues()
	for _, series := range []struct {
		name string
		new  func() *Classic
	}{{"hot", func() *Classic { return newHot(b) }}, {"cold", newColdForever}} {
		b.Run(series.name+"/serial", func(b *testing.B) {
			c := series.new()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				c.Observe(values[i&4095])
			}
		})
		b.Run(series.name+"/parallel", func(b *testing.B) {
			c := series.new()
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					c.Observe(values[i&4095])
				}
			})
		})
	}
}

func BenchmarkSnapshot(b *testing.B) {
	for _, series := range []struct {
		name string
		c    *Classic
	}{{"cold", newDefault()}, {"hot", newHot(b)}} {
		series.c.Observe(1)
		b.Run(series.name, func(b *testing.B) {
			var counts []uint64
			b.ReportAllocs()
			for b.Loop() {
				counts, _, _ = series.c.Snapshot(counts)
			}
		})
		b.Run(series.name+"/while written", func(b *testing.B) {
			stop, stopped := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(stopped)
				for {
					select {
					case <-stop:
						return
					default:
						for range 256 {
							series.c.Observe(1)
						}
					}
				}
			}()
			var counts []uint64
			b.ReportAllocs()
			for b.Loop() {
				counts, _, _ = series.c.Snapshot(counts)
			}
			close(stop)
			<-stopped
		})
	}
}

func BenchmarkNativeObserve(b *testing.B) {
	values := benchValues()
	run := func(name string, f func(b *testing.B, n *Native)) {
		b.Run(name, func(b *testing.B) {
			n := newNative(b, NativeDefaults())
			for _, v := range values {
				n.Observe(v)
			}
			if percpu.Private {
				n.current.Load().counts.promote()
			}
			b.ReportAllocs()
			f(b, n)
		})
	}
	run("serial", func(b *testing.B, n *Native) {
		for i := 0; b.Loop(); i++ {
			n.Observe(values[i&4095])
		}
	})
	run("parallel", func(b *testing.B, n *Native) {
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				n.Observe(values[i&4095])
			}
		})
	})
	run("snapshot", func(b *testing.B, n *Native) {
		var s NativeSnapshot
		for b.Loop() {
			n.Snapshot(&s)
		}
	})
}
