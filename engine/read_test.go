// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// withEveryKind returns a registry with a metric of every kind, two series of each that has labels.
func withEveryKind(t *testing.T, now *time.Time) *engine.Registry {
	t.Helper()
	r := engine.NewRegistry(engine.WithClock(func() time.Time { return *now }),
		engine.WithConstLabels(engine.Labels{"zone": "z"}))
	c := must(r.NewCounterVec("a_total", "Counts.", []string{"path", "code"}))
	c.With("/x", "200").Add(3)
	c.With("a\"b\\c\nd", "500").AddWithExemplar(0.5, engine.Labels{"trace_id": "1", "q": "\""})
	must(r.NewCounterVec("b_total", "Has no series.", []string{"path"}))
	must(r.NewGauge("c_bytes", "Gauge.", engine.WithUnit("bytes"))).Set(-2.5)
	h := must(r.NewHistogram("d_seconds", "Classic.", engine.WithBuckets(1, 2)))
	h.Observe(1)
	h.ObserveWithExemplar(5, engine.Labels{"trace_id": "2"})
	n := must(r.NewHistogram("e_seconds", "Native.", engine.WithNative(histogram.NativeDefaults())))
	n.Observe(1)
	n.ObserveWithExemplar(4, engine.Labels{"trace_id": "3"})
	s := must(r.NewSummary("f_seconds", "Summary.", engine.WithObjectives(map[float64]float64{0.5: 0.05, 0.9: 0.01})))
	s.Observe(7)
	must(r.NewGaugeFunc("g", "Function.", func() float64 { return 8 }))
	must(r.NewCounterFunc("h_total", "Fails.", func() float64 { return -1 }))
	require.NoError(t, r.Register(&emitting{}))
	return r
}

// emitting is a collector of every kind.
type emitting struct{ counter, gauge, histogram, summary engine.Collected }

func (e *emitting) Define(d *engine.Definitions) {
	e.counter = d.Counter("i_total", "", []string{"x"})
	e.gauge = d.Gauge("j", "", nil)
	e.histogram = d.Histogram("k", "", nil, engine.WithBuckets(1))
	e.summary = d.Summary("l", "", nil, engine.WithObjectives(map[float64]float64{0.5: 0.05}))
}

func (e *emitting) Collect(to *engine.Emission) {
	to.Emit(e.counter, 1, "1")
	to.Emit(e.counter, 2, "2")
	to.Emit(e.gauge, 3)
	to.EmitHistogram(e.histogram, []uint64{4, 5}, 6)
	to.EmitSummary(e.summary, []float64{7}, 8, 9)
}

// lineOf renders a sample for comparison.
func lineOf(name string, s *engine.Sample) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %v", name, s.Labels())
	if n, ok := s.Int(); ok {
		fmt.Fprintf(&b, " int=%d", n)
	}
	if v := s.Value(); v == v {
		fmt.Fprintf(&b, " value=%v", v)
	}
	if h := s.Histogram(); h != nil {
		fmt.Fprintf(&b, " bounds=%v counts=%v count=%d sum=%v", h.Bounds, h.Counts, h.Count, h.Sum)
	}
	if n := s.Native(); n != nil {
		fmt.Fprintf(&b, " native=%d %v", n.Count, n.Positive)
	}
	if m := s.Summary(); m != nil {
		fmt.Fprintf(&b, " estimates=%v count=%d sum=%v", m.Estimates, m.Count, m.Sum)
	}
	for _, e := range s.Exemplars() {
		fmt.Fprintf(&b, " exemplar=%v %v bucket=%d time=%v", e.Labels, e.Value, e.Bucket, e.Time.Unix())
	}
	if at := s.Created(); !at.IsZero() {
		fmt.Fprintf(&b, " created=%v", at.Unix())
	}
	return b.String()
}

func TestReadShowsEveryKindOfMetric(t *testing.T) {
	now := time.Unix(1000, 0)
	r := withEveryKind(t, &now)
	var lines []string
	for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
		for s := range f.Samples() {
			lines = append(lines, lineOf(f.Name(), s))
		}
	}
	require.Equal(t, []string{
		`a_total [{code 200} {path /x} {zone z}] int=3 value=3 created=1000`,
		"a_total [{code 500} {path a\"b\\c\nd} {zone z}] value=0.5 " +
			"exemplar=[{q \"} {trace_id 1}] 0.5 bucket=0 time=1000 created=1000",
		`c_bytes [{zone z}] value=-2.5`,
		`d_seconds [{zone z}] bounds=[1 2] counts=[1 0 1] count=2 sum=6 ` +
			`exemplar=[{trace_id 2}] 5 bucket=2 time=1000 created=1000`,
		`e_seconds [{zone z}] bounds=[] counts=[] count=2 sum=5 native=2 {[{0 1} {15 1}] [1 0]} ` +
			`exemplar=[{trace_id 3}] 4 bucket=0 time=1000 created=1000`,
		`f_seconds [{zone z}] estimates=[{0.5 0.05 7} {0.9 0.01 7}] count=1 sum=7 created=1000`,
		`g [{zone z}] value=8`,
		`i_total [{x 1} {zone z}] int=1 value=1`,
		`i_total [{x 2} {zone z}] int=2 value=2`,
		`j [{zone z}] value=3`,
		`k [{zone z}] bounds=[1] counts=[4 5] count=9 sum=6`,
		`l [{zone z}] estimates=[{0.5 0.05 7}] count=8 sum=9`,
	}, lines)
}

func TestReadShowsTheFamiliesOfAPageInItsOrder(t *testing.T) {
	now := time.Unix(1000, 0)
	r := withEveryKind(t, &now)
	for _, o := range []engine.ReadOptions{{}, {NoSelf: true}, {Names: []string{"j", "a_total", "quipu_series"}}} {
		var names, types []string
		for f := range r.Read(o) {
			names = append(names, f.Name())
			types = append(types, fmt.Sprintf("# TYPE %s %v", f.Name(), f.Type()))
		}
		var page strings.Builder
		_, err := r.Expose(&page, engine.Exposition{Names: o.Names, NoSelf: o.NoSelf})
		require.NoError(t, err)
		var onPage []string
		for line := range strings.Lines(page.String()) {
			if strings.HasPrefix(line, "# TYPE") {
				onPage = append(onPage, strings.TrimSpace(line))
			}
		}
		require.Equal(t, onPage, types)
		require.NotContains(t, names, "b_total", "it has no series")
		require.NotContains(t, names, "h_total", "its function fails")
	}
}

// In the past each definition of a name was a family of its own.
func TestReadShowsOneFamilyForEachName(t *testing.T) {
	r := engine.NewRegistry()
	for _, pool := range []string{"b", "a", "c"} {
		labels := engine.WithConstLabels(engine.Labels{"pool": pool})
		h := must(r.NewHistogram("wait_seconds", "", labels, engine.WithBuckets(float64(pool[0]))))
		h.Observe(1)
		must(r.NewCounterVec("conns_total", "", []string{"host"}, labels))
		must(r.NewGauge("size", "", labels))
	}
	must(r.NewCounterVec("conns_total", "", []string{"host"})).With("x").Inc()
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) { w.Gauge("other", "", 1) })))
	var names, lines []string
	for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
		names = append(names, f.Name())
		for s := range f.Samples() {
			lines = append(lines, lineOf(f.Name(), s))
		}
		for range f.Samples() {
			break
		}
	}
	require.Equal(t, []string{"conns_total", "other", "size", "wait_seconds"}, names)
	require.Len(t, lines, 8)
	for i, pool := range []string{"a", "b", "c"} {
		require.Contains(t, lines[2+i], "{pool "+pool+"}")
		require.Contains(t, lines[5+i], "{pool "+pool+"}")
		require.Contains(t, lines[5+i], fmt.Sprintf("bounds=[%d]", pool[0]))
	}
	for range r.Read(engine.ReadOptions{NoSelf: true, Names: []string{"none"}}) {
		t.Error("a family that nobody wants")
	}
}

func TestAFamilyKnowsItsHeader(t *testing.T) {
	r := engine.NewRegistry()
	must(r.NewGauge("heap_bytes", "Bytes in use.", engine.WithUnit("bytes")))
	for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
		require.Equal(t, []any{"heap_bytes", "Bytes in use.", "bytes", encode.Gauge},
			[]any{f.Name(), f.Help(), f.Unit(), f.Type()})
	}
}

func TestASampleIsOverwrittenAndItsCloneStays(t *testing.T) {
	now := time.Unix(1000, 0)
	r := withEveryKind(t, &now)
	var want []string
	var samples, clones []*engine.Sample
	var names []*engine.Family
	for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
		for s := range f.Samples() {
			want = append(want, lineOf(f.Name(), s))
			samples, clones = append(samples, s), append(clones, s.Clone())
			names = append(names, f)
		}
	}
	require.Len(t, slices.Compact(samples), 1, "one sample is used again for all series")
	require.Len(t, slices.Compact(names), 1)
	for f := range r.Read(engine.ReadOptions{NoSelf: true}) { // overwrites what the clones were made of
		for range f.Samples() {
		}
	}
	for i, c := range clones {
		name, _, _ := strings.Cut(want[i], " ")
		require.Equal(t, want[i], lineOf(name, c), "clone %d", i)
	}
}

func TestSamplesMayBeReadTwiceAndAbandoned(t *testing.T) {
	now := time.Unix(1000, 0)
	r := withEveryKind(t, &now)
	for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
		var first, second []string
		for s := range f.Samples() {
			first = append(first, lineOf(f.Name(), s))
		}
		for s := range f.Samples() {
			second = append(second, lineOf(f.Name(), s))
		}
		require.Equal(t, first, second)
		for range f.Samples() {
			break
		}
	}
	for range r.Read(engine.ReadOptions{}) {
		break
	}
	require.Panics(t, func() {
		for range r.Read(engine.ReadOptions{}) {
			panic("in the loop")
		}
	})
	require.NotEmpty(t, slices.Collect(func(yield func(string) bool) {
		for f := range r.Read(engine.ReadOptions{}) {
			if !yield(f.Name()) {
				return
			}
		}
	}))
}

func TestLoopsMayBeNested(t *testing.T) {
	now := time.Unix(1000, 0)
	r := withEveryKind(t, &now)
	outer := 0
	for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
		for s := range f.Samples() {
			before := lineOf(f.Name(), s)
			inner := 0
			for g := range r.Read(engine.ReadOptions{NoSelf: true}) {
				for range g.Samples() {
					inner++
				}
			}
			require.Equal(t, 12, inner)
			require.Equal(t, before, lineOf(f.Name(), s))
			outer++
		}
	}
	require.Equal(t, 12, outer)
}

// A counter past 2^53 has no exact float64.
func TestIntIsExact(t *testing.T) {
	r := engine.NewRegistry()
	c := must(r.NewCounter("c_total", ""))
	c.Add(1 << 53)
	c.Inc()
	read := func() (n uint64, ok bool, v float64) {
		for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
			for s := range f.Samples() {
				n, ok = s.Int()
				v = s.Value()
			}
		}
		return n, ok, v
	}
	n, ok, v := read()
	require.True(t, ok)
	require.EqualValues(t, uint64(1<<53+1), n)
	require.EqualValues(t, float64(1<<53), v)
	c.Add(0.5)
	_, ok, _ = read()
	require.False(t, ok, "it has a fraction")
	c.Add(math.Inf(1))
	_, ok, v = read()
	require.False(t, ok)
	require.True(t, math.IsInf(v, 1))
}

// Each loop sees the families of one moment, while others define and remove metrics.
func TestReadersAndDefinitionsMeet(t *testing.T) {
	r := engine.NewRegistry()
	must(r.NewCounter("always_total", "")).Add(7)
	rounds := 300
	if testing.Short() {
		rounds = 100
	}
	var others sync.WaitGroup
	for g := range 2 {
		others.Go(func() {
			for i := range rounds {
				name := fmt.Sprintf("c%d_%d_total", g, i%10)
				v := must(r.NewCounterVec(name, "", []string{"a"}))
				v.With("x").Inc()
				assert.True(t, r.Unregister(name))
			}
		})
	}
	finished := make(chan struct{})
	go func() { others.Wait(); close(finished) }()
	for done := false; !done; {
		select {
		case <-finished:
			done = true
		default:
		}
		var names []string
		for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
			names = append(names, f.Name())
			for s := range f.Samples() {
				if f.Name() == "always_total" {
					require.Equal(t, 7.0, s.Value())
				} else {
					require.Contains(t, []float64{0, 1}, s.Value())
				}
			}
		}
		require.True(t, slices.IsSorted(names))
		require.Len(t, slices.Compact(slices.Clone(names)), len(names), "no family is there twice")
		require.Contains(t, names, "always_total")
	}
}

func TestReadersAndWritersMeet(t *testing.T) {
	r := engine.NewRegistry()
	v := must(r.NewCounterVec("c_total", "", []string{"a"}))
	ctx, stop := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer stop()
	done := make(chan float64)
	for range 2 {
		go func() {
			n := 0.0
			for i := 0; ctx.Err() == nil; i++ {
				v.With(fmt.Sprint(i % 100)).Inc()
				n++
			}
			done <- n
		}()
	}
	var last float64
	sum := func() (total float64) {
		for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
			for s := range f.Samples() {
				total += s.Value()
			}
		}
		return total
	}
	for ctx.Err() == nil {
		now := sum()
		require.GreaterOrEqual(t, now, last)
		last = now
	}
	want := <-done + <-done
	require.Equal(t, want, sum())
}

func TestReadDoesWithoutTheSourcesThatItIsToldOf(t *testing.T) {
	lib, r := engine.NewRegistry(), engine.NewRegistry()
	var left *sourceOf
	calls := 0
	names := func() (names []string) {
		without := func(s engine.Source) bool { return s == engine.Source(left) }
		for f := range r.Read(engine.ReadOptions{NoSelf: true, WithoutSource: without}) {
			names = append(names, f.Name())
		}
		return names
	}
	// The source reads the registry that shows it, which would wait for this very call otherwise.
	begin := time.Now()
	left = writing(func(w *engine.Writer) {
		calls++
		for _, name := range names() {
			w.Gauge("again_"+name, "", 1)
		}
		w.Gauge("both", "Of the source that is left out.", 1)
	})
	require.NoError(t, lib.Attach(left))
	require.NoError(t, r.Mount(lib))
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) { w.Gauge("both", "", 2) })))
	must(r.NewGauge("own", "")).Set(3)

	require.Equal(t, []string{"both", "own"}, names())
	require.Zero(t, calls)
	page := pageIn(t, r, engine.Exposition{})
	require.Contains(t, page, "again_own 1\n")
	require.Equal(t, 1, calls)
	require.Less(t, time.Since(begin), time.Second, "nothing waits for itself")
	require.Equal(t, []string{"both", "own"}, names(), "a loop of the registry's pool keeps nothing of the one before")
	all := 0
	for range r.Read(engine.ReadOptions{NoSelf: true}) {
		all++
	}
	require.Equal(t, 4, all)
}

func TestFamiliesAndRegistriesTellTheirLimits(t *testing.T) {
	reg := engine.NewRegistry(engine.WithSeriesBudget(100))
	v, err := reg.NewGaugeVec("a", "", []string{"l"}, engine.WithMaxSeries(7))
	require.NoError(t, err)
	v.With("x").Set(1)
	for zone, most := range map[string]int{"1": 3, "2": 4} {
		v, err := reg.NewGaugeVec("b", "", []string{"l"}, engine.WithMaxSeries(most),
			engine.WithConstLabels(engine.Labels{"zone": zone}))
		require.NoError(t, err)
		v.With("x").Set(1)
	}
	open, err := reg.NewGaugeVec("c", "", []string{"l"}, engine.WithMaxSeries(engine.NoLimit))
	require.NoError(t, err)
	open.With("x").Set(1)
	_, err = reg.NewGauge("d", "")
	require.NoError(t, err)
	free, err := reg.NewGaugeVec("e", "", nil, engine.WithMaxSeries(5))
	require.NoError(t, err)
	free.WithLabels(engine.Labels{"l": "x"}).Set(1)
	limits := map[string]int{}
	for f := range reg.Read(engine.ReadOptions{NoSelf: true}) {
		limits[f.Name()] = f.MaxSeries()
	}
	require.Equal(t, map[string]int{"a": 7, "b": 7, "c": engine.NoLimit, "d": 0, "e": 5}, limits)
	for f := range reg.Read(engine.ReadOptions{Names: []string{"quipu_dropped_updates_total"}}) {
		require.Zero(t, f.MaxSeries())
	}
	used, most := reg.SeriesBudget()
	require.Equal(t, []int{6, 100}, []int{used, most})
	for _, r := range []*engine.Registry{nil, new(engine.Registry), engine.NewRegistry()} {
		used, most := r.SeriesBudget()
		require.Zero(t, used+most)
	}
}
