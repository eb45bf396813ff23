// SPDX-License-Identifier: Apache-2.0

package remote

import "time"

// endGone sends stale markers for the series on the list of the send before that this send does not
// have.
func (d *delivery) endGone() {
	g := &d.w.gatherer
	for sh, labels := range d.w.before.all() {
		if g.seen.has(sh.name, labels) {
			continue
		}
		if g.batch.full() {
			d.flushMarkers()
		}
		if d.over {
			d.keep(sh, labels)
			continue
		}
		g.addStale(sh, labels)
		d.w.ending.add(d.w.ending.shapeOf(sh), labels)
	}
	d.flushMarkers()
}

// flushMarkers sends a batch of stale markers. If they do not arrive, their series stay on the
// list.
func (d *delivery) flushMarkers() {
	ending := &d.w.ending
	if !d.flush() {
		for sh, labels := range ending.all() {
			d.keep(sh, labels)
		}
	}
	ending.reset()
}

// keepMinutes is how long a series stays on the list that no send has had, because its markers did
// not arrive, or because no send has come as far. The receiver has had no sample of it meanwhile,
// so it has ended the series itself by then: the lookback of Prometheus is 5 minutes. So a receiver
// that is away or refuses markers for ever costs the memory of the series that have left within
// that time.
const keepMinutes = 5

// keep puts a series that this send does not have on the list for the next one.
func (d *delivery) keep(sh *shape, labels []byte) {
	kept, minute := *sh, d.now/time.Minute.Milliseconds()
	if kept.missed == 0 {
		kept.missed = minute
	}
	if minute-kept.missed <= keepMinutes {
		d.w.now.add(d.w.now.shapeOf(&kept), labels)
	}
}
