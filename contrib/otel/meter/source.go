// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/quipu-metrics/quipu/contrib/otel/internal/naming"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// source is the [engine.Source] of a provider: it runs the callbacks of observable instruments, and
// writes what they observe, and target_info.
type source struct {
	namer  *naming.Namer
	target engine.Labels // of target_info; nil without it

	mu        sync.Mutex
	callbacks []*callback // replaced, never changed
	forgets   []func()    // of the handles of all instruments; replaced, never changed
	forgot    time.Time   // the last time that they were called
}

// forgetAfter is how long a set of attributes is remembered at least after its last measurement.
const forgetAfter = time.Minute

// forget makes instruments forget the sets that nobody measures any more, now and then.
func (s *source) forget(now time.Time) {
	s.mu.Lock()
	due := now.Sub(s.forgot) >= forgetAfter
	if due {
		s.forgot = now
	}
	forgets := s.forgets
	s.mu.Unlock()
	for _, forget := range forgets {
		if due {
			forget()
		}
	}
}

// addForget adds a function that forget calls.
func (s *source) addForget(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgets = append(slices.Clip(s.forgets), f)
}

// callback is a registered function.
type callback struct {
	name string // of its instrument, for error messages
	run  func(context.Context, *call) error
	busy atomic.Bool // a call is under way
}

func (s *source) add(c *callback) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.callbacks = append(slices.Clip(s.callbacks), c)
}

func (s *source) remove(c *callback) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.callbacks = slices.DeleteFunc(slices.Clone(s.callbacks), func(other *callback) bool { return other == c })
}

// call is one call of a callback. Its goroutine writes the list under mu. Once the collection has
// closed the call, nothing is written any more.
type call struct {
	callback *callback
	done     chan struct{} // closed when the function has ended
	err      error         // written before done is closed

	mu     sync.Mutex
	closed bool
	list   []observation
}

type observation struct {
	stream *stream
	set    attribute.Set
	value  float64
}

// observe takes an observation, unless the collection is over.
func (c *call) observe(i *instrument, value float64, options []metric.ObserveOption) {
	set := metric.NewObserveConfig(options).Attributes()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range i.observed {
		if c.closed {
			return
		}
		c.list = append(c.list, observation{s, set, value})
	}
}

// patience is how long a callback runs alone. A callback that takes longer goes on beside those
// that come after it. So callbacks run one after the other, as with OpenTelemetry's SDK, unless one
// of them hangs.
const patience = 100 * time.Millisecond

// Emit implements [engine.Source].
func (s *source) Emit(ctx context.Context, w *engine.Writer) error {
	s.forget(time.Now())
	if s.target != nil {
		w.Write(engine.Point{
			Name: otlptranslator.TargetInfoMetricName, Help: "Target metadata", Type: encode.Gauge, Value: 1,
			Labels: appendLabels(nil, s.target),
		})
	}
	s.mu.Lock()
	callbacks := s.callbacks
	s.mu.Unlock()
	var calls []*call
	var failed []error
	for _, c := range callbacks {
		if !c.busy.CompareAndSwap(false, true) {
			failed = append(failed, fmt.Errorf("callback %s: %w", c.name, errBusy))
			continue
		}
		call := &call{callback: c, done: make(chan struct{})}
		calls = append(calls, call)
		go call.run(ctx)
		call.wait(ctx, patience)
	}
	var all collection
	for _, c := range calls {
		observations, err := c.end(ctx)
		if err != nil {
			failed = append(failed, fmt.Errorf("callback %s: %w", c.callback.name, err))
		}
		all.add(observations)
	}
	all.write(s.namer, w)
	return errors.Join(failed...)
}

// run calls the function. If it panics or ends its goroutine, its observations are void.
func (c *call) run(ctx context.Context) {
	defer close(c.done)
	defer c.callback.busy.Store(false) // before the end is seen, so that the next page may call it
	c.err = fmt.Errorf("%w: it ended its goroutine", errVoid)
	defer func() {
		if p := recover(); p != nil {
			c.err = fmt.Errorf("%w: panic: %v", errVoid, p)
		}
	}()
	c.err = c.callback.run(ctx, c)
}

var errBusy = errors.New("its call for an earlier page has not ended")

// errVoid marks the errors of calls that have not returned.
var errVoid = errors.New("its observations are left out")

// wait waits for the end of the call, at most so long.
func (c *call) wait(ctx context.Context, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-c.done:
	case <-ctx.Done():
	case <-timer.C:
	}
}

// end waits for the end of the call as long as the collection may take, and returns what it has
// observed. Observations of a function that returned an error count, as with OpenTelemetry's SDK.
func (c *call) end(ctx context.Context) ([]observation, error) {
	select {
	case <-c.done:
	case <-ctx.Done():
	}
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	select {
	case <-c.done:
		if errors.Is(c.err, errVoid) {
			return nil, c.err
		}
		return c.list, c.err
	default:
		return nil, fmt.Errorf("%w: it has not ended in time", errVoid)
	}
}

// collection adds up the observations of one collection.
type collection struct {
	series []observation
	index  map[seriesKey]int
}

type seriesKey struct {
	stream *stream
	set    attribute.Set
}

func (c *collection) add(list []observation) {
	if c.index == nil {
		c.index = make(map[seriesKey]int)
	}
	for _, o := range list {
		if o.stream.keep != nil {
			o.set, _ = o.set.Filter(o.stream.keep)
		}
		key := seriesKey{o.stream, o.set}
		at, ok := c.index[key]
		switch {
		case !ok:
			c.index[key] = len(c.series)
			c.series = append(c.series, o)
		case o.stream.adds:
			c.series[at].value += o.value
		default:
			c.series[at].value = o.value
		}
	}
}

// write writes the series. A series whose labels cannot be translated has a label that the writer
// drops it for, and counts.
func (c *collection) write(namer *naming.Namer, w *engine.Writer) {
	labels := engine.Labels{}
	var list []engine.Label
	for _, o := range c.series {
		clear(labels)
		if err := namer.AddLabels(labels, "", o.set); err != nil {
			labels[""] = err.Error()
		}
		list = appendLabels(append(list[:0], o.stream.labels...), labels)
		w.Write(engine.Point{
			Name: o.stream.name, Help: o.stream.help, Type: o.stream.typ, Value: o.value, Labels: list,
		})
	}
}

func appendLabels(dst []engine.Label, labels engine.Labels) []engine.Label {
	for name, value := range labels {
		dst = append(dst, engine.Label{Name: name, Value: value})
	}
	return dst
}
