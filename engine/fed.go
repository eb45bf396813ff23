// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"
)

// fed are the families of a registry's sources, as one walk shows them.
type fed struct {
	calls  []feedCall
	shown  []fedShown        // sorted by name, then in the order of the sources
	claims map[string]string // from the sample names of shown families to the names of these
}

// feedCall is the call of a source for a walk.
type feedCall struct {
	feed *feed
	run  *run[*feedBuffer]
}

// fedShown is a family of one source. Families of one name follow each other; each knows the first
// of them.
type fedShown struct {
	feed  *feed
	buf   *feedBuffer
	index int // of the family in the buffer
	first int // the index in fed.shown of the first family of this name
}

func (s *fedShown) header() *fedHeader { return s.buf.families[s.index].header }

// contextMargin is the part of its time by which the context of a source ends before the page stops
// waiting: one twentieth.
const contextMargin = 20

// start calls the sources. until is when the walk stops waiting for functions.
func (f *fed) start(feeds []supplier, now, until time.Time) {
	for _, s := range feeds {
		feed := s.(*feed)
		deadline := until
		if feed.timeout > 0 {
			deadline = earlier(until, now.Add(feed.timeout))
		}
		// The context is done a little before the page stops waiting, so a source that ends when
		// its context is done has its series on the page.
		feed.until.Store(deadline.Add(-deadline.Sub(now) / contextMargin).UnixNano())
		f.calls = append(f.calls, feedCall{feed, feed.runner.start()})
	}
}

// collect waits for the sources and merges their families. Where names collide, metrics of the
// registry win, then sources that were attached earlier.
func (f *fed) collect(w *walk, functions *pageFunctions) {
	if len(f.calls) == 0 {
		return
	}
	if f.claims == nil {
		f.claims = make(map[string]string)
	}
	for _, call := range f.calls {
		until := earlier(call.run.begin.Add(functions.until.Sub(functions.begin)), functions.until)
		if call.feed.timeout > 0 {
			until = earlier(until, call.run.begin.Add(call.feed.timeout))
		}
		finished := functions.wait(call.run.done, until)
		if !finished || !call.run.ok {
			if finished || !functions.aborted() {
				call.feed.failed(call.run.failure(finished))
			}
			continue
		}
		b := call.run.result
		if b.err != nil {
			call.feed.failed(faultError, b.err)
		}
		for i := range b.families {
			if w.showsName(b.families[i].header.name) {
				f.shown = append(f.shown, fedShown{feed: call.feed, buf: b, index: i})
			}
		}
	}
	slices.SortStableFunc(f.shown, func(a, b fedShown) int { return strings.Compare(a.header().name, b.header().name) })
	f.shown = slices.DeleteFunc(f.shown, func(s fedShown) bool { return f.refuses(w, s) })
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
// before it.
func (f *fed) refuses(w *walk, s fedShown) bool {
	h := s.header()
	for _, sample := range h.samples {
		owner, taken := f.claims[sample]
		if taken && owner != h.name || hasName(w.list.families, sample) {
			s.feed.dropped(h.name, faultClash, errClash)
			return true
		}
	}
	if first, ok := f.claimed(h.name); ok {
		if first.typ != h.typ || first.help != h.help || first.unit != h.unit {
			s.feed.dropped(h.name, faultHeader, errDiffer)
			return true
		}
		return false
	}
	for _, sample := range h.samples {
		f.claims[sample] = h.name
	}
	return false
}

// claimed returns the header of the first family of this name, if one has been accepted.
func (f *fed) claimed(name string) (*fedHeader, bool) {
	if f.claims[name] != name {
		return nil, false
	}
	i, ok := slices.BinarySearchFunc(f.shown, name, func(s fedShown, name string) int {
		return cmp.Compare(s.header().name, name)
	})
	if !ok {
		return nil, false
	}
	return f.shown[i].header(), true
}

// has reports whether a source's family that is shown has this name or a sample of this name.
func (f *fed) has(name string) bool {
	_, ok := f.claims[name]
	return ok
}

// each makes every series of shown family i a state in s, and calls yield with it, until yield
// returns false. Series whose labels another source has written before are dropped.
func (f *fed) each(i int, s *state, yield func(p *fedPoint) bool) {
	shown := &f.shown[i]
	b := shown.buf
	for n := b.families[shown.index].first; ; n = b.points[n].next {
		p := &b.points[n]
		if f.isDuplicate(i, p) {
			shown.feed.dropped(p.header.name, faultLabels, errTwice)
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

func (f *fed) isDuplicate(i int, p *fedPoint) bool {
	for j := f.shown[i].first; j < i; j++ {
		if f.shown[j].buf.seen[p.id] {
			return true
		}
	}
	return false
}

// leave ends the use of the results.
func (f *fed) leave() {
	for _, call := range f.calls {
		call.run.leave()
	}
	clear(f.calls)
	clear(f.shown)
	clear(f.claims)
	f.calls, f.shown = f.calls[:0], f.shown[:0]
}
