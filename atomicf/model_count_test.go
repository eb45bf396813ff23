// SPDX-License-Identifier: Apache-2.0

//go:build !race

package atomicf

import (
	"testing"

	"github.com/quipu-metrics/quipu/internal/interleave"
)

// spreadFault is a mistake in Count or Sum; the zero value is none.
type spreadFault int

const (
	noSpreadFault spreadFault = iota
	spreadColdInTwoSteps
	spreadHotUnpinned
	spreadSeedAfterPublishing
	spreadSeedOnce
	spreadSeedStaysInWord
	spreadPublishByStore
	spreadCopiesBeforeWord
	countLateIgnored
)

// spread models Count, or Sum when sum is set, on two CPUs.
type spread struct {
	fault spreadFault
	sum   bool
	word  interleave.Word
	rows  [2][2]interleave.Word // of each promoter, on each CPU
	cpus  [2]*interleave.CPU
	*history
}

const spreadHot = 1 << 20 // | promoter<<16 | late

func newSpread(w *interleave.World, fault spreadFault, sum bool, readers int) *spread {
	s := &spread{fault: fault, sum: sum, history: newHistory()}
	s.reads = make([][]readOf, readers)
	for i := range s.cpus {
		s.cpus[i] = w.CPU()
	}
	w.Check(func() string {
		value := s.word.Value()
		if value&spreadHot != 0 {
			late := value & (1<<16 - 1)
			value = 0
			for i := range s.cpus {
				value += s.rows[s.word.Value()>>16&1][i].Value()
			}
			if fault != countLateIgnored {
				value += late
			}
		}
		return s.judge(value)
	})
	return s
}

func (s *spread) add(t *interleave.Thread, cpu, n int) {
	during(t, s.adds, n, func() {
		for {
			w := t.Load(&s.word)
			switch {
			case w&spreadHot != 0:
				s.addHot(t, cpu, w, addend(n))
				return
			case s.fault == spreadColdInTwoSteps:
				t.Store(&s.word, w+addend(n))
				return
			case s.sum:
				if t.CompareAndSwap(&s.word, w, w+addend(n)) {
					return
				}
			default:
				t.Add(&s.word, addend(n))
				return
			}
		}
	})
}

func (s *spread) addHot(t *interleave.Thread, cpu int, w, v uint64) {
	row := &s.rows[w>>16&1][cpu]
	if s.fault == spreadHotUnpinned {
		t.Store(row, t.Load(row)+v)
		return
	}
	t.Pin(s.cpus[cpu])
	t.Plain(row, t.Load(row)+v)
	t.Unpin()
}

// promote may be called once by each of two threads. Each has a row of its own, as if from Alloc.
func (s *spread) promote(t *interleave.Thread, promoter int) {
	seed := &s.rows[promoter][0]
	tag := uint64(spreadHot | promoter<<16)
	for seeded := false; ; seeded = true {
		w := t.Load(&s.word)
		if w&spreadHot != 0 {
			return
		}
		switch {
		case s.fault == spreadSeedAfterPublishing, s.fault == spreadSeedOnce && seeded:
		default:
			t.Store(seed, w)
		}
		publish := tag
		if s.fault == spreadSeedStaysInWord {
			publish |= w
		}
		if s.fault == spreadPublishByStore {
			t.Store(&s.word, publish)
			return
		}
		if t.CompareAndSwap(&s.word, w, publish) {
			if s.fault == spreadSeedAfterPublishing {
				t.Store(seed, w)
			}
			return
		}
	}
}

func (s *spread) load(t *interleave.Thread, reader int) {
	s.read(t, reader, func() uint64 {
		copies := func(w uint64) (sum uint64) {
			for i := range s.cpus {
				sum += t.Load(&s.rows[w>>16&1][i])
			}
			return sum
		}
		early := uint64(0)
		if s.fault == spreadCopiesBeforeWord {
			early = copies(0)
		}
		w := t.Load(&s.word)
		if w&spreadHot == 0 {
			return w
		}
		late := w & (1<<16 - 1)
		switch s.fault {
		case spreadCopiesBeforeWord:
			return early + late
		case countLateIgnored:
			late = 0
		}
		return copies(w) + late
	})
}

func spreadScenarios(sum bool) scenarios[spreadFault] {
	return scenarios[spreadFault]{
		{"a late adder, a promoter that goes on, a reader", func(w *interleave.World, fault spreadFault) {
			s := newSpread(w, fault, sum, 1)
			w.Go(func(t *interleave.Thread) { s.add(t, 0, 0) })
			w.Go(func(t *interleave.Thread) { s.promote(t, 0); s.add(t, 1, 1) })
			w.Go(func(t *interleave.Thread) { s.load(t, 0); s.load(t, 0) })
		}},
		{"two promoters on one CPU", func(w *interleave.World, fault spreadFault) {
			s := newSpread(w, fault, sum, 0)
			w.Go(func(t *interleave.Thread) { s.add(t, 0, 0); s.promote(t, 0); s.add(t, 0, 1) })
			w.Go(func(t *interleave.Thread) { s.promote(t, 1); s.add(t, 0, 2) })
		}},
		{"an adder on each CPU during promotion", func(w *interleave.World, fault spreadFault) {
			s := newSpread(w, fault, sum, 0)
			w.Go(func(t *interleave.Thread) { s.add(t, 0, 0); s.add(t, 0, 1) })
			w.Go(func(t *interleave.Thread) { s.add(t, 1, 2) })
			w.Go(func(t *interleave.Thread) { s.promote(t, 0) })
		}},
		{"two adders of one hot CPU and a reader", func(w *interleave.World, fault spreadFault) {
			s := newSpread(w, fault, sum, 1)
			s.word.Init(spreadHot)
			w.Go(func(t *interleave.Thread) { s.add(t, 1, 0) })
			w.Go(func(t *interleave.Thread) { s.add(t, 1, 1) })
			w.Go(func(t *interleave.Thread) { s.load(t, 0); s.load(t, 0) })
		}},
	}
}

func TestEveryInterleavingOfACountKeepsEveryAdd(t *testing.T) {
	spreadScenarios(false).explore(t, map[string]spreadFault{
		"cold add as load and store":         spreadColdInTwoSteps,
		"hot add without a pin":              spreadHotUnpinned,
		"published before the seed":          spreadSeedAfterPublishing,
		"seed not renewed at the second try": spreadSeedOnce,
		"seed stays in the word":             spreadSeedStaysInWord,
		"published by a store":               spreadPublishByStore,
		"copies read before the word":        spreadCopiesBeforeWord,
		"late additions ignored":             countLateIgnored,
	})
}

func TestEveryInterleavingOfASumKeepsEveryAdd(t *testing.T) {
	spreadScenarios(true).explore(t, map[string]spreadFault{
		"cold add as load and store":         spreadColdInTwoSteps,
		"hot add without a pin":              spreadHotUnpinned,
		"published before the seed":          spreadSeedAfterPublishing,
		"seed not renewed at the second try": spreadSeedOnce,
		"seed stays in the word":             spreadSeedStaysInWord,
		"published by a store":               spreadPublishByStore,
		"copies read before the word":        spreadCopiesBeforeWord,
	})
}
