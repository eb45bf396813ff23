// SPDX-License-Identifier: Apache-2.0

package house

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/atomicf"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/engine/collect"
	"github.com/quipu-metrics/quipu/engine/metrictest"
	"github.com/quipu-metrics/quipu/export"
	"github.com/quipu-metrics/quipu/export/expvars"
	"github.com/quipu-metrics/quipu/export/live"
	"github.com/quipu-metrics/quipu/export/otlp"
	"github.com/quipu-metrics/quipu/export/push"
	"github.com/quipu-metrics/quipu/export/remote"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/metricdoc"
	"github.com/quipu-metrics/quipu/quantile"
	"github.com/quipu-metrics/quipu/shard"
)

type zeroLabels struct{ A string }

// zeroValues returns a pointer to the zero value of every exported type of the public packages that
// is no interface.
func zeroValues() map[string]any {
	return map[string]any{
		"atomicf.Count": new(atomicf.Count), "atomicf.Float64": new(atomicf.Float64),
		"atomicf.Level": new(atomicf.Level), "atomicf.Sum": new(atomicf.Sum),

		"encode.Buckets": new(encode.Buckets), "encode.CounterSample": new(encode.CounterSample),
		"encode.Escaping": new(encode.Escaping), "encode.Exemplar": new(encode.Exemplar),
		"encode.Family": new(encode.Family),
		"encode.Format": new(encode.Format), "encode.HistogramSample": new(encode.HistogramSample),
		"encode.NativeSample": new(encode.NativeSample),
		"encode.Span":         new(encode.Span), "encode.SummarySample": new(encode.SummarySample),
		"encode.Type": new(encode.Type),

		"engine.Collected": new(engine.Collected), "engine.Counter": new(engine.Counter),
		"engine.CounterFunc": new(engine.CounterFunc), "engine.CounterOf": new(engine.CounterOf[zeroLabels]),
		"engine.CounterVec": new(engine.CounterVec), "engine.Definitions": new(engine.Definitions),
		"engine.Emission": new(engine.Emission), "engine.Estimate": new(engine.Estimate),
		"engine.Exemplar": new(engine.Exemplar), "engine.Exposition": new(engine.Exposition),
		"engine.Family": new(engine.Family),
		"engine.Gauge":  new(engine.Gauge), "engine.GaugeFunc": new(engine.GaugeFunc),
		"engine.GaugeOf":  new(engine.GaugeOf[zeroLabels]),
		"engine.GaugeVec": new(engine.GaugeVec), "engine.Histogram": new(engine.Histogram),
		"engine.HistogramOf":       new(engine.HistogramOf[zeroLabels]),
		"engine.HistogramSnapshot": new(engine.HistogramSnapshot),
		"engine.HistogramVec":      new(engine.HistogramVec), "engine.Info": new(engine.Info),
		"engine.Label":  new(engine.Label),
		"engine.Labels": new(engine.Labels), "engine.ReadOptions": new(engine.ReadOptions),
		"engine.Registry": new(engine.Registry), "engine.Point": new(engine.Point), "engine.Sample": new(engine.Sample),
		"engine.Summary": new(engine.Summary), "engine.SummarySample": new(engine.SummarySample),
		"engine.SummaryOf": new(engine.SummaryOf[zeroLabels]), "engine.SummarySnapshot": new(engine.SummarySnapshot),
		"engine.SummaryVec": new(engine.SummaryVec), "engine.Timer": new(engine.Timer),
		"engine.Writer": new(engine.Writer),

		"engine/collect.Stat": new(collect.Stat[int]),

		"engine/metrictest.Family": new(metrictest.Family), "engine/metrictest.Sample": new(metrictest.Sample),

		"export.InstrumentOption": new(export.InstrumentOption), "export.Option": new(export.Option),
		"export.Service": new(export.Service),

		"engine.Callback": new(engine.Callback), "export/live.Option": new(live.Option),
		"export/expvars.Option": new(expvars.Option),
		"export/otlp.Exporter":  new(otlp.Exporter), "export/otlp.Option": new(otlp.Option),
		"export/otlp.PartialError": new(otlp.PartialError), "export/otlp.StatusError": new(otlp.StatusError),

		"export/push.Option": new(push.Option), "export/push.Pusher": new(push.Pusher),
		"export/push.StatusError": new(push.StatusError),

		"export/remote.Option": new(remote.Option), "export/remote.Protocol": new(remote.Protocol),
		"export/remote.StatusError": new(remote.StatusError), "export/remote.Writer": new(remote.Writer),

		"histogram.Bounds": new(histogram.Bounds), "histogram.Classic": new(histogram.Classic),
		"histogram.Native": new(histogram.Native), "histogram.NativeBuckets": new(histogram.NativeBuckets),
		"histogram.NativeOptions":  new(histogram.NativeOptions),
		"histogram.NativeSnapshot": new(histogram.NativeSnapshot), "histogram.NativeSpan": new(histogram.NativeSpan),

		"metricdoc.Change": new(metricdoc.Change), "metricdoc.Family": new(metricdoc.Family),
		"metricdoc.Metrics": new(metricdoc.Metrics), "metricdoc.Objective": new(metricdoc.Objective),
		"metricdoc.Problem": new(metricdoc.Problem), "metricdoc.Series": new(metricdoc.Series),

		"quantile.Log": new(quantile.Log), "quantile.Objective": new(quantile.Objective),
		"quantile.Objectives": new(quantile.Objectives), "quantile.Window": new(quantile.Window),

		"shard.Age": new(shard.Age), "shard.Budget": new(shard.Budget), "shard.Config": new(shard.Config),
		"shard.Expiry": new(shard.Expiry), "shard.Key": new(shard.Key), "shard.Limit": new(shard.Limit),
		"shard.Map": new(shard.Map), "shard.Node": new(shard.Node), "shard.Part": new(shard.Part),
	}
}

// zeroFunctions are functions that take what has not been set up.
func zeroFunctions() map[string]func() {
	o, err := quantile.NewObjectives(map[float64]float64{0.5: 0.1})
	if err != nil {
		panic(err)
	}
	log := quantile.NewLog(nil)
	ready := new(quantile.Window)
	ready.Init(log, o, 0)
	work := func() error { return nil }
	reg := func() *engine.Registry { return new(engine.Registry) }
	return map[string]func(){
		"Log.Observe of a zero Window":       func() { log.Observe(new(quantile.Window), 1); log.Drain() },
		"Log.Observe of no Window":           func() { log.Observe(nil, 1); log.Drain() },
		"Observe of a zero Log":              func() { new(quantile.Log).Observe(ready, 1) },
		"Window.Init with a zero Log":        func() { new(quantile.Window).Init(new(quantile.Log), o, time.Second) },
		"Classic.Init with zero Bounds":      func() { observe(new(histogram.Bounds)) },
		"Classic.Init without Bounds":        func() { observe(nil) },
		"StartTimer of a zero Summary":       func() { engine.StartTimer(new(engine.Summary)).Stop() },
		"StartTimer of a zero Histogram":     func() { engine.StartTimer(new(engine.Histogram)).Stop() },
		"StartTimer of nothing":              func() { engine.StartTimer(nil).Stop() },
		"Timed with a zero Summary":          func() { _ = engine.Timed(new(engine.Summary), work)() },
		"InProgress with a zero Gauge":       func() { _ = engine.InProgress(new(engine.Gauge), work)() },
		"CountErrors with a zero Counter":    func() { _ = engine.CountErrors(new(engine.Counter), work)() },
		"Handler of a zero Registry":         func() { serve(export.Handler(reg())) },
		"Middleware of a zero Registry":      func() { serve(export.Middleware(reg())(http.NotFoundHandler())) },
		"Service of a zero Registry":         func() { _ = export.NewService(reg()).Start("127.0.0.1:0") },
		"RegisterCounterOf zero Registry":    func() { _, _ = engine.RegisterCounterOf[zeroLabels](reg(), "x", "") },
		"RoundTripper of a zero Registry":    func() { export.RoundTripper(nil, reg()) },
		"a registry with a nil metricOption": func() { _, _ = engine.NewRegistry().NewCounter("x", "", nil) },
	}
}

func observe(bounds *histogram.Bounds) {
	c := new(histogram.Classic)
	c.Init(bounds)
	c.Observe(1)
}

func serve(h http.Handler) {
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/metrics", nil))
}

// arguments returns plausible arguments for a method; pointers are nil or, if made is set, to zero
// values.
func arguments(method reflect.Type, made bool) (args []reflect.Value) {
	inputs := method.NumIn()
	if method.IsVariadic() {
		inputs--
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	known := []any{ctx, io.Discard, io.Writer(new(bytes.Buffer)), httptest.NewRecorder(),
		httptest.NewRequest(http.MethodGet, "/", nil), 1.5, "x", []string{"x"}, time.Millisecond, 1, uint64(1)}
	for i := range inputs {
		in := method.In(i)
		at := slices.IndexFunc(known, func(v any) bool {
			return reflect.TypeOf(v).AssignableTo(in) && in.NumMethod() != 0 || reflect.TypeOf(v) == in
		})
		switch {
		case at >= 0:
			args = append(args, reflect.ValueOf(known[at]))
		case in.Kind() == reflect.Pointer && made:
			args = append(args, reflect.New(in.Elem()))
		case in.Kind() == reflect.Func:
			args = append(args, reflect.MakeFunc(in, func([]reflect.Value) (results []reflect.Value) {
				for j := range in.NumOut() {
					results = append(results, reflect.Zero(in.Out(j)))
				}
				return results
			}))
		default:
			args = append(args, reflect.Zero(in))
		}
	}
	return args
}

func takesPointer(method reflect.Type) bool {
	for in := range method.Ins() {
		if in.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}

// callAll calls everything there is and prints what came of it. A fault that nothing recovers from
// ends the process.
func callAll() {
	zeros := zeroValues()
	for _, name := range slices.Sorted(mapKeys(zeros)) {
		for _, v := range []reflect.Value{reflect.ValueOf(zeros[name]), reflect.Zero(reflect.TypeOf(zeros[name]))} {
			for i := range v.NumMethod() {
				for _, made := range []bool{false, true} {
					if made && !takesPointer(v.Method(i).Type()) {
						continue
					}
					method := v.Type().Method(i).Name
					call(fmt.Sprintf("%s.%s, nil receiver: %t", name, method, v.IsNil()), func() {
						m := v.Method(i)
						results := m.Call(arguments(m.Type(), made))
						if len(results) == 1 && results[0].Kind() == reflect.Func && results[0].Type().NumIn() == 1 {
							iterate(results[0])
						}
					})
				}
			}
		}
	}
	functions := zeroFunctions()
	for _, name := range slices.Sorted(mapKeys(functions)) {
		call(name, functions[name])
	}
	runtime.GC()
	time.Sleep(100 * time.Millisecond) // for goroutines that were started
}

// iterate walks an iterator to its end.
func iterate(seq reflect.Value) {
	yield := reflect.MakeFunc(seq.Type().In(0), func([]reflect.Value) []reflect.Value {
		return []reflect.Value{reflect.ValueOf(true)}
	})
	seq.Call([]reflect.Value{yield})
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func call(name string, f func()) {
	done := make(chan struct{})
	fmt.Println("calling", name)
	go func() {
		defer close(done)
		defer func() {
			if v := recover(); v != nil {
				fmt.Println("  panicked:", strings.Split(fmt.Sprint(v), "\n")[0])
			}
		}()
		f()
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		fmt.Println("  hangs")
		os.Exit(3)
	}
}

// A forgotten constructor killed the process: a fault while pinned to a P cannot be recovered from.
func TestZeroValuesWorkOrPanicOrdinarily(t *testing.T) {
	if os.Getenv("QUIPU_ZERO_VALUES") != "" {
		callAll()
		fmt.Println("all called")
		return
	}
	t.Parallel() // some of them wait
	command := exec.Command(os.Args[0], "-test.run=^TestZeroValuesWorkOrPanicOrdinarily$")
	command.Env = append(os.Environ(), "QUIPU_ZERO_VALUES=1")
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "all called")
	require.Contains(t, string(out), "calling engine.Summary.Observe")
}

func TestTheTableOfZeroValuesHasEveryExportedType(t *testing.T) {
	var want []string
	for _, f := range goFiles(t) {
		if f.isTest() || !isPublic(f.dir) {
			continue
		}
		for _, decl := range f.ast.Decls {
			general, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range general.Specs {
				if s, ok := spec.(*ast.TypeSpec); ok && s.Name.IsExported() {
					if _, isInterface := s.Type.(*ast.InterfaceType); !isInterface {
						want = append(want, f.dir+"."+s.Name.Name)
					}
				}
			}
		}
	}
	slices.Sort(want)
	require.Equal(t, want, slices.Sorted(mapKeys(zeroValues())))
}

// isPublic reports whether programs can import the package, and are meant to.
func isPublic(dir string) bool {
	first, _, _ := strings.Cut(dir, "/")
	_, inHouse := floors[dir]
	return first != "internal" && (inHouse || path.Dir(dir) == "export")
}
