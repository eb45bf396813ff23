// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"
)

// ErrNative is wrapped by the errors of [Native.Init].
var ErrNative = errors.New("histogram: impossible native histogram")

// NativeOptions are the limits of a native histogram: see [NativeDefaults].
type NativeOptions struct {
	// Schema is the resolution to begin with, from -4 to 8: buckets grow by the factor 2^(2^-Schema).
	Schema int

	// ZeroThreshold is the largest magnitude that counts as zero, 2^-1022 at least.
	ZeroThreshold float64

	// MaxBuckets limits the buckets from the lowest to the highest that finite observations needed, empty ones and a
	// margin included, for both signs together: 272 to 500. At the lowest resolution all of float64 takes 256. The
	// overflow buckets, which take infinities, are not part of it.
	MaxBuckets int
}

// NativeDefaults returns the usual options: schema 3, where buckets grow by 9 %, zero up to 2^-128, 320 buckets, which at
// that resolution is 40 powers of two.
func NativeDefaults() NativeOptions {
	return NativeOptions{Schema: 3, ZeroThreshold: 0x1p-128, MaxBuckets: 320}
}

const (
	leastMaxBuckets = 272
	mostMaxBuckets  = MaxBounds - 8 // those around the zero bucket and between the signs
)

// Native counts the observations of one series in exponential buckets of which it chooses range and resolution itself.
// All its methods may be called concurrently; it must be set up by Init and not be copied.
//
// It is a chain of generations. Each is a [Classic] whose bounds are those of the buckets in a window, for either sign,
// so all that is said there about observing and about snapshots holds here. An observation outside the window makes a
// new generation, with a window that holds it and some more. When the windows would need more than MaxBuckets buckets,
// the new generation has half the resolution, as often as it takes: that is all the limit does, it neither resets counts
// nor widens the zero bucket. Older generations keep what they counted; a snapshot adds them up at the resolution of the
// newest, where pairs of buckets merge exactly. Windows only grow and resolution only falls, so there are about ten
// generations as a rule, and a bounded number whatever the observations are.
type Native struct {
	options NativeOptions
	current atomic.Pointer[generation]
}

// generation never changes but for its counts.
type generation struct {
	counts   Classic
	older    *generation
	schema   int
	positive window
	negative window
	// The first positive bucket, the first negative one (of the highest index) and the zero bucket in counts. Of the
	// others, the first holds -Inf and the last +Inf, because finite observations outside the windows make a new
	// generation; those between hold nothing.
	positiveAt, negativeAt, zeroAt int
}

// window is a run of consecutive buckets. Observations above low up to high, in magnitude, are in it.
type window struct {
	first, last int // no buckets if last is below first
	low, high   float64
}

func (w window) len() int { return w.last - w.first + 1 }

func (w window) holds(magnitude float64) bool { return magnitude > w.low && magnitude <= w.high }

// Init sets n up, empty. It fails with [ErrNative] when an option is out of its range.
func (n *Native) Init(options NativeOptions) error {
	switch z := options.ZeroThreshold; {
	case options.Schema < minSchema || options.Schema > maxSchema:
		return fmt.Errorf("%w: schema %d must be between %d and %d", ErrNative, options.Schema, minSchema, maxSchema)
	case !(z >= 0x1p-1022 && z < math.MaxFloat64):
		return fmt.Errorf("%w: zero threshold %v must be finite and 2^-1022 at least", ErrNative, z)
	case options.MaxBuckets < leastMaxBuckets || options.MaxBuckets > mostMaxBuckets:
		return fmt.Errorf("%w: limit of %d buckets must be between %d and %d", ErrNative, options.MaxBuckets,
			leastMaxBuckets, mostMaxBuckets)
	}
	n.options = options
	empty := window{first: 0, last: -1}
	n.current.Store(newGeneration(nil, options.Schema, options.ZeroThreshold, empty, empty))
	return nil
}

// Observe counts v. Infinities are counted in the overflow buckets, one past those of the largest numbers, and make the
// sum infinite, or NaN once both came. NaN is ignored: no bucket could hold it.
//
// It takes no lock and does not wait for readers. It allocates only when v is outside the range of all observations
// before, which makes a generation, and when a generation becomes hot.
func (n *Native) Observe(v float64) {
	for {
		g := n.current.Load()
		if g.positive.holds(v) || g.holds(v, n.options.ZeroThreshold) {
			g.counts.Observe(v)
			return
		}
		if v != v {
			return
		}
		// If another goroutine was faster, its generation may do as well.
		n.current.CompareAndSwap(g, n.grow(g, v))
	}
}

func (g *generation) holds(v, zeroThreshold float64) bool {
	return math.Abs(v) <= zeroThreshold || g.negative.holds(-v) || math.IsInf(v, 0)
}

// grow makes the generation after g, in which there is room for v.
func (n *Native) grow(g *generation, v float64) *generation {
	schema, positive, negative := g.schema, g.positive, g.negative
	grown := &positive
	if v < 0 {
		grown = &negative
	}
	index := nativeIndex(math.Abs(v), schema)
	// Buckets to add beyond the one needed: as many as there are, so that a series settles after a few generations, but
	// few against the limit, so that empty ones cost no resolution.
	margin := func(buckets int) int { return min(buckets, n.options.MaxBuckets/16) }
	below, above := 0, 0
	switch {
	case grown.len() == 0:
		grown.first, grown.last = index, index
		below, above = 1, 1
	case index < grown.first:
		below = margin(grown.len())
		grown.first = index
	default:
		above = margin(grown.len())
		grown.last = index
	}
	for positive.len()+negative.len() > n.options.MaxBuckets { // ends: at minSchema all there is fits
		schema--
		for _, w := range []*window{&positive, &negative} {
			if w.len() > 0 {
				w.first, w.last = coarser(w.first, 1), coarser(w.last, 1)
			}
		}
	}
	lowest := nativeIndex(math.Nextafter(n.options.ZeroThreshold, math.MaxFloat64), schema)
	highest := nativeIndex(math.MaxFloat64, schema)
	room := n.options.MaxBuckets - positive.len() - negative.len()
	below = min(below, room, grown.first-lowest)
	grown.first -= below
	grown.last += min(above, room-below, highest-grown.last)
	return newGeneration(g, schema, n.options.ZeroThreshold, positive, negative)
}

// newGeneration lays out the buckets: negative ones from the highest index down, the zero bucket, positive ones. Between
// them, and at the ends, are buckets that no finite observation gets into: -Inf comes first and +Inf last.
//
// Classic's bounds belong to the bucket below, those of negative buckets to the one of larger magnitude, which is below
// too, and those of the zero bucket to it: hence the next smaller numbers.
func newGeneration(older *generation, schema int, zero float64, positive, negative window) *generation {
	g := &generation{older: older, schema: schema, positive: positive, negative: negative}
	var upper []float64
	add := func(bound float64) {
		if len(upper) == 0 || bound > upper[len(upper)-1] {
			upper = append(upper, bound)
		}
	}
	if w := &g.negative; w.len() > 0 {
		w.low, w.high = max(zero, nativeBound(w.first-1, schema)), nativeBound(w.last, schema)
		add(math.Nextafter(-w.high, math.Inf(-1))) // -Inf for the last bucket there is, which is as it should be
		g.negativeAt = 1
		for i := w.last; i >= w.first; i-- {
			add(math.Nextafter(-max(zero, nativeBound(i-1, schema)), math.Inf(-1)))
		}
	}
	add(math.Nextafter(-zero, math.Inf(-1)))
	g.zeroAt = len(upper)
	add(zero)
	if w := &g.positive; w.len() > 0 {
		w.low, w.high = max(zero, nativeBound(w.first-1, schema)), nativeBound(w.last, schema)
		add(w.low)
		g.positiveAt = len(upper)
		for i := w.first; i <= w.last; i++ {
			add(nativeBound(i, schema))
		}
	}
	bounds := &Bounds{upper: upper}
	bounds.index(max(g.zeroAt, g.positiveAt-1))
	g.counts.Init(bounds)
	return g
}
