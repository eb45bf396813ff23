// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"sync/atomic"

	"github.com/quipu-metrics/quipu/shard"
)

// life is what a series that may expire has besides its value: see mortal.
type life struct {
	age       shard.Age
	updates   uint64      // a number that updates change, at the last look; the holder of the map's mutex writes it
	touched   atomic.Bool // there was an update that did not change it
	exemplars atomic.Pointer[exemplarSet]
}

// touch notes an update that does not change the number of updates. The update has been made
// before, so a look either sees it noted, or takes the note of an earlier one and the update with
// it. The word is written only once between two looks.
func (l *life) touch() {
	if !l.touched.Load() {
		l.touched.Store(true)
	}
}

// updated reports whether there was an update since the last look, given the number that updates
// change.
func (l *life) updated(updates uint64) bool {
	changed := updates != l.updates
	if l.touched.Load() {
		l.touched.Store(false)
		changed = true
	}
	l.updates = updates
	return changed
}

// mortal is a series of a metric with expiry. Series of other metrics have no such room. What a
// series with exemplars has in a map of the family otherwise, it has here: the map would keep it
// from being collected.
type mortal[M any] struct {
	metric M // must be the first field: see seriesOf
	life   life
}
