// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"
)

// AttachOption configures a source that is being attached.
type AttachOption interface{ applyAttach(*attachment) error }

// attachment is what the options of Attach set.
type attachment struct{ timeout time.Duration }

// TimeoutOption is the option that [WithTimeout] returns: it fits func metrics and sources.
type TimeoutOption interface {
	MetricOption
	AttachOption
}

type timeoutOption time.Duration

// WithTimeout bounds how long a page waits for the function of a func metric, by default
// [CallbackTimeout], or for a source, by default as long as the page has time. A function gets no
// more than the page's time in any case. [NoLimit] leaves it all of that.
func WithTimeout(d time.Duration) TimeoutOption {
	if d == NoLimit {
		d = math.MaxInt64 // where an int has 32 bits, NoLimit is two seconds
	}
	return timeoutOption(d)
}

func (o timeoutOption) check() error {
	if o <= 0 {
		return fmt.Errorf("%w: WithTimeout(%v): a timeout is positive", ErrOption, time.Duration(o))
	}
	return nil
}

func (o timeoutOption) applyMetric(d *definition) error {
	if err := d.takes("WithTimeout", "func metrics and sources"); err != nil {
		return err
	}
	d.timeout = time.Duration(o)
	return o.check()
}

func (o timeoutOption) applyAttach(a *attachment) error {
	a.timeout = time.Duration(o)
	return o.check()
}

// Attach makes every page of the registry show the families that a source supplies. A source is
// attached once to a registry; attaching it again is [ErrTaken]. It must be comparable, as pointers
// are.
//
// Names that metrics of the registry have win: a family of a source that collides with them is left
// out and counted. Sources may write series of one family together, if they agree on its type, help
// and unit.
func (r *Registry) Attach(s Source, options ...AttachOption) error {
	if err := r.checkComparable("Attach", "source", s); err != nil {
		return err
	}
	var a attachment
	for i, option := range options {
		err := nilOption(i)
		if option != nil {
			err = option.applyAttach(&a)
		}
		if err != nil {
			return fmt.Errorf("quipu: source %T: %w", s, err)
		}
	}
	f := newAttachedSource(&r.core, s, a.timeout)
	r.mu.Lock()
	defer r.mu.Unlock()
	sources := r.contents.Load().sources
	if indexOfSource(sources, s) >= 0 {
		return fmt.Errorf("quipu: source %T: %w: this very source is attached already", s, ErrTaken)
	}
	r.change(func(c *contents) { c.sources = append(slices.Clip(sources), f) })
	return nil
}

// Detach ends what Attach began and reports whether the source was attached. A page under way may
// still show its families.
func (r *Registry) Detach(s Source) bool {
	if !reflect.ValueOf(s).Comparable() {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	sources := r.contents.Load().sources
	i := indexOfSource(sources, s)
	if i < 0 {
		return false
	}
	r.change(func(c *contents) { c.sources = slices.Delete(slices.Clone(sources), i, i+1) })
	return true
}

// indexOfSource returns the index of an attached source, or -1.
func indexOfSource(sources []supplier, s Source) int {
	return slices.IndexFunc(sources, func(f supplier) bool { return f.(*attachedSource).source == s })
}
