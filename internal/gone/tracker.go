// SPDX-License-Identifier: Apache-2.0

// Package gone finds out which series a send does not have that the one before had, for packages
// that tell a receiver so: it would otherwise show their last values for some minutes.
package gone

import "time"

// keepMinutes is how long a series stays on the list that no send has had, because its markers did
// not arrive, or because no send has come as far. The receiver has had no sample of it meanwhile,
// so it has ended the series itself by then: the lookback of Prometheus is 5 minutes. So a receiver
// that is away or refuses markers for ever costs the memory of the series that have left within
// that time.
const keepMinutes = 5

// Tracker keeps the list of the series of the latest send. Only the send under way uses it. The
// zero value is ready for the first send, which consists of calls of Add and one of End.
type Tracker[K comparable] struct {
	now, before list[K]
	seen        set     // has the series of now
	ending      list[K] // the series whose markers are in the batch
}

// Batch is where markers go. Its methods are those of a send.
type Batch[K comparable] interface {
	// Full reports whether the batch should be sent before another marker comes.
	Full() bool
	// Mark adds the markers of a series. The labels are valid during the call.
	Mark(sh *Shape[K], labels []byte)
	// Flush sends the batch and empties it. It reports whether the batch has arrived.
	Flush() (arrived bool)
	// Over reports whether nothing can be sent any longer.
	Over() bool
}

// Add adds a series that the send under way has: what it shares with the series before it, and the
// text of its labels (see [AppendLabel]). The Tracker keeps neither.
func (t *Tracker[K]) Add(sh *Shape[K], labels []byte) {
	t.now.add(t.now.shapeOf(sh), labels)
	t.seen.add(sh.Name, labels)
}

// End ends the send of a time in milliseconds, after its last Add: it marks the series that the
// send before had and this one does not. Markers that do not arrive are sent again by the next End.
// An End without an Add before it marks all series.
func (t *Tracker[K]) End(b Batch[K], millis int64) {
	minute := millis / time.Minute.Milliseconds()
	for sh, labels := range t.before.all() {
		if t.seen.has(sh.Name, labels) {
			continue
		}
		if b.Full() {
			t.flush(b, minute)
		}
		if b.Over() {
			t.keep(sh, labels, minute)
			continue
		}
		b.Mark(sh, labels)
		t.ending.add(t.ending.shapeOf(sh), labels)
	}
	t.flush(b, minute)
	t.before, t.now = t.now, t.before
	t.now.reset()
	t.seen.reset()
	enough := len(t.before.chunks) + 1 // for a list of the same size
	t.now.trim(enough)
	t.before.trim(enough)
	t.ending.trim(enough)
}

// flush sends a batch of markers. If they do not arrive, their series stay on the list.
func (t *Tracker[K]) flush(b Batch[K], minute int64) {
	if !b.Flush() {
		for sh, labels := range t.ending.all() {
			t.keep(sh, labels, minute)
		}
	}
	t.ending.reset()
}

// keep puts a series that this send does not have on the list for the next one.
func (t *Tracker[K]) keep(sh *Shape[K], labels []byte, minute int64) {
	kept := *sh
	if kept.missed == 0 {
		kept.missed = minute
	}
	if minute-kept.missed <= keepMinutes {
		t.now.add(t.now.shapeOf(&kept), labels)
	}
}
