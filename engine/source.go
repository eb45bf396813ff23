// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/quipu-metrics/quipu/encode"
)

// Source supplies families that are not known beforehand, at every scrape: what an exporter finds,
// or what another library's registry holds. Where the metrics are known, a [Collector] is simpler
// and allocates less.
type Source interface {
	// Emit writes the current series to w. It is called at every scrape, on another goroutine, when
	// the page begins. A registry never calls it twice at once: a scrape that begins while a call
	// is under way shows the series of that call. A source that is attached to several registries
	// is called by each of them. Emit may use the registry, but not read it: a page or a loop that
	// it begins waits for this very call, and does without its series when its time is over.
	//
	// ctx is done shortly before the page that called Emit stops waiting: see [WithTimeout]. The
	// series that were written before an error stay on the page; the error is counted and logged.
	// If Emit panics, ends its goroutine or does not return in time, its series are left out of the
	// page, and the failure is counted. If it returns an error because ctx is done, and a page that
	// shares the call has more time, Emit is called again for that page.
	Emit(ctx context.Context, w *Writer) error
}

// Writer takes the series of one call of [Source.Emit]. Its methods may be called by several
// goroutines at once; the series of a family are shown in the order in which they come. Nothing
// that is passed to them is kept.
//
// A series that cannot be shown is dropped, counted by the name of its family in
// quipu_source_drops_total, and the first one logged: an invalid name, a type, help or unit that
// differs from the family's first series, labels that came before, a negative counter, buckets that
// do not add up, a time before 1970, a name that a metric of the registry has. Label values that
// are too long are cut, and invalid UTF-8 is repaired. Exemplars that pages cannot show are left
// out.
type Writer struct {
	source *attachedSource

	// A source may hold a Writer for ever, so every call of Emit gets another one, while the buffer
	// behind it is used again. The buffer is taken away under mu when Emit returns: nothing that is
	// written later can reach it.
	mu  sync.Mutex
	buf *sourceBuffer
}

// Write writes a series of any type.
func (w *Writer) Write(p Point) {
	w.mu.Lock()
	if w.buf == nil {
		w.mu.Unlock()
		w.source.dropped(w.source.core, w.source.nameOf(&p), faultLate, errLate)
		return
	}
	reason, err := w.buf.add(w.source, &p)
	w.mu.Unlock()
	if err != nil {
		w.source.dropped(w.source.core, w.source.nameOf(&p), reason, err)
	}
}

// Counter writes a series of a counter. Its name should end in _total.
func (w *Writer) Counter(name, help string, value float64, labels ...Label) {
	w.Write(Point{Name: name, Help: help, Type: encode.Counter, Value: value, Labels: labels})
}

// Gauge writes a series of a gauge.
func (w *Writer) Gauge(name, help string, value float64, labels ...Label) {
	w.Write(Point{Name: name, Help: help, Type: encode.Gauge, Value: value, Labels: labels})
}

// Untyped writes a series whose type is not known.
func (w *Writer) Untyped(name, help string, value float64, labels ...Label) {
	w.Write(Point{Name: name, Help: help, Type: encode.Untyped, Value: value, Labels: labels})
}

// Histogram writes a series of a histogram, with classic buckets, native buckets or both.
func (w *Writer) Histogram(name, help string, h HistogramSnapshot, labels ...Label) {
	w.Write(Point{Name: name, Help: help, Type: encode.Histogram, Histogram: &h, Labels: labels})
}

// Summary writes a series of a summary.
func (w *Writer) Summary(name, help string, s SummarySample, labels ...Label) {
	w.Write(Point{Name: name, Help: help, Type: encode.Summary, Summary: &s, Labels: labels})
}

// Info writes a series whose labels are the information, such as a version, and whose value is 1.
// The suffix _info is added to the name if it is missing.
func (w *Writer) Info(name, help string, labels ...Label) {
	w.Write(Point{Name: name, Help: help, Type: encode.Info, Value: 1, Labels: labels})
}

// StateSet writes a set of states, each of which is on or off: a series for each state, with the
// value 1 or 0 and the state in a label that has the name of the family, the registry's prefix
// included.
func (w *Writer) StateSet(name, help string, states map[string]bool, labels ...Label) {
	for _, state := range slices.Sorted(maps.Keys(states)) {
		value := 0.0
		if states[state] {
			value = 1
		}
		all := append(slices.Clone(labels), Label{name, state})
		w.Write(Point{Name: name, Help: help, Type: encode.StateSet, Value: value, Labels: all})
	}
}

// close ends the writing: Emit has returned.
func (w *Writer) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf = nil
}
