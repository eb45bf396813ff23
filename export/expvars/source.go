// SPDX-License-Identifier: Apache-2.0

package expvars

import (
	"context"
	"errors"
	"expvar"
	"fmt"
	"sync"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// Attach shows the variables of package expvar on every page of the registry, those that are
// published later too. To end that, attach a [NewSource] with [engine.Registry.Attach], and detach
// it with [engine.Registry.Detach].
//
// Names that metrics of the registry have win. Of two sources that show one variable under one
// name, the first one is shown.
func Attach(reg *engine.Registry, options ...Option) error {
	s, err := NewSource(options...)
	if err != nil {
		return err
	}
	return reg.Attach(s)
}

// NewSource returns the variables of package expvar as a source.
func NewSource(options ...Option) (engine.Source, error) { return newSource(expvar.Do, options) }

// newSource returns a source of the variables that do calls a function with.
func newSource(do func(func(expvar.KeyValue)), options []Option) (*source, error) {
	s := &source{
		do: do,
		settings: settings{prefix: "expvar_", metrics: map[string]*metric{}, maxSeries: engine.DefaultMaxSeries,
			timeout: engine.CallbackTimeout},
		defaults: map[string]*metric{},
		running:  map[string]*call{},
	}
	for i, option := range options {
		if option == nil {
			return nil, fmt.Errorf("quipu: expvars: %w: option %d is nil", engine.ErrOption, i+1)
		}
		if err := option(&s.settings); err != nil {
			return nil, fmt.Errorf("quipu: expvars: %w", err)
		}
	}
	return s, nil
}

// source is the [engine.Source] of the variables. A source that is attached to several registries
// may have several calls of Emit at once.
type source struct {
	do       func(func(expvar.KeyValue))
	settings settings

	mu       sync.Mutex         // guards the maps; held while nothing of the program runs
	defaults map[string]*metric // of variables that no option names; made when they are first shown
	running  map[string]*call   // whose reading no page has taken yet, by the name of the variable
}

// call is the reading of one variable. Its goroutine writes the reading and then closes done;
// whoever has received from done may read it. Several pages may do so.
type call struct {
	variable expvar.KeyValue
	metric   *metric
	begin    time.Time
	done     chan struct{}
	reading  reading
}

// Emit implements [engine.Source].
func (s *source) Emit(ctx context.Context, w *engine.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, s.settings.timeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	patience := time.Until(deadline)
	var errs []error
	var calls []*call
	for _, c := range s.calls() {
		calls = append(calls, s.start(c))
	}
	var labels []engine.Label
	for _, c := range calls {
		if !c.wait(ctx, patience) {
			errs = append(errs, c.late())
			continue
		}
		s.finish(c)
		if err := c.reading.err; err != nil {
			errs = append(errs, fmt.Errorf("the variable %q: %w", c.variable.Key, err))
		}
		for i := range c.reading.leaves {
			labels = c.write(w, &c.reading.leaves[i], labels[:0])
		}
	}
	return errors.Join(errs...)
}

// calls returns a call for each variable that is shown. Do locks the list of variables, so no
// method of a variable is called meanwhile.
func (s *source) calls() (calls []*call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.do(func(kv expvar.KeyValue) {
		if m := s.metricOf(kv.Key); m != nil {
			calls = append(calls, &call{variable: kv, metric: m,
				reading: reading{texts: m.info, maxLeaves: s.settings.maxSeries}})
		}
	})
	return calls
}

// metricOf returns how a variable is shown, or nil if it is not. The caller holds mu.
func (s *source) metricOf(variable string) *metric {
	if m := s.settings.metrics[variable]; m != nil {
		return m
	}
	shown := s.settings.only[variable]
	if s.settings.only == nil {
		shown = variable != "cmdline" && variable != "memstats"
	}
	if !shown {
		return nil
	}
	m := s.defaults[variable]
	if m == nil {
		m = &metric{
			name:  encode.UnderscoresEscaping.MetricName(s.settings.prefix + variable),
			help:  fmt.Sprintf("The variable %s of package expvar.", variable),
			write: (*engine.Writer).Untyped,
		}
		s.defaults[variable] = m
	}
	return m
}

// start begins to read a variable, or returns the call that is under way. Numbers and strings are
// read at once.
func (s *source) start(c *call) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	if earlier := s.running[c.variable.Key]; earlier != nil && !earlier.ended() {
		return earlier
	}
	s.running[c.variable.Key] = c
	c.begin, c.done = time.Now(), make(chan struct{})
	switch c.variable.Value.(type) {
	case *expvar.Int, *expvar.Float, *expvar.String:
		c.run()
	default:
		go c.run()
	}
	return c
}

// finish forgets a call that has ended.
func (s *source) finish(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[c.variable.Key] == c {
		delete(s.running, c.variable.Key)
	}
}

// run reads the variable. Done is closed even if a method of the variable panics or ends the
// goroutine.
func (c *call) run() {
	defer close(c.done)
	ended := false
	defer func() {
		switch p := recover(); {
		case p != nil:
			c.reading.fail(fmt.Errorf("it panicked: %v", p))
		case !ended:
			c.reading.fail(errors.New("it ended its goroutine"))
		}
	}()
	c.reading.variable(c.variable.Value)
	ended = true
}

// ended reports whether the reading is there.
func (c *call) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// wait waits until the call has ended or ctx is done, and reports whether it has ended. A call that
// began for an earlier page and has lasted longer than this page is patient is not waited for.
func (c *call) wait(ctx context.Context, patience time.Duration) bool {
	if c.ended() || time.Since(c.begin) >= patience {
		return c.ended()
	}
	select {
	case <-c.done:
		return true
	case <-ctx.Done():
		return c.ended()
	}
}

func (c *call) late() error {
	return fmt.Errorf("the variable %q has not returned after %v", c.variable.Key,
		time.Since(c.begin).Round(time.Millisecond))
}

// write writes one series. It returns the memory of its labels.
func (c *call) write(w *engine.Writer, l *leaf, labels []engine.Label) []engine.Label {
	m := c.metric
	keys := c.reading.keys[l.begin:l.end]
	for i, key := range keys {
		labels = append(labels, engine.Label{Name: m.label(i), Value: key})
	}
	if m.info {
		labels = append(labels, engine.Label{Name: m.textLabel(len(keys)), Value: l.text})
		w.Info(m.name, m.help, labels...)
		return labels
	}
	m.write(w, m.name, m.help, l.number, labels...)
	return labels
}
