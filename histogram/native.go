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

// NativeOptions are the resolution and the limits of a native histogram. [NativeDefaults] returns
// the usual ones.
type NativeOptions struct {
	// Schema is the resolution to begin with, from -4 to 8: buckets grow by the factor
	// 2^(2^-Schema).
	Schema int

	// ZeroThreshold is the largest magnitude that counts as zero. It must be at least 2^-1022.
	ZeroThreshold float64

	// MaxBuckets is the largest number of buckets, from 32 to 500. It counts the buckets from the
	// lowest to the highest that finite observations needed, with the empty ones among them and a
	// margin, for both signs together. It does not count the overflow buckets, which hold
	// infinities.
	//
	// When the observations need more buckets, the buckets widen: the resolution is halved, as
	// often as necessary. At schema 3, 100 buckets cover 12 powers of two, and 256 buckets cover
	// 32. At schema -4 the buckets are as wide as they can be, and all of float64 takes 256 of
	// them. Observations that need more than MaxBuckets even there widen the limit to 272.
	MaxBuckets int
}

// NativeDefaults returns the usual options: schema 3, where buckets grow by 9 %; a zero bucket up
// to 2^-128; and 320 buckets, which cover 40 powers of two at that resolution.
func NativeDefaults() NativeOptions {
	return NativeOptions{Schema: 3, ZeroThreshold: 0x1p-128, MaxBuckets: 320}
}

const (
	leastMaxBuckets = 32
	mostMaxBuckets  = MaxBounds - 8 // less the bounds around the zero bucket and between the signs

	// widestMaxBuckets is the limit at the lowest resolution, if the one of the options is not
	// enough there: 256 buckets, which hold all of float64, and room for margins.
	widestMaxBuckets = 272
)

// Native counts the observations of one series in exponential buckets, and chooses their range and
// resolution by itself. [Native.Init] must set it up before use, and it must not be copied after
// that. All other methods may be called concurrently.
//
// A Native is a chain of generations. Each generation is a [Classic] with the bounds of the buckets
// in two windows, one for each sign, so observations and snapshots have the properties described
// there. An observation outside the windows makes a new generation, whose window holds the
// observation and a margin.
//
// If the windows would need more than MaxBuckets buckets, the new generation halves the resolution,
// as often as necessary; [NativeOptions] says what happens at the lowest one. The limit has no
// other effect: counts are not reset and the zero bucket does not grow. Older generations keep
// their counts. A snapshot adds them up at the resolution of the newest generation, where pairs of
// older buckets merge exactly.
//
// Windows only grow and the resolution only falls. So there are about ten generations as a rule,
// and a bounded number for any observations.
type Native struct {
	options NativeOptions
	current atomic.Pointer[generation]
}

// generation does not change, apart from its counts.
type generation struct {
	counts   Classic
	older    *generation
	schema   int
	positive window
	negative window
	// positiveAt and negativeAt are the places in counts of the first positive bucket and of the
	// first negative one, which has the highest index; zeroAt is the place of the zero bucket. Of
	// the other places, the first counts -Inf and the last +Inf, because finite observations
	// outside the windows make a new generation. The places between them stay empty.
	positiveAt, negativeAt, zeroAt int
}

// window is a run of consecutive buckets. It holds observations whose magnitude is above low and at
// most high.
type window struct {
	first, last int // last is below first if there are no buckets
	low, high   float64
}

func (w window) len() int { return w.last - w.first + 1 }

func (w window) holds(magnitude float64) bool { return magnitude > w.low && magnitude <= w.high }

// Init sets n up, without observations. It must come before any other method and must not run
// concurrently with one. It fails with [ErrNative] if an option is out of its range.
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

// Observe counts v. Infinities count in the overflow buckets, which follow the buckets of the
// largest numbers; they make the sum infinite, or NaN once both infinities were observed. NaN is
// ignored, because no bucket can hold it.
//
// It takes no lock and does not wait for readers. It allocates when v is outside the range of all
// observations before, which makes a new generation, and when a generation becomes hot.
// BenchmarkNativeObserve measures it.
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
		// If another goroutine was faster, its generation may hold v as well.
		n.current.CompareAndSwap(g, n.grow(g, v))
	}
}

func (g *generation) holds(v, zeroThreshold float64) bool {
	return math.Abs(v) <= zeroThreshold || g.negative.holds(-v) || math.IsInf(v, 0)
}

// grow makes the generation after g, with room for v.
func (n *Native) grow(g *generation, v float64) *generation {
	schema, positive, negative := g.schema, g.positive, g.negative
	grown := &positive
	if v < 0 {
		grown = &negative
	}
	index := nativeIndex(math.Abs(v), schema)
	// margin is the number of buckets to add beyond the one that v needs: as many as there are, so
	// that a series settles after a few generations, but few compared with the limit, so that empty
	// buckets do not cost resolution.
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
	limit := n.options.MaxBuckets
	for positive.len()+negative.len() > limit {
		if schema == minSchema {
			limit = widestMaxBuckets
			break
		}
		schema--
		for _, w := range []*window{&positive, &negative} {
			if w.len() > 0 {
				w.first, w.last = coarser(w.first, 1), coarser(w.last, 1)
			}
		}
	}
	lowest := nativeIndex(math.Nextafter(n.options.ZeroThreshold, math.MaxFloat64), schema)
	highest := nativeIndex(math.MaxFloat64, schema)
	room := limit - positive.len() - negative.len()
	below = min(below, room, grown.first-lowest)
	grown.first -= below
	grown.last += min(above, room-below, highest-grown.last)
	return newGeneration(g, schema, n.options.ZeroThreshold, positive, negative)
}

// newGeneration lays out the buckets: the negative ones from the highest index down, the zero
// bucket, and the positive ones. Between them and at the ends are buckets that get no finite
// observation; the first of all counts -Inf and the last +Inf.
//
// A bound of Classic belongs to the bucket below it. But -nativeBound(i), which is between the
// negative buckets i+1 and i, belongs to bucket i, which is above it, and the lower bound of the
// zero bucket belongs to the zero bucket. So the bounds of Classic are the next smaller numbers
// there.
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
		add(math.Nextafter(-w.high, math.Inf(-1))) // -Inf if it is the last bucket of all
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
