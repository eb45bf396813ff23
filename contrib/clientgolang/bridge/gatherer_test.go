// SPDX-License-Identifier: Apache-2.0

package bridge_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/bridge"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// script is a source that is no bridge.
type script func(w *engine.Writer) error

func (s *script) Emit(_ context.Context, w *engine.Writer) error { return (*s)(w) }

// everyKind returns a registry with a metric of every type that quipu has.
func everyKind(t testing.TB) *engine.Registry {
	reg := engine.NewRegistry(engine.WithUTF8Names())
	c := must(reg.NewCounterVec("a_total", "Help \\ of\na.", []string{"path", "code"}))
	c.With("/x\"\n", "200").AddWithExemplar(3, engine.Labels{"trace_id": "7f"})
	c.With("/y", "200").Add(1<<53 + 1)
	c.With("", "500").Add(0.25)
	must(reg.NewCounterVec("no_series_total", "", []string{"path"}))
	must(reg.NewGauge("b_bytes", "B.", engine.WithUnit("bytes"))).Set(math.NaN())
	must(reg.NewGauge("größe", "UTF-8.", engine.WithConstLabels(engine.Labels{"größte.art": "ä"}))).Set(math.Inf(-1))
	h := must(reg.NewHistogramVec("c_seconds", "C.", []string{"x"}, engine.WithBuckets(1, 2)))
	h.With("1").Observe(1)
	h.With("2").ObserveWithExemplar(9, engine.Labels{"trace_id": "1"})
	h.With("2").ObserveWithExemplar(0.5, engine.Labels{"trace_id": "2", "b": "3"})
	n := must(reg.NewHistogramVec("d_seconds", "D.", []string{"x"}, engine.WithNative(histogram.NativeDefaults())))
	for _, v := range []float64{-3, 0, 1, 1.5, 100} {
		n.With("1").ObserveWithExemplar(v, engine.Labels{"v": fmt.Sprint(v)})
	}
	n.With("empty")
	both := must(reg.NewHistogram("e_seconds", "E.", engine.WithBuckets(1),
		engine.WithNative(histogram.NativeDefaults())))
	both.ObserveWithExemplar(0.5, engine.Labels{"v": "0.5"})
	both.ObserveWithExemplar(2, engine.Labels{"v": "2"})
	s := must(reg.NewSummary("f_seconds", "F."))
	s.Observe(4)
	must(reg.NewSummary("g_seconds", "Empty."))
	must(reg.NewGaugeFunc("h", "H.", func() float64 { return 8 }))
	emit := script(func(w *engine.Writer) error {
		w.Untyped("i", "I.", 9, engine.Label{Name: "x", Value: "y"})
		w.Info("j", "J.", engine.Label{Name: "version", Value: "1"})
		w.StateSet("k", "K.", map[string]bool{"on": true, "off": false})
		at := time.UnixMilli(1700000000123)
		w.Write(engine.Point{Name: "l_total", Type: encode.Counter, Value: 7, Time: at, Created: at.Add(-time.Hour),
			Exemplars: []engine.Exemplar{{Value: 1, Labels: []engine.Label{{Name: "x", Value: "y"}}}}})
		w.Write(engine.Point{Name: "m", Type: encode.Gauge, Value: 7, Time: at})
		return nil
	})
	require.NoError(t, reg.Attach(&emit))
	return reg
}

func gather(t testing.TB, g prometheus.Gatherer) []*dto.MetricFamily {
	t.Helper()
	families, err := g.Gather()
	require.NoError(t, err)
	return families
}

// The protobuf page is read by the official library. Prometheus' parsers read it in
// internal/parsers.
func TestGathererShowsEveryKindAsTheProtobufPageDoes(t *testing.T) {
	reg := everyKind(t)
	have := gather(t, bridge.Gatherer(reg, bridge.WithoutSelf()))
	requireSame(t, messagesOf(t, reg), have)
	require.Len(t, have, 14)
}

func TestCollectorShowsWhatGathererShows(t *testing.T) {
	reg := everyKind(t)
	there := prometheus.NewPedanticRegistry()
	there.MustRegister(bridge.Collector(reg, bridge.WithoutSelf()))
	want, have := gather(t, bridge.Gatherer(reg, bridge.WithoutSelf())), gather(t, there)
	requireSame(t, want, have)
	for i, f := range want { // in the order of client_golang too
		require.Equal(t, f.GetName(), have[i].GetName())
		for k, m := range f.Metric {
			require.Equal(t, fmt.Sprint(m.Label), fmt.Sprint(have[i].Metric[k].Label))
		}
	}
}

func TestTheRegistrysOwnMetricsAreShownUnlessLeftOut(t *testing.T) {
	reg := engine.NewRegistry()
	there := prometheus.NewRegistry()
	there.MustRegister(bridge.Collector(reg))
	for _, families := range [][]*dto.MetricFamily{gather(t, bridge.Gatherer(reg)), gather(t, there)} {
		require.NotEmpty(t, families)
		require.True(t, strings.HasPrefix(families[0].GetName(), "quipu_"))
	}
	// Two registries, one of which hides its own metrics.
	there.MustRegister(bridge.Collector(engine.NewRegistry(), bridge.WithoutSelf()))
	gather(t, there)
	require.Empty(t, gather(t, bridge.Gatherer(engine.NewRegistry(), bridge.WithoutSelf())))
	require.Empty(t, gather(t, bridge.Gatherer(nil)))
}

// Both libraries count the same. What they show differs in times of creation only.
func TestBothLibrariesShowTheSameOfTheSameObservations(t *testing.T) {
	reg, there := engine.NewRegistry(), prometheus.NewRegistry()
	counter := must(reg.NewCounterVec("a_total", "A.", []string{"x"}))
	theirCounter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "a_total", Help: "A."}, []string{"x"})
	gauge := must(reg.NewGauge("b", "B."))
	theirGauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "b", Help: "B."})
	classic := must(reg.NewHistogram("c", "C.", engine.WithBuckets(0.1, 1, 10)))
	theirClassic := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "c", Help: "C.", Buckets: []float64{0.1, 1, 10}})
	native := must(reg.NewHistogram("d", "D.", engine.WithNative(histogram.NativeDefaults())))
	theirNative := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "d", Help: "D.", NativeHistogramBucketFactor: 1.1})
	summary := must(reg.NewSummary("e", "E.", engine.WithObjectives(nil)))
	theirSummary := prometheus.NewSummary(prometheus.SummaryOpts{Name: "e", Help: "E."})
	there.MustRegister(theirCounter, theirGauge, theirClassic, theirNative, theirSummary)
	for i := range 1000 {
		x, v := fmt.Sprint(i%7), float64(i%64)/4-1
		counter.With(x).Add(float64(i))
		theirCounter.WithLabelValues(x).Add(float64(i))
		gauge.Set(v)
		theirGauge.Set(v)
		for _, o := range []prometheus.Observer{classic, theirClassic, native, theirNative, summary, theirSummary} {
			o.Observe(v)
		}
	}
	mine, theirs := gather(t, bridge.Gatherer(reg, bridge.WithoutSelf())), gather(t, there)
	for _, f := range slices.Concat(mine, theirs) {
		for _, m := range f.Metric {
			switch {
			case m.Counter != nil:
				m.Counter.CreatedTimestamp = nil
			case m.Histogram != nil:
				m.Histogram.CreatedTimestamp = nil
			case m.Summary != nil:
				m.Summary.CreatedTimestamp = nil
			}
		}
	}
	requireSame(t, theirs, mine)
}

func TestIntegersAreExactAsFarAsAFloatHoldsThem(t *testing.T) {
	for _, n := range []float64{1, 1<<53 - 1, 1 << 53, 1 << 60} {
		reg := engine.NewRegistry()
		c := must(reg.NewCounter("a_total", ""))
		c.Add(n)
		require.Equal(t, n, testutil.ToFloat64(bridge.Collector(reg, bridge.WithoutSelf())))
		c.Inc() // rounded to even where a float does not hold it
		require.Equal(t, float64(uint64(n)+1), testutil.ToFloat64(bridge.Collector(reg, bridge.WithoutSelf())))
		there := prometheus.NewRegistry()
		theirs := prometheus.NewCounter(prometheus.CounterOpts{Name: "a_total"})
		there.MustRegister(theirs)
		theirs.Add(n)
		onPage := engine.NewRegistry()
		require.NoError(t, bridge.Attach(onPage, there))
		require.Equal(t, n, messagesOf(t, onPage)[0].Metric[0].Counter.GetValue())
	}
}

func TestCollectorWorksUnderWrappersAndTestutil(t *testing.T) {
	reg := engine.NewRegistry(engine.WithConstLabels(engine.Labels{"zone": "z"}))
	must(reg.NewCounterVec("a_total", "A.", []string{"x"})).With("y").Inc()
	there := prometheus.NewRegistry()
	wrapped := prometheus.WrapRegistererWithPrefix("lib_",
		prometheus.WrapRegistererWith(prometheus.Labels{"b": "c"}, there))
	require.NoError(t, wrapped.Register(bridge.Collector(reg, bridge.WithoutSelf())))
	want := "# HELP lib_a_total A.\n# TYPE lib_a_total counter\nlib_a_total{b=\"c\",x=\"y\",zone=\"z\"} 1\n"
	for range 2 {
		require.NoError(t, testutil.GatherAndCompare(there, strings.NewReader(want)))
	}
	want = strings.NewReplacer("lib_", "", `b="c",`, "").Replace(want)
	require.NoError(t, testutil.GatherAndCompare(bridge.Gatherer(reg, bridge.WithoutSelf()), strings.NewReader(want)))
	require.NoError(t, testutil.CollectAndCompare(bridge.Collector(reg, bridge.WithoutSelf()), strings.NewReader(want)))
}

func TestWithTimeoutBoundsTheWaitForFunctions(t *testing.T) {
	reg := engine.NewRegistry()
	block := make(chan struct{})
	defer close(block)
	stuck := script(func(*engine.Writer) error { <-block; return nil })
	require.NoError(t, reg.Attach(&stuck))
	must(reg.NewGauge("a", "")).Set(1)
	begin := time.Now()
	g := bridge.Gatherer(reg, bridge.WithoutSelf(), bridge.WithTimeout(20*time.Millisecond), bridge.Option{})
	require.Len(t, gather(t, g), 1)
	require.Less(t, time.Since(begin), time.Second)
}

// What Gather returns belongs to the caller: later updates and calls do not change it.
func TestWhatIsGatheredWhileEverythingChangesIsConsistent(t *testing.T) {
	reg := engine.NewRegistry()
	c := must(reg.NewCounterVec("a_total", "A.", []string{"x"}))
	h := must(reg.NewHistogramVec("b", "B.", []string{"x"}, engine.WithBuckets(1, 2),
		engine.WithNative(histogram.NativeDefaults())))
	there := prometheus.NewRegistry()
	there.MustRegister(bridge.Collector(reg, bridge.WithoutSelf()))
	theirs := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "c", Buckets: []float64{1, 2}, NativeHistogramBucketFactor: 1.1})
	there.MustRegister(theirs)
	require.NoError(t, bridge.Attach(reg, there))
	const writers, updates = 3, 2000
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	for w := range writers {
		writing.Go(func() {
			for i := range updates {
				x := fmt.Sprint(i % 50)
				c.With(x).AddWithExemplar(1, engine.Labels{"w": fmt.Sprint(w)})
				h.With(x).ObserveWithExemplar(float64(i%3), engine.Labels{"w": fmt.Sprint(w)})
				theirs.Observe(float64(i % 3))
			}
		})
	}
	check := func(families []*dto.MetricFamily, last float64) (total float64) {
		for _, f := range families {
			for _, m := range f.Metric {
				switch f.GetName() {
				case "a_total":
					total += m.Counter.GetValue()
				case "b":
					sum := int64(m.Histogram.GetZeroCount())
					count := int64(0)
					for _, d := range m.Histogram.PositiveDelta {
						count += d
						sum += count
					}
					require.EqualValues(t, m.Histogram.GetSampleCount(), sum)
				}
			}
		}
		require.GreaterOrEqual(t, total, last)
		return total
	}
	for _, g := range []prometheus.Gatherer{bridge.Gatherer(reg, bridge.WithoutSelf()), there} {
		reading.Go(func() {
			last, first := 0.0, []*dto.MetricFamily(nil)
			for {
				families := gather(t, g)
				last = check(families, last)
				if first == nil {
					first = families
				}
				select {
				case <-done:
					check(first, 0)
					return
				default:
				}
			}
		})
	}
	reading.Go(func() {
		for ended := false; !ended; {
			select {
			case <-done:
				ended = true
			default:
			}
			messagesOf(t, reg)
		}
	})
	writing.Wait()
	close(done)
	reading.Wait()
	require.EqualValues(t, writers*updates, check(gather(t, there), 0))
	require.Contains(t, textOf(t, reg), fmt.Sprintf("c_count %d\n", writers*updates))
}
