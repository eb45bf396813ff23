// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// returning returns a source that writes a series and then returns an error.
func returning(err error) *sourceOf {
	return &sourceOf{func(_ context.Context, w *engine.Writer) error {
		w.Gauge("written", "", 1)
		return err
	}}
}

// textless is an error whose text is made by a function.
type textless func() string

func (e textless) Error() string { return e() }

// In the past the text of an error was asked for on the goroutine of the page, without a limit.
func TestTheTextOfAnErrorOfASourceCannotHurtAPage(t *testing.T) {
	release := make(chan bool)
	defer close(release)
	var missing *nilError
	for name, err := range map[string]error{
		"panics":             textless(func() string { panic("no text") }),
		"panics with nil":    textless(func() string { panic(nil) }),
		"panics with it":     selfish{},
		"hangs":              textless(func() string { <-release; return "" }),
		"ends its goroutine": textless(func() string { runtime.Goexit(); return "" }),
		"is a nil pointer":   missing,
		"is joined":          errors.Join(textless(func() string { runtime.Goexit(); return "" }), context.Canceled),
	} {
		t.Run(name, func(t *testing.T) {
			r, log := logged()
			must(r.NewGauge("own", "")).Set(1)
			require.NoError(t, r.Attach(returning(err)))
			goroutines := 0
			for i := range 20 {
				done := make(chan string)
				go func() {
					defer close(done)
					done <- pageIn(t, r, engine.Exposition{})
				}()
				begin := time.Now()
				require.Equal(t, "# TYPE own gauge\nown 1\n# TYPE written gauge\nwritten 1\n", <-done)
				require.Less(t, time.Since(begin), time.Second)
				if i == 1 {
					goroutines = runtime.NumGoroutine()
				}
			}
			require.LessOrEqual(t, runtime.NumGoroutine(), goroutines+2, "one goroutine may hang")
			require.EqualValues(t, 20, failed(t, r, "error"))
			require.Equal(t, 1, strings.Count(log.String(), "reason=error"))
		})
	}
}

type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

type selfish struct{}

func (e selfish) Error() string { panic(e) }

func TestASourceThatPanicsWithNilIsCounted(t *testing.T) {
	r, log := logged()
	require.NoError(t, r.Attach(writing(func(*engine.Writer) { panic(error(nil)) })))
	require.Empty(t, pageIn(t, r, engine.Exposition{}))
	require.EqualValues(t, 1, failed(t, r, "panic"))
	require.Contains(t, log.String(), "reason=panic")
}

// In the past the rendered headers of all bounds that a family had ever had were kept, and a
// histogram with the bucket up to +Inf alone was rendered anew for every series.
func TestTheMemoryOfASourceDoesNotGrowWithWhatItHasWritten(t *testing.T) {
	calls := 0
	bounds := make([]float64, 100)
	for name, emit := range map[string]func(w *engine.Writer){
		"bounds": func(w *engine.Writer) {
			for i := range bounds {
				bounds[i] = float64(calls) + float64(i)/1000
			}
			w.Histogram("h", "", engine.HistogramSnapshot{Bounds: bounds, Counts: make([]uint64, len(bounds)+1)})
		},
		"no bounds": func(w *engine.Writer) {
			for i := range 30 {
				w.Histogram("h", "", engine.HistogramSnapshot{Counts: []uint64{1}}, label("i", fmt.Sprint(i)))
			}
		},
		"quantiles": func(w *engine.Writer) {
			s := engine.SummarySample{}
			for i := range 50 {
				s.Estimates = append(s.Estimates, engine.Estimate{Quantile: float64(i) / 100, Error: math.NaN()})
			}
			w.Summary("s", "", s)
		},
		"help":  func(w *engine.Writer) { w.Gauge("g", strings.Repeat(fmt.Sprint(calls), 3000), 1) },
		"names": func(w *engine.Writer) { w.Gauge(fmt.Sprint("g", calls), strings.Repeat("help", 3000), 1) },
		"parts of large texts": func(w *engine.Writer) {
			text := fmt.Sprint("g", calls, " help of g", strings.Repeat("x", 10_000))
			w.Gauge(text[:strings.IndexByte(text, ' ')], text[20:25], 1, label("a", text[30:40]))
		},
		"one large call": func(w *engine.Writer) {
			if calls == 1 {
				for i := range 100_000 {
					w.Gauge("g", "", 1, label("i", fmt.Sprint(i)))
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			calls = 0
			r := engine.NewRegistry()
			require.NoError(t, r.Attach(writing(func(w *engine.Writer) { calls++; emit(w) })))
			before := heap()
			read := func() {
				for range r.Read(engine.ReadOptions{Deadline: time.Now().Add(time.Minute)}) {
					continue
				}
			}
			for range 2000 {
				read()
			}
			require.Equal(t, 2000, calls)
			requireHeapBelow(t, before, 4<<20, read)
			runtime.KeepAlive(r)
		})
	}
}

// A point's strings may be parts of buffers that are written again.
func TestNothingThatIsPassedToAWriterIsKept(t *testing.T) {
	r := engine.NewRegistry(engine.WithPrefix("app_"))
	counts, bounds := []uint64{1, 2}, []float64{1}
	labels := []engine.Label{label("a", "1")}
	exemplars := []engine.Exemplar{{Labels: []engine.Label{label("id", "1")}, Value: 1}}
	estimates := []engine.Estimate{{Quantile: 0.5, Value: 1}}
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		h := &engine.HistogramSnapshot{Bounds: bounds, Counts: counts}
		w.Write(engine.Point{Name: "h", Type: encode.Histogram, Histogram: h, Labels: labels, Exemplars: exemplars})
		w.Summary("s", "", engine.SummarySample{Estimates: estimates}, labels...)
		counts[0], bounds[0], labels[0].Value, exemplars[0].Labels[0].Value, estimates[0].Value = 9, 9, "9", "9", 9
		h.Counts = nil
	})))
	require.Equal(t, `# TYPE app_h histogram
app_h_bucket{a="1",le="1.0"} 1 # {id="1"} 1
app_h_bucket{a="1",le="+Inf"} 3
app_h_sum{a="1"} 0
app_h_count{a="1"} 3
# TYPE app_s summary
app_s{a="1",quantile="0.5"} 1
app_s_sum{a="1"} 0
app_s_count{a="1"} 0
# EOF
`, pageIn(t, r, engine.Exposition{Format: encode.OpenMetrics}))
}

// A label that the prefix does not reach would not be the state's.
func TestTheLabelOfAStateSetIsTheNameOfTheFamily(t *testing.T) {
	r := engine.NewRegistry(engine.WithPrefix("app_"))
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		w.StateSet("state", "", map[string]bool{"on": true, "off": false}, label("x", "1"))
		half := []engine.Label{label("half", "on")}
		w.Write(engine.Point{Name: "half", Type: encode.StateSet, Value: 0.5, Labels: half})
		w.Write(engine.Point{Name: "bare", Type: encode.StateSet, Value: 1})
		w.Info("build", "", label("version", "1"))
	})))
	require.Equal(t, `# TYPE app_build info
app_build_info{version="1"} 1
# TYPE app_state stateset
app_state{x="1",app_state="off"} 0
app_state{x="1",app_state="on"} 1
# EOF
`, pageIn(t, r, engine.Exposition{Format: encode.OpenMetrics}))
	require.Equal(t, map[string]string{
		`{metric="app_half",reason="state"}`: "1", `{metric="app_bare",reason="labels"}`: "1",
	}, drops(t, r))
}

func TestInfosWithAndWithoutTheSuffixAreOneFamily(t *testing.T) {
	r := engine.NewRegistry()
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		w.Info("build_info", "B.", label("a", "1"))
		w.Info("build", "B.", label("a", "2"))
		w.Info("build", "B.", label("a", "1"))
	})))
	want := "# HELP build_info B.\n# TYPE build_info gauge\nbuild_info{a=\"1\"} 1\nbuild_info{a=\"2\"} 1\n"
	require.Equal(t, want, pageIn(t, r, engine.Exposition{}))
	require.Equal(t, want, pageIn(t, r, engine.Exposition{Names: []string{"build_info"}}))
	for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
		require.Equal(t, "build_info", f.Name())
	}
	require.Contains(t, drops(t, r), `{metric="build_info",reason="labels"}`)
}

func TestEmptyLabelsAreAbsentOnes(t *testing.T) {
	r := engine.NewRegistry(engine.WithConstLabels(engine.Labels{"none": "", "zone": "z"}))
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		w.Gauge("g", "", 1, label("a", ""))
		w.Gauge("g", "", 2, label("none", ""))
		w.Gauge("g", "", 3)
		w.Gauge("g", "", 4, label("a", "1"), label("b", "2"))
		w.Gauge("g", "", 5, label("b", "2"), label("a", "1"), label("c", ""))
	})))
	require.Equal(t, "# TYPE g gauge\ng{zone=\"z\"} 1\ng{a=\"1\",b=\"2\",zone=\"z\"} 4\n",
		pageIn(t, r, engine.Exposition{}))
}

// In the past the native buckets of a source's series were the room in which those of a metric were
// read next, on this page and on any other that shared the call.
func TestNativeBucketsOfSourcesAndMetricsDoNotMix(t *testing.T) {
	r := engine.NewRegistry()
	defaults := engine.WithNative(histogram.NativeDefaults())
	other := must(engine.NewRegistry().NewHistogram("n", "", defaults))
	for i := range 40 {
		other.Observe(float64(int(1) << i))
	}
	snapshot := other.Snapshot()
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		w.Histogram("a", "", snapshot)
		w.Histogram("z", "", snapshot)
	})))
	v := must(r.NewHistogramVec("m", "", []string{"i"}, defaults))
	for i := range 10 {
		v.With(fmt.Sprint(i)).Observe(-float64(i))
	}
	want := pageIn(t, r, engine.Exposition{Format: encode.Protobuf})
	for range 5 {
		require.Equal(t, want, pageIn(t, r, engine.Exposition{Format: encode.Protobuf}))
		for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
			for s := range f.Samples() {
				if f.Name() != "m" {
					n := s.Native()
					require.Equal(t, snapshot.Native.Positive, n.Positive)
					require.Equal(t, snapshot.Native.Quantile(0.5), n.Quantile(0.5))
				}
			}
		}
	}
}

func TestADeadlineFarAwayIsNotInThePast(t *testing.T) {
	for _, deadline := range []time.Time{time.Now().AddDate(500, 0, 0), time.Unix(1<<61, 0)} {
		r, log := logged()
		require.NoError(t, r.Attach(&sourceOf{func(ctx context.Context, w *engine.Writer) error {
			w.Gauge("g", "", 1)
			return ctx.Err()
		}}))
		require.Contains(t, pageIn(t, r, engine.Exposition{Deadline: deadline}), "g 1\n")
		require.Empty(t, log.String())
	}
}

// A page in a hurry ends the call of a source early. A page that shared the call and has more time
// must not do with a part.
func TestAPageInAHurryTakesNothingFromOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := engine.NewRegistry()
		var calls atomic.Int32
		require.NoError(t, r.Attach(&sourceOf{func(ctx context.Context, w *engine.Writer) error {
			calls.Add(1)
			w.Gauge("first", "", 1)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(300 * time.Millisecond):
			}
			w.Gauge("last", "", 1)
			return nil
		}}))
		var pages sync.WaitGroup
		for range 5 { // in a hurry, one after another
			pages.Go(func() { pageIn(t, r, engine.Exposition{Deadline: time.Now().Add(50 * time.Millisecond)}) })
			time.Sleep(10 * time.Millisecond)
			pages.Go(func() {
				begin := time.Now()
				require.Contains(t, pageIn(t, r, engine.Exposition{}), "last 1\n")
				require.Less(t, time.Since(begin), time.Second)
			})
			time.Sleep(60 * time.Millisecond)
		}
		pages.Wait()
		require.Less(t, calls.Load(), int32(6))
	})
}

// A source that hangs costs the first page its time, and the others nothing.
func TestASourceThatHangsIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := logged()
		must(r.NewGauge("own", "")).Set(1)
		release := make(chan bool)
		var calls atomic.Int32
		s := writing(func(w *engine.Writer) {
			calls.Add(1)
			w.Gauge("g", "", 1)
			<-release
		})
		require.NoError(t, r.Attach(s))
		for i := range 100 {
			begin := time.Now()
			require.Equal(t, "# TYPE own gauge\nown 1\n", pageIn(t, r, engine.Exposition{}))
			if i > 0 {
				require.Zero(t, time.Since(begin))
			} else {
				require.Equal(t, 2*time.Second, time.Since(begin))
			}
		}
		require.EqualValues(t, 1, calls.Load())
		require.True(t, r.Detach(s), "while a call is under way")
		require.Equal(t, "# TYPE own gauge\nown 1\n", pageIn(t, r, engine.Exposition{}))
		close(release)
		synctest.Wait()
		require.NoError(t, r.Attach(s))
		require.Contains(t, pageIn(t, r, engine.Exposition{}), "g 1\n")
	})
}

// A source may use its registry, also in ways that make no sense.
func TestASourceMayUseItsRegistry(t *testing.T) {
	r, _ := logged()
	var s *sourceOf
	nested := 0
	s = writing(func(w *engine.Writer) {
		must(r.NewGauge("defined_inside", "")).Set(1)
		other := writing(func(w *engine.Writer) { w.Gauge("other", "", 1) })
		require.NoError(t, r.Attach(other))
		require.ErrorIs(t, r.Attach(s), engine.ErrTaken)
		for range r.Read(engine.ReadOptions{NoSelf: true, Deadline: time.Now().Add(20 * time.Millisecond)}) {
			nested++
		}
		require.True(t, r.Detach(other))
		r.Unregister("defined_inside")
		w.Gauge("g", "", 1)
	})
	require.NoError(t, r.Attach(s))
	for range 3 {
		require.Equal(t, "# TYPE g gauge\ng 1\n", pageIn(t, r, engine.Exposition{}))
	}
	require.Positive(t, nested)
}

func TestOneSourceFeedsTwoRegistries(t *testing.T) {
	var running atomic.Int32
	both := make(chan bool)
	s := writing(func(w *engine.Writer) {
		if running.Add(1) == 2 {
			close(both)
		}
		<-both
		w.Gauge("g", "", 1)
	})
	var pages sync.WaitGroup
	for _, prefix := range []string{"a_", "b_"} {
		r := engine.NewRegistry(engine.WithPrefix(prefix))
		require.NoError(t, r.Attach(s))
		pages.Go(func() { require.Contains(t, pageIn(t, r, engine.Exposition{}), prefix+"g 1\n") })
	}
	pages.Wait()
}

// A Writer that is used by many goroutines, some of which go on when Emit has returned.
func TestGoroutinesThatOutliveTheirCallReachNoPage(t *testing.T) {
	r, _ := logged()
	var call atomic.Int64
	var writers sync.WaitGroup
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		n := call.Add(1)
		var some sync.WaitGroup
		for i := range 8 {
			some.Add(1)
			writers.Go(func() {
				for k := range 300 {
					if k == 100 {
						some.Done()
					}
					labels := []engine.Label{label("k", fmt.Sprint(k)), label("call", fmt.Sprint(n))}
					w.Counter(fmt.Sprintf("c%d_total", i), "", float64(n), labels...)
				}
			})
		}
		some.Wait()
	})))
	for n := range int64(20) {
		series := 0
		for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
			for s := range f.Samples() {
				require.Equal(t, fmt.Sprint(n+1), s.Labels()[0].Value)
				require.EqualValues(t, n+1, s.Value())
				series++
			}
		}
		require.GreaterOrEqual(t, series, 800)
	}
	writers.Wait()
}

// Families come and go, and many of them interleave.
func TestASourceMayWriteAHundredThousandFamilies(t *testing.T) {
	families := 100_000
	if testing.Short() {
		families /= 10
	}
	r := engine.NewRegistry()
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		for round := range 2 {
			for i := range families {
				w.Counter(fmt.Sprintf("f%d_total", i), "", 1, label("round", fmt.Sprint(round)))
			}
		}
	})))
	for _, e := range []engine.Exposition{{}, {Format: encode.OpenMetrics, Created: true}} {
		e.Deadline = time.Now().Add(time.Minute)
		page := pageIn(t, r, e)
		require.Equal(t, families, strings.Count(page, "# TYPE "))
		require.Equal(t, families, strings.Count(page, `{round="1"} 1`))
	}
}
