// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// sourceWalk holds the families of a registry's sources, as one walk shows them.
type sourceWalk struct {
	calls  []sourceCall
	shown  []shownSource            // sorted by name, then in the order of the sources
	claims map[string]*sourceHeader // from the sample names of families to the first of their headers
}

// sourceCall is the call of a source for a walk.
type sourceCall struct {
	source   *attachedSource
	run      *run[*sourceBuffer]
	deadline time.Time // that the walk gives to the context of the source
}

// shownSource is a family of one source. Families of one name follow each other; each knows the
// first of them.
type shownSource struct {
	source *attachedSource
	buf    *sourceBuffer
	index  int // of the family in the buffer
	first  int // the index in sourceWalk.shown of the first family of this name
}

func (s *shownSource) header() *sourceHeader { return s.buf.families[s.index].header }

// contextMargin returns how long before the page stops waiting the context of a source ends: a
// twentieth of its time, and more of a short time, because ending takes a moment as well.
func contextMargin(allowed time.Duration) time.Duration {
	return max(allowed/20, min(allowed/4, 25*time.Millisecond))
}

// start calls the sources. until is when the walk stops waiting for functions.
func (f *sourceWalk) start(sources []supplier, now, until time.Time) {
	for _, s := range sources {
		source := s.(*attachedSource)
		deadline := until
		if source.timeout > 0 {
			deadline = earlier(until, now.Add(source.timeout))
		}
		// A source that ends when its context is done has its series on the page: the context is
		// done a little before the page stops waiting.
		allowed := deadline.Sub(now)
		allowed -= contextMargin(allowed)
		f.calls = append(f.calls, sourceCall{source, source.start(allowed), now.Add(allowed)})
	}
}

// start joins the call of the source that is under way, or begins one that may take so long.
func (f *attachedSource) start(allowed time.Duration) *run[*sourceBuffer] {
	f.allowed.Store(int64(allowed))
	return f.runner.start()
}

// wait waits for the call and returns its series, or nil if the page has to do without them. The
// failure has been counted.
func (c *sourceCall) wait(functions *pageFunctions) *sourceBuffer {
	for {
		until := earlier(c.run.begin.Add(functions.until.Sub(functions.begin)), functions.until)
		if c.source.timeout > 0 {
			until = earlier(until, c.run.begin.Add(c.source.timeout))
		}
		finished := functions.wait(c.run.done, until)
		if !finished || !c.run.ok {
			if finished || !functions.aborted() {
				c.source.failed(c.run.failure(finished))
			}
			return nil
		}
		b := c.run.result
		left := time.Until(c.deadline)
		if !b.cut || left <= 0 || !b.deadline.Before(c.deadline) || functions.aborted() {
			if b.failed {
				c.source.failed(faultError, b.problem)
			}
			return b
		}
		// A page in a hurry had begun the call, which ended early with a part of the series. This
		// page has more time.
		c.run.leave()
		c.run = c.source.start(left)
	}
}

// collect waits for the sources and merges their families. Where names collide, metrics of the
// registry win, then sources that were attached earlier. The families that are not shown take their
// names too, so that a family is the same on all pages.
func (f *sourceWalk) collect(w *walk, functions *pageFunctions) {
	if len(f.calls) == 0 {
		return
	}
	if f.claims == nil {
		f.claims = make(map[string]*sourceHeader)
	}
	for i := range f.calls {
		call := &f.calls[i]
		b := call.wait(functions)
		if b == nil {
			continue
		}
		for i := range b.families {
			s := shownSource{source: call.source, buf: b, index: i}
			if !f.refuses(w, s) && w.showsName(s.header().name) {
				f.shown = append(f.shown, s)
			}
		}
	}
	// It is sorted already if there is one source.
	slices.SortStableFunc(f.shown, func(a, b shownSource) int {
		return strings.Compare(a.header().name, b.header().name)
	})
	for i := range f.shown {
		s := &f.shown[i]
		s.first = i
		if i > 0 && f.shown[i-1].header().name == s.header().name {
			s.first = f.shown[i-1].first
		}
	}
}

var (
	errClash  = errors.New("a metric of the registry, or of another source, has the name of one of its samples")
	errDiffer = errors.New("another source has written a family of this name with another type, help or unit")
)

// refuses reports whether a family collides with the registry's metrics or with families that came
// before it. If it does not, it takes its names.
func (f *sourceWalk) refuses(w *walk, s shownSource) bool {
	h := s.header()
	if first := f.claims[h.name]; first != nil && first.name == h.name {
		if !first.isLike(h) {
			s.source.dropped(h.name, faultHeader, errDiffer)
			return true
		}
		return false
	}
	for _, sample := range h.samples {
		if f.claims[sample] != nil || hasName(w.list.families, sample) || isSelf(w.list.families, sample) {
			s.source.dropped(h.name, faultClash, errClash)
			return true
		}
	}
	for _, sample := range h.samples {
		f.claims[sample] = h
	}
	return false
}

// isSelf reports whether OpenMetrics gives this name to one of the registry's own counters, which
// are counters on every page.
func isSelf(families []*placed, name string) bool {
	i, found := slices.BinarySearchFunc(families, name, func(p *placed, name string) int {
		return compareJoined(p.name, name, counterRules.trimmed)
	})
	return found && families[i].def.self
}

// has reports whether a source's family that is shown has this name or a sample of this name.
func (f *sourceWalk) has(name string) bool {
	_, ok := f.claims[name]
	return ok
}

// each makes every series of shown family i a state in s, and calls yield with it, until yield
// returns false. Series whose labels another source has written before are dropped.
func (f *sourceWalk) each(i int, s *state, yield func(p *sourcePoint) bool) {
	shown := &f.shown[i]
	b := shown.buf
	for n := b.families[shown.index].first; ; n = b.points[n].next {
		p := &b.points[n]
		if f.isDuplicate(i, p) {
			shown.source.dropped(p.header.name, faultLabels, errTwice)
		} else {
			p.state(s)
			if !yield(p) {
				return
			}
		}
		if p.next == 0 {
			return
		}
	}
}

func (f *sourceWalk) isDuplicate(i int, p *sourcePoint) bool {
	for j := f.shown[i].first; j < i; j++ {
		if f.shown[j].buf.seen[p.id] {
			return true
		}
	}
	return false
}

// leave ends the use of the results.
func (f *sourceWalk) leave() {
	for _, call := range f.calls {
		call.run.leave()
	}
	clear(f.calls)
	clear(f.shown)
	clear(f.claims)
	f.calls, f.shown = f.calls[:0], f.shown[:0]
}
