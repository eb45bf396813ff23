// SPDX-License-Identifier: Apache-2.0

//go:build !race

package atomicf

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/interleave"
)

// The files model_*_test.go write the protocols of the cells a second time, one step per memory access, and run them under
// every order of those steps. Each model can have a mistake planted in it, and a test that every mistake is noticed. They
// are left out under -race: they run one thread at a time, and there is nothing for the detector to see.

// modelLimit is far above what the models need.
const modelLimit = 2_000_000

// The value of a model's cell says which updates are in it: the n-th Add adds 4^n, so an update that counts twice shows as
// a digit above 1, and Sets are multiples of setUnit.
const setUnit = 1 << 10

func addend(n int) uint64 { return 1 << (2 * n) }

// span is the time between an operation's begin and its end.
type span struct{ begin, end int }

func (s span) before(o span) bool { return s.end < o.begin }

var always = span{-1, -1}                  // what was there before the model ran
var never = span{math.MaxInt, math.MaxInt} // not done (yet)

type spans map[int]span

// history is what the threads of a model did.
type history struct {
	adds  spans
	sets  spans
	reads [][]readOf // per reader, in order
}

type readOf struct {
	span
	value uint64
}

func newHistory() *history {
	return &history{adds: spans{}, sets: spans{0: always}}
}

// during notes when op ran. The span stands while op runs too: it has begun.
func during(t *interleave.Thread, to spans, n int, op func()) {
	begin := t.Begin()
	to[n] = span{begin, math.MaxInt}
	op()
	to[n] = span{begin, t.End()}
}

// read notes a read by the given reader.
func (h *history) read(t *interleave.Thread, reader int, load func() uint64) {
	begin := t.Begin()
	value := load()
	h.reads[reader] = append(h.reads[reader], readOf{span{begin, t.End()}, value})
}

// judge says what is wrong with the reads, the last of which is final, the value when all is done:
//
//   - it holds one Set that had begun, and none that another Set came after before the read began;
//   - it holds all Adds between the end of that Set and the begin of the read, no Add that had ended before that Set began,
//     and none that began after the read;
//   - one reader loses nothing it has seen but to a Set.
func (h *history) judge(final uint64) string {
	for _, reads := range append(h.reads, []readOf{{never, final}}) {
		var last uint64
		for i, r := range reads {
			if wrong := h.judgeRead(r); wrong != "" {
				return fmt.Sprintf("%s (read %d: %#x)", wrong, i, r.value)
			}
			if i > 0 {
				set, lastSet := int(r.value/setUnit), int(last/setUnit)
				switch {
				case set != lastSet && h.sets[set].before(h.sets[lastSet]):
					return "an older Set came back"
				case set == lastSet && last&^r.value != 0:
					return "an Add that was seen is gone"
				}
			}
			last = r.value
		}
	}
	return ""
}

func (h *history) judgeRead(r readOf) string {
	set, ok := h.sets[int(r.value/setUnit)]
	if !ok || r.before(set) {
		return "no such Set"
	}
	for _, other := range h.sets {
		if set.before(other) && other.before(r.span) {
			return "a Set is lost"
		}
	}
	rest := r.value % setUnit
	for n, add := range h.adds {
		digit := rest / addend(n) % 4
		rest -= digit * addend(n)
		switch {
		case digit > 1:
			return fmt.Sprintf("Add %d counts %d times", n, digit)
		case digit == 1 && (r.before(add) || add.before(set)):
			return fmt.Sprintf("Add %d should not count", n)
		case digit == 0 && set.before(add) && add.before(r.span):
			return fmt.Sprintf("Add %d is lost", n)
		}
	}
	if rest != 0 {
		return "the value is made of nothing that was added"
	}
	return ""
}

// scenarios are programs over one model, the quick ones first.
type scenarios[F comparable] []scenario[F]

type scenario[F comparable] struct {
	name  string
	setup func(w *interleave.World, fault F)
}

// explore runs all scenarios without a fault, which must pass, and then with each fault, which one of them must notice.
func (s scenarios[F]) explore(t *testing.T, faults map[string]F) {
	t.Helper()
	var none F
	for _, c := range s {
		t.Run("sound/"+c.name, func(t *testing.T) {
			result := interleave.Explore(modelLimit, func(w *interleave.World) { c.setup(w, none) })
			t.Logf("%d orders", result.Runs)
			require.Empty(t, result.Fault, "threads in this order: %v", result.Order)
			require.Greater(t, result.Runs, 10)
		})
	}
	for fault, f := range faults {
		t.Run("planted/"+fault, func(t *testing.T) {
			for _, c := range s {
				result := interleave.Explore(modelLimit, func(w *interleave.World) { c.setup(w, f) })
				if result.Fault != "" {
					t.Logf("%s, order %d: %s", c.name, result.Runs, result.Fault)
					return
				}
			}
			require.Fail(t, "no order of any scenario shows the planted fault")
		})
	}
}
