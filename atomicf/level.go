// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"math"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// Level is a float64 that goes up and down and can be set. It spreads over CPUs while goroutines
// fight over Add, and Set gathers it into one word again. The zero value is 0 and cold. It must not
// be copied after first use.
//
// All methods may be called concurrently, lock nothing and allocate nothing. The first update that
// makes a cell hot is an exception, as it is for a [Count]. A value that was Set reads back bit for
// bit, except that every NaN reads back as the same one.
//
// # Set and private copies
//
// The word of a cold cell holds the value. The word of a hot cell holds a tag: a generation and the
// index of a row. The value of a hot cell is the base, which is in the row, plus the deltas of all
// Ps whose stamp bears the generation of the tag.
//
//   - Set stores the value into the word, whether the cell is hot or cold. The cell is cold from
//     then on, and all deltas are void at once: no tag names their generation any more. An Add that
//     loaded the tag before that store and writes its delta after it is lost with the delta. This
//     is the order "Add, then Set", which is right because both calls were under way.
//   - Add to a hot cell pins, then loads the tag, then adds to the delta of its P. It zeroes the
//     delta first if its stamp bears an older generation. Because the tag is loaded after pinning,
//     the generations that are written on one P only grow: nobody with an older tag writes on this
//     P later.
//   - The goroutine that makes a cell hot, for the first time or again, holds a try-lock. All
//     others who find the lock taken go on with the cold word, so nobody waits. The holder writes
//     the base, and then replaces the value in the word, if it is still the same, by a tag with the
//     next generation. A holder that stops before that leaves a cold cell that works, and that
//     stays cold until the holder goes on.
//   - Load reads the tag, the base, the deltas, and the tag again. If both tags are equal, no Set
//     and no new generation came in between, so base and deltas belong together. If they differ,
//     another goroutine has made progress, and Load tries again.
//
// The fractions of a delta are the sum of two words, and a reader must see both words of one
// addition. So a row has two such pairs, and the stamp says which of them counts. An Add writes the
// other pair and then moves the stamp to it. A writer that stops in between leaves the pair that
// counts as it was.
//
// # Reads
//
// Load includes every Add that had finished before Load began, and any of those that overlap it,
// whatever the order in which they were made. So a reader may see a goroutine that adds 1, and
// takes it away again on another P, half done from either side.
//
// # What Updated sees
//
// Updated sets a mark when it reports true. An update writes the value, then looks for the mark and
// clears it: a load of a line that the update has just used, and a store only once after each
// report of true. So while the mark is there and no update is under way, nothing has happened since
// it was set.
//
//   - An update that finds the mark makes the next call report true. If its writer stops before
//     that, the first call after it goes on does. The writer has the cell until then.
//   - An update that finds no mark has looked before a call set it, and that call has reported
//     true. The value may still be in the store buffer of the writer's CPU then, for some
//     nanoseconds.
type Level struct {
	word atomic.Uint64 // cold: the value's bits; hot: hotNaN | generation<<IndexBits | index
	heat atomic.Uint64 // try-lock bit | has-row, watched bits | generation | index; Set clears the watched bit only
}

const (
	levelGenBits  = 51 - percpu.IndexBits
	levelGenMask  = 1<<levelGenBits - 1
	levelSeqBits  = 64 - levelGenBits
	levelSeqMask  = 1<<levelSeqBits - 1
	levelLock     = 1 << 63
	levelHasRow   = 1 << 62
	levelWatched  = 1 << 61
	levelIntLimit = 1 << 20 // integral deltas up to here are added as integers: exact for 2^43 of them
	levelTries    = 16      // how often levelPair reads a pair that is being written before it accepts the words
)

// These are the words of a row. A pair is an unevaluated sum hi+lo. hi may be much larger than the
// value, because additions on one P and subtractions on another do not cancel out.
const (
	levelStamp = iota // generation of the deltas | number of fractional Adds in it
	levelInt          // sum of the small integral deltas
	levelHi           // sum of the other deltas, after an even number of them: the first word of a pair
	levelLo           // the second word
	levelOdd          // sum of the other deltas, after an odd number of them: the other pair
	_
	levelBase // on P 0 only: the value when the generation began
	levelWords
)

// Set sets the value, any float64. It is one atomic store (BenchmarkLevelSet).
func (l *Level) Set(v float64) {
	l.word.Store(canonical(v))
	l.note()
}

// Inc adds 1, as Add does (BenchmarkLevelAddOne).
func (l *Level) Inc() { l.step(1) }

// Dec subtracts 1, as Add does.
func (l *Level) Dec() { l.step(-1) }

// step adds n, a small integer. It is the first thing that Add does to a cold cell and to a hot
// one, without Add's calls.
func (l *Level) step(n int64) {
	w := l.word.Load()
	if w < hotNaN {
		if l.word.CompareAndSwap(w, canonical(math.Float64frombits(w)+float64(n))) {
			l.note()
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
			l.note()
			return
		}
		percpu.Unpin()
	}
	l.Add(float64(n))
}

// Add adds delta, any float64 (BenchmarkLevelAddHalf). Once NaN has been added, or both infinities,
// the value is NaN until the next Set.
func (l *Level) Add(delta float64) {
	for {
		w := l.word.Load()
		if w >= hotNaN {
			if l.addHot(delta) {
				break
			}
			continue
		}
		if l.word.CompareAndSwap(w, canonical(math.Float64frombits(w)+delta)) {
			break
		}
		l.report()
	}
	l.note()
}

// note clears the mark of Updated, if it is there. Every update calls it last.
func (l *Level) note() {
	if l.heat.Load()&levelWatched != 0 {
		l.heat.And(^uint64(levelWatched))
	}
}

// Updated reports whether there was an update since the last call, including one that left the
// value as it was. The type's comment says what it makes of updates that overlap the call.
func (l *Level) Updated() bool {
	return l.heat.Load()&levelWatched == 0 && l.heat.Or(levelWatched)&levelWatched == 0
}

// report records a failed compare-and-swap in the heat table, and makes the cell hot when the table
// finds it contended.
func (l *Level) report() {
	if percpu.Private && contended(unsafe.Pointer(l), true) {
		l.promote()
	}
}

// addHot adds to the delta of this P. It reports false when the cell is cold by now, or when the P
// had no memory for the row yet: the caller tries again.
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
		// The zeroes are stored before the stamp: a reader that sees the new stamp sees the zeroes.
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

// twoSum returns a+b and the rounding error of that sum (Knuth, The Art of Computer Programming 2,
// 4.2.2). It returns no error for sums that leave the finite range.
func twoSum(a, b float64) (sum, err float64) {
	sum = a + b
	bb := sum - a
	err = (a - (sum - bb)) + (b - bb)
	if err != err {
		err = 0
	}
	return sum, err
}

// promote makes a cold cell hot by beginning a generation, and reports whether the cell is hot. It
// gives up at once when another goroutine holds the try-lock, when the value changes meanwhile, or
// when the slab is full or busy.
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
		// The cell has no row yet. Or its generations are used up, and a new one would find its own
		// number in old stamps of the row.
		index, ok := percpu.Alloc(levelWords)
		if !ok {
			l.release(state)
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
	if w < hotNaN { // only the holder of the lock makes the cell hot: until the exchange below it stays cold
		atomic.StoreUint64(&percpu.Row(0, index)[levelBase], w)
		hot = l.word.CompareAndSwap(w, hotNaN|gen<<percpu.IndexBits|uint64(index))
	}
	l.release(state)
	return hot
}

// release gives up the lock of promote and leaves the given state, but for the mark, which others
// may write meanwhile.
func (l *Level) release(state uint64) {
	for {
		have := l.heat.Load()
		if l.heat.CompareAndSwap(have, state&^levelWatched|have&levelWatched) {
			return
		}
	}
}

// Load returns the value (BenchmarkLoad).
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

// gather returns the sum of the base and the deltas that belong to tag w.
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

// levelPair reads the pair of fractions that stamp names. An Add writes into that pair only after
// an earlier one has moved the stamp away from it, so a pair that is read between two loads of one
// stamp is whole. If the stamp moves at every try, the words of the last try may come from
// different Adds. The result is off by the rounding errors of the Adds in between, because these
// are all that the second word holds.
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
