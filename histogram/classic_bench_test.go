// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"math/rand/v2"
	"testing"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// benchValues are 4 096 different values spread over the default bounds.
func benchValues() *[4096]float64 {
	random := rand.New(rand.NewPCG(1, 2))
	var values [4096]float64
	for i := range values {
		values[i] = random.ExpFloat64() * 0.5
	}
	return &values
}

func newDefault() *Classic {
	bounds, err := NewBounds(Default())
	if err != nil {
		panic(err)
	}
	c := new(Classic)
	c.Init(bounds)
	return c
}

// newHot is a series that is hot from the start, newCold one that stays cold.
func newHot() *Classic {
	c := newDefault()
	if percpu.Private {
		c.promote()
	}
	return c
}

func BenchmarkObserve(b *testing.B) {
	values := benchValues()
	for _, series := range []struct {
		name string
		new  func() *Classic
	}{{"hot", newHot}, {"cold", newColdForever}} {
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

// newColdForever is never hot: it looks as if a reader had it frozen all the time.
func newColdForever() *Classic {
	c := newDefault()
	spare := make([]uint64, len(c.shared))
	c.spare.Store(&spare)
	c.state.Store(stateFrozen)
	return c
}

func BenchmarkSnapshot(b *testing.B) {
	for _, series := range []struct {
		name string
		c    *Classic
	}{{"cold", newDefault()}, {"hot", newHot()}} {
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
