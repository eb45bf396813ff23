// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"math"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// Level is a float64 that goes up and down and can be set. It spreads over CPUs while goroutines fight over Add, and
// Set gathers it into one word again. The zero value is 0 and cold. It must not be copied after first use.
//
// All methods may be called concurrently, lock nothing and allocate nothing, except for the first update that makes a
// cell hot. A value that was Set reads back exactly, bit for bit (NaNs become the one canonical NaN).
//
// # How Set and private copies go together
//
// A cold cell is one word with the value in it. A hot cell's word is a tag (generation, index of the row); its value is
// a base, stored with the row, plus the deltas of all Ps that bear the same generation.
//
//   - Set stores the value into the word, hot or not: the cell is cold, and every delta is void at once. An Add that
//     read the tag before and finishes after the Set is lost in a void delta, which is the order "Add, then Set": both
//     calls were under way at that moment.
//   - Add to a hot cell pins, then reads the tag, then adds to the delta of its P, which it first zeroes when it bears an
//     older generation. Reading the tag after pinning makes generations on one P only grow: nobody with an older tag
//     comes later on this P.
//   - Turning hot (again) is optional, so whoever does it takes a try-lock, and others simply go on with the cold word. The
//     holder writes base and then exchanges word (value, unchanged since) for a tag with the next generation.
//   - Load reads the tag, the base, the deltas, and the tag again. The same tag means that no Set and no new generation
//     came between, so base and deltas belong together. It repeats otherwise: somebody else made progress.
//
// A delta of fractions is a pair of words, of which a reader must see both or neither. So there are two pairs, and the
// stamp says which one counts: an Add fills the other one and then moves the stamp, as histograms do with their sums.
//
// # What Load sees
//
// It holds every Add that had finished before it began and any of those that overlap it, whatever the order in which they
// were made: a goroutine that adds 1 and takes it away again on another P can be seen halfway, from either side.
type Level struct {
	word atomic.Uint64 // cold: the value's bits; hot: hotNaN | generation<<IndexBits | index
	heat atomic.Uint64 // try-lock bit | has-row bit | generation | index: survives the cold times
}

const (
	levelGenBits  = 51 - percpu.IndexBits
	levelGenMask  = 1<<levelGenBits - 1
	levelSeqBits  = 64 - levelGenBits
	levelSeqMask  = 1<<levelSeqBits - 1
	levelLock     = 1 << 63
	levelHasRow   = 1 << 62
	levelIntLimit = 1 << 20 // integral deltas up to here are added as integers: exact for 2^43 of them
	levelTries    = 16      // looks at a pair of words that is being written, before Load takes what it has
)

// The words of a row.
const (
	levelStamp = iota // generation that the deltas belong to | number of fractional Adds in it
	levelInt          // sum of the small integral deltas
	levelHi           // sum of the others, as an unevaluated pair hi+lo: these two count after an even number of them,
	levelLo           // (what goes up on one P often goes down on another: hi may be much larger than the value)
	levelOdd          // and the two from here on after an odd number
	_
	levelBase // P 0 only: the value when the generation began
	levelWords
)

// Set sets the value. It costs one atomic store.
func (l *Level) Set(v float64) { l.word.Store(canonical(v)) }

// Inc adds 1.
func (l *Level) Inc() { l.step(1) }

// Dec subtracts 1.
func (l *Level) Dec() { l.step(-1) }

// step adds a small integer: what Add does first, cold or hot, without its calls.
func (l *Level) step(n int64) {
	w := l.word.Load()
	if w < hotNaN {
		if l.word.CompareAndSwap(w, canonical(math.Float64frombits(w)+float64(n))) {
			return
		}
		l.report()
	} else {
		pid := percpu.Pin()
		w = l.word.Load() // after Pin: see the type's comment
		row := percpu.Row(pid, percpu.Index(w))
		if w >= hotNaN && len(row) >= levelWords &&
			percpu.Load(&row[levelStamp])>>levelSeqBits == w>>percpu.IndexBits&levelGenMask {
			percpu.Add(&row[levelInt], uint64(n))
			percpu.Unpin()
			runtime.KeepAlive(l) // as in Count.addSlow
			return
		}
		percpu.Unpin()
	}
	l.Add(float64(n))
}

// Add adds delta, any float64. NaN makes the value NaN until the next Set, and so do an infinity and the opposite one.
func (l *Level) Add(delta float64) {
	for {
		w := l.word.Load()
		if w >= hotNaN {
			if l.addHot(delta) {
				return
			}
			continue
		}
		if l.word.CompareAndSwap(w, canonical(math.Float64frombits(w)+delta)) {
			return
		}
		l.report()
	}
}

// report tells the heat table about a failed compare-and-swap, and turns the cell hot when it says so.
func (l *Level) report() {
	if percpu.Private && contended(unsafe.Pointer(l), true) {
		l.promote()
	}
}

// addHot adds to this P's delta. It reports false when the cell is cold (again) or the P had no memory for it yet.
func (l *Level) addHot(delta float64) bool {
	pid := percpu.Pin()
	w := l.word.Load() // after Pin: see the type's comment
	if w < hotNaN {
		percpu.Unpin()
		return false
	}
	index := percpu.Index(w)
	row := percpu.Row(pid, index)
	if len(row) < levelWords {
		percpu.Unpin()
		percpu.Grow(pid, index)
		return false
	}
	stamp := percpu.Load(&row[levelStamp])
	if gen := w >> percpu.IndexBits & levelGenMask; stamp>>levelSeqBits != gen {
		// Zero first, stamp last: a reader that sees the new stamp sees the zeroes.
		stamp = gen << levelSeqBits
		percpu.Store(&row[levelInt], 0)
		percpu.Store(&row[levelHi], 0)
		percpu.Store(&row[levelLo], 0)
		percpu.Store(&row[levelStamp], stamp)
	}
	if n := int64(delta); float64(n) == delta && -levelIntLimit <= n && n <= levelIntLimit {
		percpu.Add(&row[levelInt], uint64(n))
	} else {
		from, to := row[levelHi:levelHi+2], row[levelOdd:levelOdd+2]
		if stamp&1 != 0 {
			from, to = to, from
		}
		hi, err := twoSum(math.Float64frombits(percpu.Load(&from[0])), delta)
		percpu.Store(&to[0], math.Float64bits(hi))
		percpu.Store(&to[1], math.Float64bits(math.Float64frombits(percpu.Load(&from[1]))+err))
		percpu.Store(&row[levelStamp], stamp&^levelSeqMask|(stamp+1)&levelSeqMask)
	}
	percpu.Unpin()
	runtime.KeepAlive(l) // as in Count.addSlow
	return true
}

// twoSum returns a+b and the rounding error of that sum (Knuth, The Art of Computer Programming 2, 4.2.2). Sums that
// leave the finite range have no error worth keeping.
func twoSum(a, b float64) (sum, err float64) {
	sum = a + b
	bb := sum - a
	err = (a - (sum - bb)) + (b - bb)
	if err != err {
		err = 0
	}
	return sum, err
}

// promote makes a cold cell hot: it begins a generation. It gives up at once when another goroutine is at it, when the
// value changes under it, or when the slab is full.
func (l *Level) promote() bool {
	if l.word.Load() >= hotNaN {
		return true // that is why the compare-and-swap failed
	}
	state := l.heat.Load()
	if state&levelLock != 0 || !l.heat.CompareAndSwap(state, state|levelLock) {
		return false
	}
	gen := state >> percpu.IndexBits & levelGenMask
	if state&levelHasRow == 0 || gen == levelGenMask {
		// The first row; or the generations are used up, and stamps in the old row would come true again.
		index, ok := percpu.Alloc(levelWords)
		if !ok {
			l.heat.Store(state)
			return false
		}
		recycle(l, index, levelWords)
		state, gen = uint64(index), 0
	}
	index := percpu.Index(state)
	gen++ // rows start with stamp 0, which is never current
	state = levelHasRow | gen<<percpu.IndexBits | uint64(index)

	w := l.word.Load()
	hot := false
	if w < hotNaN { // and it stays cold but for the exchange below: only the holder of the lock makes it hot
		atomic.StoreUint64(&percpu.Row(0, index)[levelBase], w)
		hot = l.word.CompareAndSwap(w, hotNaN|gen<<percpu.IndexBits|uint64(index))
	}
	l.heat.Store(state)
	return hot
}

// Load returns the value.
func (l *Level) Load() float64 {
	for {
		w := l.word.Load()
		if w < hotNaN {
			return math.Float64frombits(w)
		}
		v := l.gather(w)
		if l.word.Load() == w {
			runtime.KeepAlive(l)
			return v
		}
	}
}

// gather adds the base and the deltas that belong to tag w.
func (l *Level) gather(w uint64) float64 {
	index, gen := percpu.Index(w), w>>percpu.IndexBits&levelGenMask
	base := math.Float64frombits(atomic.LoadUint64(&percpu.Row(0, index)[levelBase]))
	var ints int64
	var hi, lo float64
	for pid := range percpu.Procs() {
		row := percpu.Row(pid, index)
		if len(row) < levelWords {
			continue
		}
		stamp := atomic.LoadUint64(&row[levelStamp])
		if stamp>>levelSeqBits != gen {
			continue
		}
		rowHi, rowLo := levelPair(row, stamp)
		ints += int64(atomic.LoadUint64(&row[levelInt]))
		sum, err := twoSum(hi, rowHi)
		hi, lo = sum, lo+err+rowLo
	}
	sum, err := twoSum(base, float64(ints))
	sum, err2 := twoSum(sum, hi)
	return sum + (err + err2 + lo)
}

// levelPair reads the pair that stamp points to. The pair stays as it is until the Add after the next one, which a reader
// cannot miss: the stamp has moved by then. If it moves at every try, the last try may be off by the rounding errors that
// the Adds in between have made, which is all that the second word holds.
func levelPair(row []uint64, stamp uint64) (hi, lo float64) {
	for range levelTries {
		pair := row[levelHi : levelHi+2]
		if stamp&1 != 0 {
			pair = row[levelOdd : levelOdd+2]
		}
		hi = math.Float64frombits(atomic.LoadUint64(&pair[0]))
		lo = math.Float64frombits(atomic.LoadUint64(&pair[1]))
		now := atomic.LoadUint64(&row[levelStamp])
		if now == stamp {
			break
		}
		stamp = now
	}
	return hi, lo
}
