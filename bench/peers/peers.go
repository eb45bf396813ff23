// SPDX-License-Identifier: Apache-2.0

package peers

import "net/http"

// Library is one contestant.
type Library struct {
	Name   string // as in the names of benchmarks
	Module string // the module whose version tables show
	New    func() Registry
}

// Libraries returns the contestants, quipu first.
func Libraries() []Library {
	return []Library{
		{"quipu", "github.com/quipu-metrics/quipu", newQuipu},
		{"client_golang", "github.com/prometheus/client_golang", newClientGolang},
		{"victoriametrics", "github.com/VictoriaMetrics/metrics", newVictoriaMetrics},
		{"otel", "go.opentelemetry.io/otel/sdk/metric", newOTel},
	}
}

// LibraryNamed returns a contestant.
func LibraryNamed(name string) (l Library, ok bool) {
	for _, l := range Libraries() {
		if l.Name == name {
			return l, true
		}
	}
	return Library{}, false
}

// Work is one kind of operation, ready to be repeated by any number of goroutines.
type Work struct {
	// Start returns a function that does n operations. Each goroutine calls Start for itself.
	Start func() func(n int)

	// Missing says why the library cannot do this; Start is nil then.
	Missing string
}

// missing is the Work of a scenario that a library has no means for.
func missing(why string) Work { return Work{Missing: why} }

// stateless is Work whose goroutines share nothing but the metric.
func stateless(loop func(n int)) Work { return Work{Start: func() func(int) { return loop }} }

// Kind is a type of metric.
type Kind string

// The kinds of metrics that a registry is filled with.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
	Summary   Kind = "summary"
)

// Kinds returns them all.
func Kinds() []Kind { return []Kind{Counter, Gauge, Histogram, Summary} }

// Registry is one registry of a library, which no other Registry shares anything with.
type Registry interface {
	CounterInc() Work       // one series, by handle
	CounterAdd() Work       // the same, adding 0.5
	GaugeIncDec() Work      // one operation is an increment and a decrement
	GaugeSet() Work         //
	HistogramObserve() Work // the values of [Latencies] in the default buckets
	NativeHistogram() Work  // the same values in exponential buckets that grow by 9 or 10 %
	SummaryObserve() Work   // the values of [Sizes], for the default objectives
	Lookup2() Work          // two labels by position, one series, and Inc
	Lookup3Random() Work    // the series of [Triples], in its order, and Inc
	Lookup3Long() Work      // the same with [LongTriples]
	LookupMap() Work        // two labels by name, given as a map, and Inc
	LookupTyped() Work      // two labels as a struct, and Inc
	CreateSeries() Work     // a new counter with two labels, and Inc

	// Fill makes n series of a kind with two labels and gives each one a value: counters and gauges
	// are increased by their number, histograms and summaries observe one of [Latencies]. If
	// handles is set it returns a function that updates series i, from any goroutine. The error
	// says what the library cannot do.
	Fill(kind Kind, n int, handles bool) (update func(i int, v float64), err error)

	// Handler is the documented way to expose the registry over HTTP.
	Handler() http.Handler

	// Close releases what would outlive the registry.
	Close()
}
