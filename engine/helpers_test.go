// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/textpage"
)

const openMetrics, protobuf = encode.OpenMetrics, encode.Protobuf

var (
	nan, inf  = math.NaN(), math.Inf(1)
	minusZero = math.Copysign(0, -1)
)

const denormal = 5e-324

const ms = time.Millisecond

// long reports whether the tests run in their long form.
func long() bool { return os.Getenv("QUIPU_LONG") == "1" }

// span returns how long a stress test runs: short, or full in the long form of the tests.
func span(short, full time.Duration) time.Duration {
	if long() {
		return full
	}
	return short
}

// background runs each function in a loop on a goroutine. stop ends the loops and waits for them.
func background(work ...func(i int)) (stop func()) {
	var done atomic.Bool
	var running sync.WaitGroup
	for _, f := range work {
		running.Go(func() {
			for i := 0; !done.Load(); i++ {
				f(i)
			}
		})
	}
	return func() {
		done.Store(true)
		running.Wait()
	}
}

// must returns the metric of a constructor. It panics with the constructor's error.
func must[M any](metric M, err error) M {
	if err != nil {
		panic(err)
	}
	return metric
}

// logged returns a registry with these options and the buffer that it logs to.
func logged(options ...engine.RegistryOption) (*engine.Registry, *bytes.Buffer) {
	var b bytes.Buffer
	handler := slog.NewTextHandler(&b, nil)
	return engine.NewRegistry(append(options, engine.WithLogger(slog.New(handler)))...), &b
}

// define defines a func metric.
func define(t *testing.T, r *engine.Registry, name string, f func() float64) {
	t.Helper()
	_, err := r.NewGaugeFunc(name, "", f)
	require.NoError(t, err)
}

// kinds are functions that define a metric of one kind and return the error.
var kinds = map[string]func(r *engine.Registry, name string) error{
	"counter":   func(r *engine.Registry, name string) error { _, err := r.NewCounter(name, ""); return err },
	"gauge":     func(r *engine.Registry, name string) error { _, err := r.NewGauge(name, ""); return err },
	"histogram": func(r *engine.Registry, name string) error { _, err := r.NewHistogram(name, ""); return err },
	"summary":   func(r *engine.Registry, name string) error { _, err := r.NewSummary(name, ""); return err },
	"counter vec": func(r *engine.Registry, name string) error {
		_, err := r.NewCounterVec(name, "", []string{"a"})
		return err
	},
	"gauge func": func(r *engine.Registry, name string) error {
		_, err := r.NewGaugeFunc(name, "", func() float64 { return 0 })
		return err
	},
}

// expose returns a page.
func expose(t testing.TB, r *engine.Registry, e engine.Exposition) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := r.Expose(&b, e)
	require.NoError(t, err)
	require.EqualValues(t, b.Len(), n)
	return b.Bytes()
}

// exposed returns a page without the registry's own metrics.
func exposed(t testing.TB, r *engine.Registry, e engine.Exposition) string {
	t.Helper()
	e.NoSelf = true
	return string(expose(t, r, e))
}

// pageOf returns the text page without the registry's own metrics.
func pageOf(t testing.TB, r *engine.Registry) string {
	t.Helper()
	return exposed(t, r, engine.Exposition{})
}

// scrape reads the text page, the registry's own metrics included.
func scrape(t testing.TB, r *engine.Registry) *textPage {
	t.Helper()
	page, err := parseText(expose(t, r, engine.Exposition{}))
	require.NoError(t, err)
	return page
}

// valuesOf returns the values by series of the text page without the registry's own metrics.
func valuesOf(t testing.TB, r *engine.Registry) map[string]string {
	t.Helper()
	page, err := parseText(expose(t, r, engine.Exposition{NoSelf: true}))
	require.NoError(t, err)
	return page.values
}

type textFamily struct {
	name, help, typ string
	samples         []textSample
}

type textSample struct {
	name   string
	labels map[string]string
	value  string
}

// key returns the name and the labels of the series, sorted.
func (s textSample) key() string { return textpage.Sample{Name: s.name, Labels: s.labels}.Series() }

// textPage is a parsed page.
type textPage struct {
	families []textFamily
	values   map[string]string // by textSample.key
}

func (p *textPage) family(name string) *textFamily {
	for i := range p.families {
		if p.families[i].name == name {
			return &p.families[i]
		}
	}
	return nil
}

// float returns the value of a series.
func (p *textPage) float(t testing.TB, key string) float64 {
	t.Helper()
	value, ok := p.values[key]
	require.True(t, ok, "no series %s", key)
	v, err := strconv.ParseFloat(value, 64)
	require.NoError(t, err)
	return v
}

func parseText(page []byte) (*textPage, error) {
	families, err := textpage.Parse(string(page))
	if err != nil {
		return nil, err
	}
	p := &textPage{values: map[string]string{}}
	for _, f := range families {
		family := textFamily{name: f.Name, help: f.Help, typ: f.Type}
		for _, read := range f.Samples {
			s := textSample{read.Name, read.Labels, read.Text}
			family.samples = append(family.samples, s)
			p.values[s.key()] = s.value
		}
		p.families = append(p.families, family)
	}
	return p, nil
}

// selfValue returns the value of one of the registry's own series. It reads a page that shows
// nothing else, so no function or collector is called. The label reason is absent if it is empty.
func selfValue(t testing.TB, r *engine.Registry, name, reason string) float64 {
	t.Helper()
	page, err := parseText(expose(t, r, engine.Exposition{Names: []string{name}}))
	require.NoError(t, err)
	if reason != "" {
		name += fmt.Sprintf("{reason=%q}", reason)
	}
	return page.float(t, name)
}

// dropped returns how many updates the registry has dropped for a reason.
func dropped(t testing.TB, r *engine.Registry, reason string) float64 {
	t.Helper()
	return selfValue(t, r, "quipu_dropped_updates_total", reason)
}

// failed returns how many times a function or a collector was left out of a page for a reason.
func failed(t testing.TB, r *engine.Registry, reason string) float64 {
	t.Helper()
	return selfValue(t, r, "quipu_callback_failures_total", reason)
}

// failures returns the value of failed on a page.
func failures(t *testing.T, p *textPage, reason string) float64 {
	t.Helper()
	return p.float(t, fmt.Sprintf("quipu_callback_failures_total{reason=%q}", reason))
}

// line returns the file and the line of its caller.
func line() string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", file, line)
}

// warnings returns the lines of a log, without their times.
func warnings(log *bytes.Buffer) (lines []string) {
	for text := range strings.Lines(log.String()) {
		_, text, _ = strings.Cut(strings.TrimSpace(text), " level=WARN msg=")
		lines = append(lines, text)
	}
	return lines
}

// hostile are label values that have broken other libraries.
var hostile = []string{
	"", " ", "\n", "\\", `"`, "\\n", `\"`, "\\\n\"", `ends in \`, "\t", "\r\n", "\x00", "a\x00b", "\x7f", "é",
	"\U0001d11e", "\u2028", "\ufeff", "\ufffd",
	"} 1\n# EOF", "} 1\n# EOF\n", `",b="x`, `"} 1` + "\n" + `c_total{a="2`, "# TYPE x counter", "+Inf", "{{.}}",
	"a,b=c{d}",
	"\xff", "\xc3\x28", "\xed\xa0\x80", "ok\xf0\x9f\x98", "\xff\xff\xff", "a\xffb\xfec", "\x80",
	strings.Repeat("x", engine.MaxLabelValue), strings.Repeat("x", engine.MaxLabelValue+1),
	strings.Repeat("é", engine.MaxLabelValue),
	strings.Repeat("x", engine.MaxLabelValue-1) + "é", strings.Repeat("\xff", engine.MaxLabelValue+3),
	strings.Repeat(`"`, 1000),
	strings.Repeat("a\xff", engine.MaxLabelValue/2),
}

// cleaned returns the value that the engine should store for a label value. The engine computes it
// in another way.
func cleaned(v string) string {
	cut := func(v string) string {
		for len(v) > engine.MaxLabelValue {
			_, size := utf8.DecodeLastRuneInString(v)
			v = v[:len(v)-size]
		}
		return v
	}
	if utf8.ValidString(v) {
		return cut(v)
	}
	return cut(strings.ToValidUTF8(cut(v), "\ufffd"))
}

// heap returns how many bytes of the heap are in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// requireHeapBelow waits until at most so many bytes more are in use than before. It calls read in
// between: the goroutine of a call may give its buffer back some readings later, and a buffer that
// is too large is given up when it is used again.
func requireHeapBelow(t *testing.T, before, most uint64, read func()) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); heap() > before+most; time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(end), "%d bytes are still in use, %d were before", heap(), before)
		read()
	}
}

// watchedPool is a collector with a metric of each type.
type watchedPool struct {
	size, waits, latency, age engine.Collected
	collect                   func(p *watchedPool, e *engine.Emission)
}

func (p *watchedPool) Define(d *engine.Definitions) {
	p.size = d.Gauge("pool_size", "Connections.", []string{"pool"})
	p.waits = d.Counter("pool_waits_total", "Waits.", nil)
	p.latency = d.Histogram("pool_latency_seconds", "Latency.", []string{"pool"}, engine.WithBuckets(1, 2))
	p.age = d.Summary("pool_age_seconds", "Age.", nil, engine.WithObjectives(map[float64]float64{0.5: 0.1}))
}

func (p *watchedPool) Collect(e *engine.Emission) { p.collect(p, e) }

// collectPool emits the values that are in poolPage.
func collectPool(p *watchedPool, e *engine.Emission) {
	e.Emit(p.size, 3, "a")
	e.Emit(p.size, 4.5, `b"`)
	e.Emit(p.waits, 7)
	e.EmitHistogram(p.latency, []uint64{1, 2, 3}, 12.5, "a")
	e.EmitSummary(p.age, []float64{0.25}, 4, 2)
}

const poolPage = `# HELP pool_age_seconds Age.
# TYPE pool_age_seconds summary
pool_age_seconds{quantile="0.5"} 0.25
pool_age_seconds_sum 2
pool_age_seconds_count 4
# HELP pool_latency_seconds Latency.
# TYPE pool_latency_seconds histogram
pool_latency_seconds_bucket{pool="a",le="1"} 1
pool_latency_seconds_bucket{pool="a",le="2"} 3
pool_latency_seconds_bucket{pool="a",le="+Inf"} 6
pool_latency_seconds_sum{pool="a"} 12.5
pool_latency_seconds_count{pool="a"} 6
# HELP pool_size Connections.
# TYPE pool_size gauge
pool_size{pool="a"} 3
pool_size{pool="b\""} 4.5
# HELP pool_waits_total Waits.
# TYPE pool_waits_total counter
pool_waits_total 7
`

// numbers are a thousand label values.
var numbers = func() (s []string) {
	for i := range 1000 {
		s = append(s, fmt.Sprint(i))
	}
	return s
}()

// sleeper is a slow function. It counts its calls and records whether two of them overlapped.
type sleeper struct {
	takes          time.Duration
	calls, running atomic.Int32
	twice          atomic.Bool
}

func (s *sleeper) sleep() {
	s.calls.Add(1)
	if s.running.Add(1) > 1 {
		s.twice.Store(true)
	}
	time.Sleep(s.takes)
	s.running.Add(-1)
}

func (s *sleeper) value() float64                     { s.sleep(); return 1 }
func (s *sleeper) emit(c *gauges, e *engine.Emission) { s.sleep(); e.Emit(c.gauge, 1, "x") }

// gauges is a collector that defines one gauge.
type gauges struct {
	name    string
	gauge   engine.Collected
	collect func(c *gauges, e *engine.Emission)
}

func (c *gauges) Define(d *engine.Definitions) { c.gauge = d.Gauge(c.name, "", []string{"a"}) }
func (c *gauges) Collect(e *engine.Emission)   { c.collect(c, e) }

func sleepAndEmit(s *sleeper) *gauges { return &gauges{name: "collected", collect: s.emit} }

// timedPage returns the values of a page and how long the page took.
func timedPage(t *testing.T, r *engine.Registry, e engine.Exposition) (map[string]string, time.Duration) {
	t.Helper()
	begin := time.Now()
	e.NoSelf = true
	page, err := parseText(expose(t, r, e))
	require.NoError(t, err)
	return page.values, time.Since(begin)
}

// slowWriter keeps a page and needs some time for every chunk.
type slowWriter struct {
	strings.Builder
	takes time.Duration
}

func (w *slowWriter) Write(b []byte) (int, error) {
	time.Sleep(w.takes)
	return w.Builder.Write(b)
}
