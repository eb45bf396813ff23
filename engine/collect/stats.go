// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"fmt"
	"slices"
	"time"

	"github.com/quipu-metrics/quipu/engine"
)

// Stats registers metrics of statistics that another package keeps, such as those of a connection
// pool. Each scrape calls read once, so all values on a page belong to one reading. labels are
// constant labels, which may be nil: they set apart several pools of one kind.
//
//	err := collect.Stats(reg, pool.Stat, engine.Labels{"db_name": "orders"},
//		collect.Gauge("pgxpool_idle_conns", "Connections that wait for use.", (*pgxpool.Stat).IdleConns),
//		collect.Counter("pgxpool_acquires_total", "Connections taken.", (*pgxpool.Stat).AcquireCount))
//
// The folder internal/databases of the repository has the whole calls for pgx and for go-redis.
//
// The metrics are an [engine.Collector]: read is called on another goroutine, and never twice at
// once. If it panics or hangs, the page lacks these metrics, and the failure is counted.
//
// Stats registers all of the metrics or none. A second call with the same names and labels returns
// an error that matches [engine.ErrTaken] and changes nothing. To take the metrics off again, when
// the pool is closed, register them in a registry of their own: [engine.Registry.Mount] shows it,
// and [engine.Registry.Unmount] ends that.
func Stats[T any](reg *engine.Registry, read func() T, labels engine.Labels, stats ...Stat[T]) error {
	if read == nil {
		return fmt.Errorf("quipu: collect.Stats: %w: the function is nil", engine.ErrOption)
	}
	if len(stats) == 0 {
		return fmt.Errorf("quipu: collect.Stats: %w: there are no metrics", engine.ErrOption)
	}
	for i, s := range stats {
		if s.define == nil || s.value == nil {
			return fmt.Errorf("quipu: collect.Stats: %w: metric %d has no function: make it with Counter or Gauge",
				engine.ErrOption, i+1)
		}
	}
	return reg.Register(&statsCollector[T]{read: read, labels: labels, stats: slices.Clone(stats)})
}

// Stat is a metric of [Stats]: a name, a help text, and how its value is read off the statistics.
// [Counter] and [Gauge] make it.
type Stat[T any] struct {
	name, help string
	define     defineFunc
	value      func(T) float64
}

// defineFunc is a method of [engine.Definitions].
type defineFunc func(d *engine.Definitions, name, help string, labels []string,
	options ...engine.MetricOption) engine.Collected

// Number is a type of the numbers that statistics consist of.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Counter returns a counter for [Stats]. value returns its total: a method of T without arguments,
// or a function that reads a field. A [time.Duration] is shown in seconds. A page lacks a counter
// that is negative.
func Counter[T any, N Number](name, help string, value func(T) N) Stat[T] {
	return Stat[T]{name: name, help: help, define: (*engine.Definitions).Counter, value: asFloat(value)}
}

// Gauge returns a gauge for [Stats], as [Counter] returns a counter.
func Gauge[T any, N Number](name, help string, value func(T) N) Stat[T] {
	return Stat[T]{name: name, help: help, define: (*engine.Definitions).Gauge, value: asFloat(value)}
}

// asFloat returns value with its result as a metric shows it.
func asFloat[T any, N Number](value func(T) N) func(T) float64 {
	if value == nil {
		return nil
	}
	if _, ok := any(N(0)).(time.Duration); ok {
		return func(stats T) float64 { return time.Duration(value(stats)).Seconds() }
	}
	return func(stats T) float64 { return float64(value(stats)) }
}

// statsCollector is the [engine.Collector] of Stats. Only Define changes it, which Stats calls.
type statsCollector[T any] struct {
	read    func() T
	labels  engine.Labels // the caller's: only for Define
	stats   []Stat[T]
	metrics []engine.Collected // of the stats
}

// Define implements [engine.Collector].
func (c *statsCollector[T]) Define(d *engine.Definitions) {
	for _, s := range c.stats {
		metric := s.define(d, s.name, s.help, nil, engine.WithConstLabels(c.labels))
		c.metrics = append(c.metrics, metric)
	}
}

// Collect implements [engine.Collector].
func (c *statsCollector[T]) Collect(e *engine.Emission) {
	stats := c.read()
	for i, s := range c.stats {
		e.Emit(c.metrics[i], s.value(stats))
	}
}
