// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// incarnation is a series as a reader knows it: one that is created anew has another time.
type incarnation struct {
	metric, label string
	created       int64
}

// ledger is what a server has read.
type ledger struct {
	seen map[incarnation]uint64
	live int // series of the last reading
}

// read reads a registry. No series may go back.
func (l *ledger) read(t *testing.T, r *engine.Registry) {
	l.live = 0
	for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
		for s := range f.Samples() {
			l.live++
			count := uint64(s.Value())
			switch f.Name() {
			case "h":
				count = s.Histogram().Count
			case "s":
				count = s.Summary().Count
			}
			key := incarnation{f.Name(), s.Labels()[0].Value, s.Created().UnixNano()}
			for _, label := range s.Labels()[1:] {
				key.label += "," + label.Value
			}
			if before, ok := l.seen[key]; !ok {
				key.label = strings.Clone(key.label)
				l.seen[key] = count
			} else {
				if count < before {
					require.Fail(t, "a series went back", "%v: %d, then %d", key, before, count)
				}
				l.seen[key] = count
			}
		}
	}
}

// total returns how many updates were seen.
func (l *ledger) total() (n uint64) {
	for _, count := range l.seen {
		n += count
	}
	return n
}

// settle reads the registry while series expire, until all updates were seen and no more series
// than these are left, and then three times more. The last update through a handle that was dropped
// is seen after a cleanup, which runs some time after the collection.
func (l *ledger) settle(t *testing.T, r *engine.Registry, clock *mortalClock, updates uint64, left int) {
	begin := time.Now()
	for settled := 0; settled < 3 && time.Since(begin) < time.Minute; {
		collectGarbage()
		clock.add(time.Second)
		if l.read(t, r); l.total() == updates && l.live <= left {
			settled++
		} else {
			settled = 0
		}
	}
	require.Equal(t, updates, l.total())
	require.LessOrEqual(t, l.live, left)
}

// Series of three kinds are created, updated through handles that are kept or dropped at once,
// expired, restored and collected by four goroutines, while a reader adds up what it sees and the
// collector runs.
func TestNothingIsLostWhileSeriesComeAndGo(t *testing.T) {
	series, workers := 20_000, 4
	if long() {
		series = 1_000_000
	}
	r, clock := mortalRegistry(engine.WithExpiry(4*time.Second), engine.WithMaxSeries(engine.NoLimit))
	c := must(r.NewCounterVec("c", "", []string{"a"}))
	h := must(r.NewHistogramVec("h", "", []string{"a"}, engine.WithBuckets()))
	s := must(r.NewSummaryVec("s", "", []string{"a"}, engine.WithObjectives(nil)))
	fetch := func(i int) (update func()) {
		label := strconv.Itoa(i)
		switch i % 3 {
		case 0:
			return c.With(label).Inc
		case 1:
			h := h.With(label)
			return func() { h.Observe(1) }
		default:
			s := s.With(label)
			return func() { s.Observe(1) }
		}
	}
	books := ledger{seen: make(map[incarnation]uint64)}
	fetch(0)()
	fetch(1)()
	fetch(2)()
	books.read(t, r)
	before := heapInUse()

	// A second has this many creations, however fast the goroutines are.
	pace := int64(series / 64)
	var updates atomic.Uint64
	var created, allowed atomic.Int64
	updates.Store(3)
	var work sync.WaitGroup
	for w := range workers {
		work.Go(func() {
			random := rand.New(rand.NewPCG(uint64(w), 1))
			kept := make([]func(), 256)
			for i := w; i < series; i += workers {
				for created.Add(1) > allowed.Load() {
					created.Add(-1)
					time.Sleep(20 * time.Microsecond)
				}
				update := fetch(i)
				update()
				n := uint64(1)
				if random.IntN(4) == 0 {
					at := random.IntN(len(kept))
					if kept[at] != nil {
						kept[at]() // mostly after its series has left; it is dropped here
						n++
					}
					kept[at] = update
				}
				if random.IntN(4) == 0 {
					fetch(random.IntN(i + 1))() // perhaps one that has left
					n++
				}
				updates.Add(n)
			}
		})
	}
	done := make(chan struct{})
	go func() { work.Wait(); close(done) }()
	most := 0
	for round := 0; ; round++ {
		clock.add(time.Second)
		allowed.Add(pace)
		books.read(t, r)
		most = max(most, books.live)
		if round%8 == 0 {
			runtime.GC()
		}
		select {
		case <-done:
		default:
			continue
		}
		break
	}
	books.settle(t, r, clock, updates.Load(), 0)
	total := books.total()
	incarnations := len(books.seen)
	books.seen = nil
	expired := scrape(t, r).float(t, `quipu_expired_series_total{metric="c"}`)
	t.Logf("%d updates of %d series, at most %d at once; series of the counter left %.0f times; "+
		"%d KiB were in use before, %d after", total, incarnations, most, expired, before>>10, heapInUse()>>10)
	require.Less(t, heapInUse(), before+1<<20)
	runtime.KeepAlive(r)
}

func heapInUse() uint64 {
	var m runtime.MemStats
	collectGarbage()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
