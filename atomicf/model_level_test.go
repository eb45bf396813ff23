// SPDX-License-Identifier: Apache-2.0

//go:build !race

package atomicf

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/interleave"
)

// levelFault is a mistake in Level; the zero value is none.
type levelFault int

const (
	noLevelFault levelFault = iota
	levelTagBeforePin
	levelStampBeforeZero
	levelNoZero
	levelNoPin
	levelReaderIgnoresStamp
	levelReaderIgnoresTag
	levelBaseAfterPublishing
	levelBaseOnlyOnce
	levelPublishByStore
	levelNoLock
	levelSameGeneration
	levelUnlockEarly
	levelSetKeepsTag
	levelColdInTwoSteps
)

// level models Level with whole deltas, on two CPUs.
type level struct {
	fault levelFault
	word  interleave.Word // value, or levelHot | generation
	heat  interleave.Word // generation, or lock bit | generation
	base  interleave.Word
	rows  [2]struct{ stamp, delta interleave.Word }
	cpus  [2]*interleave.CPU
	*history
}

const (
	levelHot    = 1 << 20
	levelLocked = 1 << 20
)

func newLevel(w *interleave.World, fault levelFault, readers int) *level {
	l := &level{fault: fault, history: newHistory()}
	l.reads = make([][]readOf, readers)
	for i := range l.cpus {
		l.cpus[i] = w.CPU()
	}
	w.Check(func() string {
		value := l.word.Value()
		if value&levelHot != 0 {
			gen := value &^ levelHot
			value = l.base.Value()
			for i := range l.rows {
				if l.rows[i].stamp.Value() == gen || fault == levelReaderIgnoresStamp {
					value += l.rows[i].delta.Value()
				}
			}
		}
		return l.judge(value)
	})
	return l
}

// hot starts the model hot, in generation 1, with deltas of it on the first CPU if some are given.
func (l *level) hot(delta int) *level {
	l.word.Init(levelHot | 1)
	l.heat.Init(1)
	if delta >= 0 {
		l.rows[0].stamp.Init(1)
		l.rows[0].delta.Init(addend(delta))
		l.adds[delta] = always
	}
	return l
}

func (l *level) set(t *interleave.Thread, n int) {
	during(t, l.sets, n, func() {
		if l.fault == levelSetKeepsTag {
			if w := t.Load(&l.word); w&levelHot != 0 {
				t.Store(&l.base, uint64(n)*setUnit)
				return
			}
		}
		t.Store(&l.word, uint64(n)*setUnit)
	})
}

func (l *level) add(t *interleave.Thread, cpu, n int) {
	during(t, l.adds, n, func() {
		for {
			w := t.Load(&l.word)
			switch {
			case w&levelHot != 0:
				if l.addHot(t, cpu, w, n) {
					return
				}
			case l.fault == levelColdInTwoSteps:
				t.Store(&l.word, w+addend(n))
				return
			default:
				if t.CompareAndSwap(&l.word, w, w+addend(n)) {
					return
				}
			}
		}
	})
}

func (l *level) addHot(t *interleave.Thread, cpu int, w uint64, n int) bool {
	row := &l.rows[cpu]
	write := t.Plain
	if l.fault == levelNoPin {
		write = t.Store
	} else {
		t.Pin(l.cpus[cpu])
		defer t.Unpin()
	}
	if l.fault != levelTagBeforePin {
		if w = t.Load(&l.word); w&levelHot == 0 {
			return false
		}
	}
	if gen := w &^ levelHot; t.Load(&row.stamp) != gen {
		if l.fault == levelStampBeforeZero {
			write(&row.stamp, gen)
		}
		if l.fault != levelNoZero {
			write(&row.delta, 0)
		}
		if l.fault != levelStampBeforeZero {
			write(&row.stamp, gen)
		}
	}
	write(&row.delta, t.Load(&row.delta)+addend(n))
	return true
}

func (l *level) promote(t *interleave.Thread) {
	state := t.Load(&l.heat)
	if l.fault != levelNoLock && (state&levelLocked != 0 || !t.CompareAndSwap(&l.heat, state, state|levelLocked)) {
		return
	}
	gen := state + 1
	if l.fault == levelSameGeneration {
		gen = state
	}
	if l.fault == levelUnlockEarly {
		t.Store(&l.heat, gen)
	}
	if w := t.Load(&l.word); w&levelHot == 0 {
		late := l.fault == levelBaseAfterPublishing
		if !late && (l.fault != levelBaseOnlyOnce || gen == 1) {
			t.Store(&l.base, w)
		}
		published := true
		if l.fault == levelPublishByStore {
			t.Store(&l.word, levelHot|gen)
		} else {
			published = t.CompareAndSwap(&l.word, w, levelHot|gen)
		}
		if late && published {
			t.Store(&l.base, w)
		}
	}
	t.Store(&l.heat, gen)
}

func (l *level) load(t *interleave.Thread, reader int) {
	l.read(t, reader, func() uint64 {
		for {
			w := t.Load(&l.word)
			if w&levelHot == 0 {
				return w
			}
			value := t.Load(&l.base)
			for i := range l.rows {
				row := &l.rows[i]
				if t.Load(&row.stamp) == w&^levelHot || l.fault == levelReaderIgnoresStamp {
					value += t.Load(&row.delta)
				}
			}
			if l.fault == levelReaderIgnoresTag || t.Load(&l.word) == w {
				return value
			}
		}
	})
}

func levelScenarios() scenarios[levelFault] {
	return scenarios[levelFault]{
		{"Adds while it turns hot, read", func(w *interleave.World, fault levelFault) {
			l := newLevel(w, fault, 1)
			w.Go(func(t *interleave.Thread) { l.add(t, 0, 0) })
			w.Go(func(t *interleave.Thread) { l.promote(t); l.add(t, 1, 1) })
			w.Go(func(t *interleave.Thread) { l.load(t, 0) })
		}},
		{"a straggling Add of the CPU of the new generation", func(w *interleave.World, fault levelFault) {
			l := newLevel(w, fault, 0).hot(-1)
			w.Go(func(t *interleave.Thread) { l.add(t, 0, 0) })
			w.Go(func(t *interleave.Thread) { l.set(t, 1); l.promote(t); l.add(t, 0, 1) })
		}},
		{"a straggling Add of another CPU", func(w *interleave.World, fault levelFault) {
			l := newLevel(w, fault, 0).hot(3)
			w.Go(func(t *interleave.Thread) { l.add(t, 0, 0) })
			w.Go(func(t *interleave.Thread) { l.set(t, 1); l.promote(t); l.add(t, 1, 1) })
		}},
		{"a reader across a Set and a new generation", func(w *interleave.World, fault levelFault) {
			l := newLevel(w, fault, 1).hot(3)
			w.Go(func(t *interleave.Thread) { l.set(t, 1); l.promote(t); l.add(t, 0, 1) })
			w.Go(func(t *interleave.Thread) { l.load(t, 0); l.load(t, 0) })
		}},
		{"two Sets, a reader and an Add", func(w *interleave.World, fault levelFault) {
			l := newLevel(w, fault, 1).hot(3)
			w.Go(func(t *interleave.Thread) { l.set(t, 1); l.set(t, 2) })
			w.Go(func(t *interleave.Thread) { l.add(t, 0, 0) })
			w.Go(func(t *interleave.Thread) { l.load(t, 0); l.load(t, 0) })
		}},
		{"two promoters and a Set", func(w *interleave.World, fault levelFault) {
			l := newLevel(w, fault, 0)
			w.Go(func(t *interleave.Thread) { l.promote(t); l.add(t, 0, 0) })
			w.Go(func(t *interleave.Thread) { l.promote(t); l.set(t, 1); l.promote(t); l.add(t, 1, 1) })
		}},
	}
}

func TestEveryInterleavingOfALevelIsAnOrderOfSetsAndAdds(t *testing.T) {
	levelScenarios().explore(t, map[string]levelFault{
		"tag read before the pin":               levelTagBeforePin,
		"stamped before zeroing":                levelStampBeforeZero,
		"old deltas not zeroed":                 levelNoZero,
		"hot Add without a pin":                 levelNoPin,
		"reader does not look at the stamp":     levelReaderIgnoresStamp,
		"reader does not look at the tag again": levelReaderIgnoresTag,
		"published before the base":             levelBaseAfterPublishing,
		"base of the first generation only":     levelBaseOnlyOnce,
		"published by a store":                  levelPublishByStore,
		"promotion without the lock":            levelNoLock,
		"generation used twice":                 levelSameGeneration,
		"lock given back too early":             levelUnlockEarly,
		"Set of a hot cell changes the base":    levelSetKeepsTag,
		"cold Add as load and store":            levelColdInTwoSteps,
	})
}

// pairFault is a mistake in how a Level keeps its sum of fractions in two words.
type pairFault int

const (
	noPairFault pairFault = iota
	pairInPlace
	pairStampFirst
	pairTrustsOneLook
	pairTakesTheOther
)

// TestEveryInterleavingReadsBothWordsOfAPair models the two pairs of words of a row: an Add makes both words of the pair
// one greater, so a reader that sees them differ has seen half an Add.
func TestEveryInterleavingReadsBothWordsOfAPair(t *testing.T) {
	const adds = 3
	scenarios[pairFault]{{"one writer, one reader", func(w *interleave.World, fault pairFault) {
		var stamp interleave.Word
		var pairs [2][2]interleave.Word
		cpu := w.CPU()
		var reads [2][2]uint64
		w.Go(func(t *interleave.Thread) {
			for range adds {
				t.Pin(cpu)
				n := t.Load(&stamp)
				from, to := &pairs[n%2], &pairs[(n+1)%2]
				if fault == pairInPlace {
					to = from
				}
				if fault == pairStampFirst {
					t.Plain(&stamp, n+1)
				}
				t.Plain(&to[0], t.Load(&from[0])+1)
				t.Plain(&to[1], t.Load(&from[1])+1)
				if fault != pairStampFirst {
					next := n + 1
					if fault == pairInPlace {
						next++
					}
					t.Plain(&stamp, next)
				}
				t.Unpin()
			}
		})
		w.Go(func(t *interleave.Thread) {
			for i := range reads {
				n := t.Load(&stamp)
				for {
					selector := n
					if fault == pairTakesTheOther {
						selector++
					}
					for word := range 2 {
						reads[i][word] = t.Load(&pairs[selector%2][word])
					}
					now := t.Load(&stamp)
					if now == n || fault == pairTrustsOneLook {
						break
					}
					n = now
				}
			}
		})
		w.Check(func() string {
			switch {
			case reads[0][0] != reads[0][1] || reads[1][0] != reads[1][1]:
				return "half an Add"
			case reads[1][0] < reads[0][0]:
				return "an Add that was seen is gone"
			}
			return ""
		})
	}}}.explore(t, map[string]pairFault{
		"one pair only":               pairInPlace,
		"stamp before the pair":       pairStampFirst,
		"stamp not looked at again":   pairTrustsOneLook,
		"reader takes the other pair": pairTakesTheOther,
	})
}

// The judge of the models is judged here, by histories that are wrong.
func TestHistoriesThatAreWrongAreCalledSo(t *testing.T) {
	span := func(begin, end int) span { return span{begin, end} }
	read := func(begin, end int, value uint64) readOf { return readOf{span(begin, end), value} }
	for name, c := range map[string]struct {
		h     history
		final uint64
		wrong string
	}{
		"nothing happened":               {history{}, 0, ""},
		"lost Add":                       {history{adds: spans{0: span(1, 2)}}, 0, "Add 0 is lost"},
		"Add twice":                      {history{adds: spans{0: span(1, 2)}}, 2, "Add 0 counts 2 times"},
		"Add void by an overlapping Set": {history{adds: spans{0: span(1, 4)}, sets: spans{1: span(2, 3)}}, setUnit, ""},
		"Add lost after a Set": {
			history{adds: spans{0: span(4, 5)}, sets: spans{1: span(2, 3)}}, setUnit, "Add 0 is lost"},
		"Add that a Set came after": {
			history{adds: spans{0: span(1, 2)}, sets: spans{1: span(3, 4)}}, setUnit + 1, "Add 0 should not count"},
		"lost Set": {history{sets: spans{1: span(1, 2)}}, 0, "a Set is lost"},
		"Sets in the wrong order": {
			history{sets: spans{1: span(1, 2), 2: span(3, 4)}}, setUnit, "a Set is lost"},
		"overlapping Sets in either order": {history{sets: spans{1: span(1, 4), 2: span(2, 3)}}, setUnit, ""},
		"Add of the future": {
			history{adds: spans{0: span(5, 6)}, reads: [][]readOf{{read(1, 2, 1)}}}, 1, "Add 0 should not count"},
		"Add forgotten": {
			history{adds: spans{0: span(1, 9)}, reads: [][]readOf{{read(2, 3, 1), read(4, 5, 0)}}}, 1,
			"an Add that was seen is gone"},
		"Set forgotten": {
			history{sets: spans{1: span(1, 9)}, reads: [][]readOf{{read(2, 3, setUnit), read(4, 5, 0)}}}, setUnit,
			"an older Set came back"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.h.sets == nil {
				c.h.sets = spans{}
			}
			c.h.sets[0] = always
			got := c.h.judge(c.final)
			if c.wrong == "" {
				require.Empty(t, got)
				return
			}
			require.Contains(t, got, c.wrong)
		})
	}
}
