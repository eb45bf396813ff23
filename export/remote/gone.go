// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/gone"
)

// kind says which series of a receiver a series of the registry is, if it is not one of a value.
type kind struct {
	classic bool // it is a histogram with classic buckets
	native  bool // it is a histogram with native buckets
	summary bool
}

type shape = gone.Shape[kind]

// Full reports whether the batch should be sent before another series comes.
func (d *delivery) Full() bool { return d.w.gatherer.batch.full() }

// Over reports whether nothing can be sent any longer.
func (d *delivery) Over() bool { return d.over }

// Mark adds the stale markers of a series that has gone. All of them are in one batch, so the
// series ends as a whole or stays on the list.
func (d *delivery) Mark(sh *shape, labels []byte) { d.w.gatherer.addStale(sh, labels) }

// addStale adds the stale markers of a series that has gone.
func (g *gatherer) addStale(sh *shape, labels []byte) {
	g.shape.Name, g.labels = sh.Name, g.labels[:0]
	for rest := labels; len(rest) > 0; {
		var name, value []byte
		name, value, rest = gone.NextLabel(rest)
		g.labels = append(g.labels, engine.Label{Name: string(name), Value: string(value)})
	}
	g.setNumbers(sh.Numbers)
	end := func(suffix, name, value string) {
		s := g.batch.add(g.text(suffix, name, value), gone.Stale, 0)
		s.family = -1
	}
	if sh.Kind.native {
		s, n := g.batch.addNative(g.text("", "", ""), 0, &histogram.NativeSnapshot{})
		s.family, n.sumBits = -1, gone.Stale
	}
	switch {
	case sh.Kind.classic:
		for i := range len(sh.Numbers) + 1 {
			end("_bucket", "le", g.number(i))
		}
	case sh.Kind.summary:
		for i := range sh.Numbers {
			end("", "quantile", g.number(i))
		}
	case sh.Kind.native:
		return
	default:
		end("", "", "")
		return
	}
	end("_sum", "", "")
	end("_count", "", "")
}
