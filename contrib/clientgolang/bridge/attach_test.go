// SPDX-License-Identifier: Apache-2.0

package bridge_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/bridge"
	"github.com/quipu-metrics/quipu/engine"
)

// logged returns a registry and its log.
func logged() (*engine.Registry, *bytes.Buffer) {
	var log bytes.Buffer
	return engine.NewRegistry(engine.WithLogger(slog.New(slog.NewTextHandler(&log, nil))), engine.WithUTF8Names()), &log
}

// self returns the value of a metric that a registry has about itself, the sum of its series whose
// labels have all the values.
func self(reg *engine.Registry, name string, values ...string) (total float64) {
	for f := range reg.Read(engine.ReadOptions{Names: []string{name}}) {
	series:
		for s := range f.Samples() {
			for _, v := range values {
				if !strings.Contains(fmt.Sprint(s.Labels()), " "+v+"}") {
					continue series
				}
			}
			total += s.Value()
		}
	}
	return total
}

// theirEveryKind returns a registry of client_golang with all that it can hold.
func theirEveryKind(t testing.TB) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	c := prometheus.NewCounterVec(
		prometheus.CounterOpts{Name: "a_total", Help: "Help \\ of\na."}, []string{"path", "code"})
	reg.MustRegister(c)
	first := c.WithLabelValues("/x\"\n", "200").(prometheus.ExemplarAdder)
	first.AddWithExemplar(3, prometheus.Labels{"trace_id": "7f"})
	c.WithLabelValues("/y", "200").Add(1 << 53)
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "b_bytes", Help: "B.", Unit: "bytes"})
	g.Set(math.NaN())
	h := prometheus.NewHistogramVec(
		prometheus.HistogramOpts{Name: "c_seconds", Buckets: []float64{1, 2}}, []string{"x"})
	h.WithLabelValues("1").Observe(1)
	two := h.WithLabelValues("2").(prometheus.ExemplarObserver)
	two.ObserveWithExemplar(0.5, prometheus.Labels{"trace_id": "1"})
	two.ObserveWithExemplar(9, prometheus.Labels{"trace_id": "2", "b": "3"})
	n := prometheus.NewHistogramVec(
		prometheus.HistogramOpts{Name: "d_seconds", NativeHistogramBucketFactor: 1.1}, []string{"x"})
	for _, v := range []float64{-3, 0, 1, 1.5, 100} {
		o := n.WithLabelValues("1").(prometheus.ExemplarObserver)
		o.ObserveWithExemplar(v, prometheus.Labels{"v": fmt.Sprint(v)})
	}
	n.WithLabelValues("nan").Observe(math.NaN())
	zero := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "e_seconds", NativeHistogramBucketFactor: 1.1,
		NativeHistogramZeroThreshold: prometheus.NativeHistogramZeroThresholdZero})
	both := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "f_seconds", NativeHistogramBucketFactor: 1.1, Buckets: []float64{1}})
	both.(prometheus.ExemplarObserver).ObserveWithExemplar(0.5, prometheus.Labels{"v": "0.5"})
	both.(prometheus.ExemplarObserver).ObserveWithExemplar(2, prometheus.Labels{"v": "2"})
	s := prometheus.NewSummary(prometheus.SummaryOpts{
		Name: "g_seconds", Objectives: map[float64]float64{0.5: 0.05, 0.9: 0.01}})
	s.Observe(4)
	empty := prometheus.NewSummary(prometheus.SummaryOpts{
		Name: "h_seconds", Objectives: map[float64]float64{0.5: 0.05}})
	utf8 := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "größe"}, []string{"größte.art"})
	utf8.WithLabelValues("ä").Set(math.Inf(-1))
	u := prometheus.NewUntypedFunc(prometheus.UntypedOpts{Name: "i"}, func() float64 { return 9 })
	reg.MustRegister(g, h, n, zero, both, s, empty, utf8, u, constants{})
	return reg
}

// constants is a collector of metrics that have times of their own.
type constants struct{}

func (constants) Describe(chan<- *prometheus.Desc) {}

func (constants) Collect(ch chan<- prometheus.Metric) {
	at := time.UnixMilli(1700000000123)
	desc := func(name string) *prometheus.Desc { return prometheus.NewDesc(name, "Const.", []string{"x"}, nil) }
	ch <- prometheus.NewMetricWithTimestamp(at, prometheus.MustNewConstMetric(desc("q"), prometheus.GaugeValue, 1, "y"))
	ch <- prometheus.MustNewConstMetricWithCreatedTimestamp(desc("r_total"), prometheus.CounterValue, 2, at, "y")
	ch <- prometheus.MustNewConstHistogramWithCreatedTimestamp(desc("s"), 4, 5, map[float64]uint64{1: 2, 3: 4}, at, "y")
	ch <- prometheus.MustNewConstSummaryWithCreatedTimestamp(desc("t"), 4, 5,
		map[float64]float64{0.5: 2, 0.1: 3}, at, "y")
	ch <- prometheus.NewMetricWithTimestamp(at, prometheus.MustNewConstNativeHistogram(desc("u"), 7, 10,
		map[int]int64{1: 2, 5: 1}, map[int]int64{-3: 3}, 1, 2, 0.001, at, "y"))
}

// The page is decoded by the official library.
func TestAttachShowsEverythingThatClientGolangHas(t *testing.T) {
	there := theirEveryKind(t)
	reg, log := logged()
	require.NoError(t, bridge.Attach(reg, there))
	for range 2 {
		want := gather(t, there)
		requireSame(t, want, messagesOf(t, reg))
		require.Len(t, want, 15)
	}
	require.Empty(t, log.String(), "nothing is left out")
}

func TestGoAndProcessCollectorsComeOver(t *testing.T) {
	there := prometheus.NewRegistry()
	there.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	reg, log := logged()
	require.NoError(t, bridge.Attach(reg, there))
	var names []string
	for _, f := range messagesOf(t, reg) {
		names = append(names, f.GetName())
	}
	var want []string
	for _, f := range gather(t, there) {
		want = append(want, f.GetName())
	}
	require.Equal(t, want, names)
	require.Empty(t, log.String())
}

func TestNamesOfTheRegistryWinAndWhatIsLeftOutIsCountedByName(t *testing.T) {
	there := prometheus.NewRegistry()
	for _, name := range []string{"taken", "free"} {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name})
		g.Set(2)
		there.MustRegister(g)
	}
	reg, log := logged()
	must(reg.NewGauge("taken", "")).Set(1)
	require.NoError(t, bridge.Attach(reg, there))
	for range 3 {
		require.Equal(t, "# TYPE free gauge\nfree 2\n# TYPE taken gauge\ntaken 1\n", textOf(t, reg))
	}
	require.EqualValues(t, 3, self(reg, "quipu_source_drops_total", "taken"))
	require.Equal(t, 1, strings.Count(log.String(), "\n"))
	require.Contains(t, log.String(), "metric=taken")
}

func TestAnErrorOfAGathererCostsWhatFailedAndIsLoggedOnce(t *testing.T) {
	there := prometheus.NewRegistry()
	broken := prometheus.NewDesc("broken", "", nil, nil)
	there.MustRegister(failing{broken}, prometheus.NewGauge(prometheus.GaugeOpts{Name: "healthy"}))
	reg, log := logged()
	must(reg.NewGauge("own", "")).Set(1)
	require.NoError(t, bridge.Attach(reg, there))
	for range 3 {
		require.Equal(t, "# TYPE healthy gauge\nhealthy 0\n# TYPE own gauge\nown 1\n", textOf(t, reg))
	}
	require.EqualValues(t, 3, self(reg, "quipu_callback_failures_total"))
	require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
	require.Contains(t, log.String(), "the disk is gone")

	// No families, a panic, and families that are nil.
	for _, g := range []prometheus.GathererFunc{
		func() ([]*dto.MetricFamily, error) { return nil, errors.New("nothing") },
		func() ([]*dto.MetricFamily, error) { panic("nothing") },
		func() ([]*dto.MetricFamily, error) {
			empty := []*dto.Metric{nil, {}}
			return []*dto.MetricFamily{nil, {}, {Metric: empty}, {Name: new("x"), Metric: empty}}, nil
		},
	} {
		reg, _ := logged()
		must(reg.NewGauge("own", "")).Set(1)
		require.NoError(t, bridge.Attach(reg, g))
		require.Equal(t, "# TYPE own gauge\nown 1\n", textOf(t, reg))
		require.Positive(t, self(reg, "quipu_callback_failures_total")+self(reg, "quipu_source_drops_total"))
	}
}

// failing is a collector whose metric cannot be read.
type failing struct{ desc *prometheus.Desc }

func (f failing) Describe(ch chan<- *prometheus.Desc) { ch <- f.desc }
func (f failing) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.NewInvalidMetric(f.desc, errors.New("the disk is gone"))
}

func TestWhatQuipuHasNoFormForIsCountedByName(t *testing.T) {
	h := func(change func(h *dto.Histogram)) []*dto.Metric {
		m := &dto.Histogram{SampleCount: new(uint64(3)), SampleSum: new(1.0), Bucket: []*dto.Bucket{
			{UpperBound: new(1.0), CumulativeCount: new(uint64(2))},
			{UpperBound: new(2.0), CumulativeCount: new(uint64(3))},
		}}
		change(m)
		return []*dto.Metric{{Histogram: m}}
	}
	histogram, gaugeHistogram := dto.MetricType_HISTOGRAM.Enum(), dto.MetricType_GAUGE_HISTOGRAM.Enum()
	counter := dto.MetricType_COUNTER.Enum()
	families := []*dto.MetricFamily{
		{Name: new("fits"), Type: histogram, Metric: h(func(*dto.Histogram) {})},
		{Name: new("gauges"), Type: gaugeHistogram, Metric: h(func(*dto.Histogram) {})},
		{Name: new("falling"), Type: histogram, Metric: h(func(h *dto.Histogram) {
			*h.Bucket[1].CumulativeCount = 1
		})},
		{Name: new("few"), Type: histogram, Metric: h(func(h *dto.Histogram) { *h.SampleCount = 2 })},
		{Name: new("float"), Type: histogram, Metric: h(func(h *dto.Histogram) { h.SampleCountFloat = new(3.5) })},
		{Name: new("floats"), Type: histogram, Metric: h(func(h *dto.Histogram) {
			h.Bucket[0].CumulativeCountFloat = new(2.5)
		})},
		{Name: new("custom"), Type: histogram, Metric: h(func(h *dto.Histogram) {
			h.Schema, h.ZeroCount = new(int32(-53)), new(uint64(3))
		})},
		{Name: new("beyond"), Type: histogram, Metric: h(func(h *dto.Histogram) {
			h.Bucket[0].UpperBound = new(math.Inf(1)) // and another one after it
		})},
		{Name: new("unequal"), Type: histogram, Metric: h(func(h *dto.Histogram) {
			h.Bucket[1].UpperBound, h.SampleCount = new(math.Inf(1)), new(uint64(4))
		})},
		{Name: new("mixed"), Type: counter, Metric: []*dto.Metric{{Gauge: &dto.Gauge{Value: new(1.0)}}}},
		{Name: new("negative"), Type: counter, Metric: []*dto.Metric{{Counter: &dto.Counter{Value: new(-1.0)}}}},
	}
	reg, _ := logged()
	fixed := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return families, nil })
	require.NoError(t, bridge.Attach(reg, fixed))
	page := messagesOf(t, reg)
	require.Len(t, page, 1)
	require.Equal(t, "fits", page[0].GetName())
	for _, f := range families[1:] {
		require.Positive(t, self(reg, "quipu_source_drops_total", f.GetName()), f.GetName())
	}
}

func TestAGathererIsAttachedOnceAndCanBeDetached(t *testing.T) {
	reg, _ := logged()
	require.ErrorIs(t, bridge.Attach(reg, nil), engine.ErrOption)
	require.ErrorIs(t, bridge.Attach(reg, prometheus.DefaultGatherer, engine.WithTimeout(-1)), engine.ErrOption)
	require.NoError(t, bridge.Attach(reg, prometheus.DefaultGatherer, engine.WithTimeout(time.Second)))
	require.ErrorIs(t, bridge.Attach(reg, prometheus.DefaultGatherer), engine.ErrTaken)
	require.Contains(t, textOf(t, reg), "go_goroutines ")
	require.True(t, reg.Detach(bridge.Source(prometheus.DefaultGatherer)))
	require.False(t, reg.Detach(bridge.Source(prometheus.DefaultGatherer)))
	require.Empty(t, textOf(t, reg))

	several := bridge.Source(prometheus.Gatherers{prometheus.DefaultGatherer})
	require.NoError(t, reg.Attach(several))
	require.Contains(t, textOf(t, reg), "go_goroutines ")
	require.True(t, reg.Detach(several))
	require.False(t, reg.Detach(bridge.Source(nil)))
}

// quipu -> client_golang -> quipu, and longer. Each page has all metrics once, and nothing waits.
func TestAChainOfBridgesThatClosesNeitherWaitsNorRepeats(t *testing.T) {
	a, _ := logged()
	b, _ := logged()
	lib, _ := logged() // mounted in a
	p, q := prometheus.NewRegistry(), prometheus.NewRegistry()
	for name, reg := range map[string]*engine.Registry{"of_a": a, "of_b": b, "of_lib": lib} {
		must(reg.NewGauge(name, "")).Set(1)
	}
	var calls atomic.Int64
	counted := func() float64 { calls.Add(1); return 1 }
	p.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "of_p"}, counted))
	q.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "of_q"}))
	require.NoError(t, a.Mount(lib))
	require.NoError(t, lib.Attach(bridge.Source(p)))
	require.NoError(t, bridge.Attach(a, q))
	require.NoError(t, bridge.Attach(a, prometheus.Gatherers{p, bridge.Gatherer(a, bridge.WithoutSelf())}))
	require.NoError(t, bridge.Attach(b, p))
	p.MustRegister(bridge.Collector(a, bridge.WithoutSelf()))
	q.MustRegister(bridge.Collector(b, bridge.WithoutSelf()))

	begin := time.Now()
	page := textOf(t, a)
	for _, name := range []string{"of_a", "of_b", "of_lib", "of_p", "of_q"} {
		require.Equal(t, 1, strings.Count(page, "# TYPE "+name+" gauge\n"), "%s\n%s", name, page)
	}
	require.LessOrEqual(t, calls.Load(), int64(2), "once for each gatherer that is attached")
	var names []string
	for _, f := range gather(t, p) {
		names = append(names, f.GetName())
	}
	require.Equal(t, []string{"of_a", "of_lib", "of_p"}, names)
	require.Contains(t, textOf(t, b), "of_p 1\n")
	require.Contains(t, textOf(t, lib), "of_p 1\n")
	require.Less(t, time.Since(begin), time.Second, "no page has waited for itself")
}
