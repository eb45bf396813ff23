// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// This file explores every interleaving of a small model of the protocol that Classic describes: two Ps with two
// observations each, a reader that takes two snapshots, and one memory access per step. The model writes the protocol a
// second time, on purpose; the planted faults at the end show that it would notice. Since a writer that is never chosen
// again is one of the interleavings, writers stopped at every step are among what is explored.

const (
	modelPs   = 2
	modelObs  = 2 // per P
	modelSize = modelPs * modelObs
)

// Observation k adds 1<<k to the sum and goes to bucket k, so a sum tells which observations it holds.
type modelRow struct {
	done    uint8
	sum     [2]uint8
	buckets [modelSize]uint8
}

type modelWriter struct {
	made, step uint8
	shared     bool // where the current observation goes
}

type modelReader struct {
	step, row, attempt uint8
	frozen             bool // it has given up reading without

	// The copy being made, of one row.
	done, sum uint8
	buckets   [modelSize]uint8

	// The snapshot so far, what must be in it, and the one before.
	counts   [modelSize]uint8
	total    uint8
	torn     bool
	finished uint8
	last     [modelSize]uint8
	taken    uint8
}

type model struct {
	rows    [modelPs + 1]modelRow // the last is the shared one
	frozen  bool
	writers [modelPs]modelWriter
	reader  modelReader
}

// modelFault is a mistake to plant; the zero value is the protocol as it is.
type modelFault int

const (
	noFault modelFault = iota
	hotSumInPlace
	hotBucketBeforeSum
	hotDoneBeforeBucket
	hotReaderTrustsOneLookAtDone
	hotReaderTakesSumBeforeBuckets
	hotReaderTakesTheOtherSum
	sharedSumBeforeBucket
	sharedDoneBeforeSum
	sharedReaderTakesBucketsFirst
	sharedReaderDoesNotCompare
	writerIgnoresFreeze
)

// order of the steps of an observation, as places: what is done first, second, third.
func (f modelFault) order(shared bool) [3]string {
	switch {
	case !shared && f == hotBucketBeforeSum:
		return [3]string{"bucket", "sum", "done"}
	case !shared && f == hotDoneBeforeBucket:
		return [3]string{"sum", "done", "bucket"}
	case !shared:
		return [3]string{"sum", "bucket", "done"}
	case f == sharedSumBeforeBucket:
		return [3]string{"sum", "bucket", "done"}
	case f == sharedDoneBeforeSum:
		return [3]string{"bucket", "done", "sum"}
	}
	return [3]string{"bucket", "sum", "done"}
}

// write takes one step of the writer on P p. It reports false when that writer has no step left.
func (m *model) write(p int, fault modelFault) bool {
	w := &m.writers[p]
	if w.made == modelObs {
		return false
	}
	if w.step == 0 { // pin and load the state
		w.shared = m.frozen && fault != writerIgnoresFreeze
		w.step = 1
		return true
	}
	row := &m.rows[p]
	if w.shared {
		row = &m.rows[modelPs]
	}
	k := uint8(p)*modelObs + w.made
	// The steps of a hot row are numbered by done as it was before the observation.
	n := row.done
	order := fault.order(w.shared)
	if !w.shared && w.step == 3 && order[1] == "done" {
		n--
	}
	switch order[w.step-1] {
	case "sum":
		switch {
		case w.shared: // a successful CAS
			row.sum[0] += 1 << k
		case fault == hotSumInPlace:
			row.sum[0] += 1 << k
			row.sum[1] = row.sum[0]
		default:
			row.sum[(n+1)&1] = row.sum[n&1] + 1<<k
		}
	case "bucket":
		row.buckets[k]++
	case "done":
		row.done++
	}
	if w.step++; w.step == 4 {
		w.step = 0
		w.made++
	}
	return true
}

func (m *model) finishedObservations() (set uint8) {
	for p, w := range m.writers {
		for i := range w.made {
			set |= 1 << (uint8(p)*modelObs + i)
		}
	}
	return set
}

const modelSnapshots = 2

// read takes one step of the reader. It reports false when it has none left, and what is wrong with a finished snapshot.
func (m *model) read(fault modelFault) (more bool, wrong string) {
	r := &m.reader
	if r.taken == modelSnapshots {
		return false, ""
	}
	if r.row == 0 && r.step == 0 && r.attempt == 0 && !r.frozen {
		r.finished = m.finishedObservations()
	}
	row := &m.rows[r.row]
	shared := r.row == modelPs

	// The accesses of one copy, in order: done, buckets, sum, done again; or done, sum, buckets for the shared row.
	const doneAt, again = 0, modelSize + 2
	bucketsAt, sumAt := uint8(1), uint8(modelSize+1)
	last := uint8(again)
	if shared {
		sumAt, bucketsAt, last = 1, 2, modelSize+1
		if fault == sharedReaderTakesBucketsFirst {
			bucketsAt, sumAt = 1, modelSize+1
		}
	} else if fault == hotReaderTakesSumBeforeBuckets {
		sumAt, bucketsAt = 1, 2
	}
	ok := true
	switch s := r.step; {
	case s == doneAt:
		r.done = row.done
	case s >= bucketsAt && s < bucketsAt+modelSize:
		r.buckets[s-bucketsAt] = row.buckets[s-bucketsAt]
	case s == sumAt && shared:
		r.sum = row.sum[0]
	case s == sumAt:
		selector := r.total8()
		switch fault {
		case hotReaderTakesSumBeforeBuckets:
			selector = r.done
		case hotReaderTakesTheOtherSum:
			selector++
		}
		r.sum = row.sum[selector&1]
	default: // done again
		ok = row.done == r.done || fault == hotReaderTrustsOneLookAtDone
	}
	if r.step < last {
		r.step++
		return true, ""
	}
	if shared {
		ok = r.total8() == r.done || fault == sharedReaderDoesNotCompare
	}
	r.step = 0
	r.attempt++
	switch {
	case ok:
	case !r.frozen:
		// Begin again with the series frozen.
		*r = modelReader{frozen: true, finished: r.finished, last: r.last, taken: r.taken}
		m.frozen = true
		return true, ""
	case !shared && r.attempt < 2:
		r.forget()
		return true, ""
	case !shared:
		return true, "a frozen hot row moved under two copies"
	case r.attempt < 3:
		r.forget()
		return true, ""
	default:
		r.torn = true
	}
	for i, n := range r.buckets {
		r.counts[i] += n
	}
	r.total += r.sum
	r.forget()
	r.attempt = 0
	r.row++
	if r.row == modelPs {
		m.frozen = false
	}
	if r.row <= modelPs {
		return true, ""
	}
	return true, r.finish()
}

func (r *modelReader) total8() (n uint8) {
	for _, count := range r.buckets {
		n += count
	}
	return n
}

func (r *modelReader) forget() {
	r.done, r.sum, r.buckets = 0, 0, [modelSize]uint8{}
}

// finish judges a snapshot and gets ready for the next one.
func (r *modelReader) finish() string {
	var held uint8
	for k, n := range r.counts {
		switch {
		case n > 1:
			return fmt.Sprintf("observation %d is counted %d times", k, n)
		case n < r.last[k]:
			return fmt.Sprintf("the count of observation %d went down", k)
		case n == 0 && r.finished>>k&1 == 1:
			return fmt.Sprintf("observation %d was finished and is missing", k)
		}
		held |= n << k
	}
	if !r.torn && r.total != held {
		return fmt.Sprintf("the buckets hold %04b and the sum %04b", held, r.total)
	}
	*r = modelReader{last: r.counts, taken: r.taken + 1}
	return ""
}

// explore visits every state that some interleaving reaches, until it finds something wrong.
func explore(fault modelFault) (states int, wrong string) {
	seen := map[model]struct{}{{}: {}}
	todo := []model{{}}
	visit := func(next model) {
		if _, ok := seen[next]; !ok {
			seen[next] = struct{}{}
			todo = append(todo, next)
		}
	}
	for len(todo) > 0 {
		m := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for p := range modelPs {
			if next := m; next.write(p, fault) {
				visit(next)
			}
		}
		next := m
		more, wrong := next.read(fault)
		if wrong != "" {
			return len(seen), wrong
		}
		if more {
			visit(next)
		}
	}
	return len(seen), ""
}

func TestEveryInterleavingGivesTrueSnapshots(t *testing.T) {
	states, wrong := explore(noFault)
	require.Empty(t, wrong)
	t.Logf("%d states", states)
	require.Greater(t, states, 10_000)
}

func TestInterleavingsExposePlantedFaults(t *testing.T) {
	for name, fault := range map[string]modelFault{
		"hot: sum in place":                   hotSumInPlace,
		"hot: bucket before sum":              hotBucketBeforeSum,
		"hot: done before bucket":             hotDoneBeforeBucket,
		"hot: done looked at once":            hotReaderTrustsOneLookAtDone,
		"hot: sum read before the buckets":    hotReaderTakesSumBeforeBuckets,
		"hot: wrong sum":                      hotReaderTakesTheOtherSum,
		"shared: sum before bucket":           sharedSumBeforeBucket,
		"shared: done before sum":             sharedDoneBeforeSum,
		"shared: buckets read first":          sharedReaderTakesBucketsFirst,
		"shared: total not compared":          sharedReaderDoesNotCompare,
		"writer does not look for the freeze": writerIgnoresFreeze,
	} {
		t.Run(name, func(t *testing.T) {
			states, wrong := explore(fault)
			t.Logf("%d states: %s", states, wrong)
			require.NotEmpty(t, wrong)
		})
	}
}
