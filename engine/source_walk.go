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
	core   *core // of the registry that the walk began at
	calls  []sourceCall
	shown  []shownSource            // sorted by name, then in the order of the registries and their sources
	claims map[string]*sourceHeader // from the sample names of families to the first of their headers

	duplicates duplicates
	escaped    map[string]*sourceHeader // like claims, from escaped names that differ from these
}

// sourceCall is the call of a source for a walk.
type sourceCall struct {
	source   *attachedSource
	run      *run[*sourceBuffer] // nil for a source that the walk does without
	deadline time.Time           // that the walk gives to the context of the source

	buf *sourceBuffer // the result, or nil
}

// shownSource is a family of one source. Families of one name follow each other; each knows the
// first of them.
type shownSource struct {
	source *attachedSource
	at     *placedSource
	buf    *sourceBuffer
	index  int           // of the family in the buffer
	header *sourceHeader // at this place
	first  int           // the index in sourceWalk.shown of the first family of this name
	quoted bool          // in the first one: names in one of the families of this name need quotes

	computed bool // sourceWalk.duplicates tells which of its series are duplicates
}

// contextMargin returns how long before the page stops waiting the context of a source ends: a
// twentieth of its time, and more of a short time, because ending takes a moment as well.
func contextMargin(allowed time.Duration) time.Duration {
	return max(allowed/20, min(allowed/4, 25*time.Millisecond))
}

// start calls the sources, but for those that without names. until is when the walk stops waiting
// for functions.
func (f *sourceWalk) start(sources []supplier, without func(Source) bool, now, until time.Time) {
	for _, s := range sources {
		source := s.(*attachedSource)
		if without != nil && without(source.source) {
			f.calls = append(f.calls, sourceCall{})
			continue
		}
		deadline := until
		if source.timeout > 0 {
			deadline = earlier(until, now.Add(source.timeout))
		}
		// A source that ends when its context is done has its series on the page: the context is
		// done a little before the page stops waiting.
		allowed := deadline.Sub(now)
		allowed -= contextMargin(allowed)
		f.calls = append(f.calls, sourceCall{source: source, run: source.start(allowed), deadline: now.Add(allowed)})
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

// collect waits for the sources and merges their families. Where names collide, metrics of all
// registries win, then sources of registries that were mounted earlier, then sources that were
// attached earlier. The families that are not shown take their names too, so that a family is the
// same on all pages.
func (f *sourceWalk) collect(w *walk, functions *pageFunctions) {
	if len(f.calls) == 0 {
		return
	}
	if f.claims == nil {
		f.claims = make(map[string]*sourceHeader)
	}
	for i := range f.calls {
		if f.calls[i].run != nil {
			f.calls[i].buf = f.calls[i].wait(functions)
		}
	}
	for i := range w.list.placedSources {
		f.merge(w, &w.list.placedSources[i])
	}
	f.escape(w)
	if len(w.names) > 0 {
		f.shown = slices.DeleteFunc(f.shown, func(s shownSource) bool { return !w.showsSource(&s) })
	}
	// It is sorted already if there is one source.
	slices.SortStableFunc(f.shown, func(a, b shownSource) int {
		return strings.Compare(a.header.name, b.header.name)
	})
	first := 0
	for i := range f.shown {
		f.shown[i].first = first
		if f.shown[i].needsQuotes() {
			f.shown[first].quoted = true
		}
		if i+1 == len(f.shown) || f.shown[i+1].header.name != f.shown[i].header.name {
			f.findDuplicates(first, i+1)
			first = i + 1
		}
	}
}

// merge adds the families of a source at a place.
func (f *sourceWalk) merge(w *walk, at *placedSource) {
	call := &f.calls[at.call]
	if call.buf == nil {
		return
	}
	for i := range call.buf.families {
		h := call.buf.families[i].header.under(at.prefix)
		s := shownSource{source: call.source, at: at, buf: call.buf, index: i, header: h}
		if !f.refuses(w, s) {
			f.shown = append(f.shown, s)
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
	h := s.header
	if first := f.claims[h.name]; first != nil && first.name == h.name {
		if !first.isLike(h) {
			s.source.dropped(f.core, h.name, faultHeader, errDiffer)
			return true
		}
		return false
	}
	for _, sample := range h.samples {
		if f.claims[sample] != nil || hasName(w.list.families, sample) || isSelf(w.list.families, sample) {
			s.source.dropped(f.core, h.name, faultClash, errClash)
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

// each makes every series of shown family i a state in s, and calls yield with it, with its header
// and with its labels, until yield returns false. Labels that are not the series' own lie in room.
// Series whose labels another one has that was shown before are dropped.
func (f *sourceWalk) each(i int, s *state, room *[]byte,
	yield func(p *sourcePoint, h *sourceHeader, labels string) bool) {
	shown := &f.shown[i]
	for n, p := range shown.points {
		h := p.header.under(shown.at.prefix)
		if f.isDuplicate(i, n, p) {
			shown.source.dropped(f.core, h.name, faultLabels, errTwice)
			continue
		}
		p.state(s)
		labels := p.labels
		if shown.at.changes(h.kind) {
			*room = shown.at.labelsOf(p, (*room)[:0])
			labels = stringOf(*room)
		}
		if !yield(p, h, labels) {
			return
		}
	}
}

// leave ends the use of the results.
func (f *sourceWalk) leave() {
	for _, call := range f.calls {
		if call.run != nil {
			call.run.leave()
		}
	}
	clear(f.calls)
	clear(f.shown)
	clear(f.claims)
	clear(f.escaped)
	clear(f.duplicates.found)
	f.core, f.calls, f.shown = nil, f.calls[:0], f.shown[:0]
}
