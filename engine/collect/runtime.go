// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/quipu-metrics/quipu/engine"
)

// Go registers metrics of the Go runtime (go_*): goroutines and threads, memory, garbage collection
// and scheduling.
//
// They come from runtime/metrics and debug.ReadGCStats. Neither stops the world, so a scrape does
// not pause the program. In steady state, collecting them allocates nothing; BenchmarkScrape/go
// measures it. The values of one scrape are read together, but the runtime does not promise that
// they were true at the same instant.
//
// On a page in OpenMetrics, the counter go_memstats_alloc_bytes_total has the type unknown. As a
// counter it would be in one family with the gauge go_memstats_alloc_bytes.
func Go(reg *engine.Registry) error { return reg.Register(new(goCollector)) }

type goCollector struct {
	samples   []metrics.Sample // in the order of the families' sources
	families  []sumOfSamples
	latencies latencies

	gc       debug.GCStats
	duration engine.Collected
	lastGC   engine.Collected
	info     engine.Collected

	goroutines engine.Collected
}

// sumOfSamples is a family whose value is the sum of consecutive samples.
type sumOfSamples struct {
	metric  engine.Collected
	samples []metrics.Sample
}

// Define implements [engine.Collector].
func (c *goCollector) Define(d *engine.Definitions) {
	families := runtimeFamilies()
	total := 0
	for _, f := range families {
		total += len(f.sources)
	}
	c.samples = make([]metrics.Sample, 0, total+1) // families hold parts of it, so it must not move
	for _, f := range families {
		begin := len(c.samples)
		for _, source := range f.sources {
			c.samples = append(c.samples, metrics.Sample{Name: source})
		}
		define := d.Gauge
		if f.counter {
			define = d.Counter
		}
		c.families = append(c.families, sumOfSamples{define(f.name, f.help, nil), c.samples[begin:]})
	}
	for i := range c.families {
		c.families[i].samples = c.families[i].samples[:len(families[i].sources)]
	}
	c.samples = append(c.samples, metrics.Sample{Name: latencySource})
	c.latencies.define(d, &c.samples[len(c.samples)-1])

	// The runtime keeps the last 256 pauses and computes the quantiles from them, so the errors of
	// the objectives have no effect.
	const exact = 0.001
	c.duration = d.Summary("go_gc_duration_seconds",
		"Pauses of the world for garbage collection: quantiles of the last 256.",
		nil, engine.WithObjectives(map[float64]float64{0: exact, 0.25: exact, 0.5: exact, 0.75: exact, 1: exact}))
	c.gc.PauseQuantiles = make([]time.Duration, 5)
	c.lastGC = d.Gauge("go_memstats_last_gc_time_seconds",
		"When the last garbage collection ended, in seconds since 1970.", nil)
	c.goroutines = d.Gauge("go_goroutines", "Goroutines that exist, those of the runtime itself not included.", nil)
	c.info = d.Gauge("go_info", "The version of Go; always 1.", []string{"version"})
}

// Collect implements [engine.Collector].
func (c *goCollector) Collect(e *engine.Emission) {
	metrics.Read(c.samples)
	for _, f := range c.families {
		sum := 0.0
		for _, s := range f.samples {
			// A metric that this version of the runtime does not have is of KindBad.
			if s.Value.Kind() == metrics.KindUint64 {
				sum += float64(s.Value.Uint64())
			}
		}
		e.Emit(f.metric, sum)
	}
	c.latencies.emit(e)
	e.Emit(c.goroutines, float64(runtime.NumGoroutine())) // runtime/metrics counts those of the runtime too

	debug.ReadGCStats(&c.gc)
	var quantiles [5]float64
	for i, q := range c.gc.PauseQuantiles {
		quantiles[i] = q.Seconds()
	}
	e.EmitSummary(c.duration, quantiles[:], uint64(c.gc.NumGC), c.gc.PauseTotal.Seconds())
	e.Emit(c.lastGC, float64(c.gc.LastGC.UnixNano())/1e9)
	e.Emit(c.info, 1, runtime.Version())
}
