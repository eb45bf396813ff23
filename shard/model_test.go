// SPDX-License-Identifier: Apache-2.0

//go:build !race

package shard

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/interleave"
)

// rosterFault is a mistake in the roster; the zero value is none.
type rosterFault int

const (
	noRosterFault rosterFault = iota
	rosterReusesHoles
	rosterLengthReadAgain
	rosterPublishedEmpty
	rosterCompactsInPlace
	rosterGrowsBeforeCopying
)

// modelRoster has room for six series; 0 is a hole.
type modelRoster struct {
	length interleave.Word
	at     [6]interleave.Word
}

// The protocol of the roster a second time, one step per access. One thread writes, as if under the mutex: it deletes
// series, creates them again, and makes a new roster. Another one walks. Series 1 and 2 come and go, 3 is always there.
func TestEveryInterleavingOfAWalkSeesASeriesOnce(t *testing.T) {
	model := func(w *interleave.World, fault rosterFault, compact bool) {
		var rosters [2]modelRoster
		var current interleave.Word
		rosters[0].length.Init(3)
		for i := range uint64(3) {
			rosters[0].at[i].Init(i + 1)
		}
		create := func(t *interleave.Thread, r *modelRoster, series uint64) {
			n := t.Load(&r.length)
			if fault == rosterReusesHoles {
				for i := range n {
					if t.Load(&r.at[i]) == 0 {
						t.Store(&r.at[i], series)
						return
					}
				}
			}
			t.Store(&r.at[n], series)
			t.Store(&r.length, n+1)
		}
		renew := func(t *interleave.Thread, dropHoles bool) {
			from, to := &rosters[0], &rosters[1]
			if fault == rosterCompactsInPlace {
				to = from
			}
			if fault == rosterPublishedEmpty {
				t.Store(&current, 1)
			}
			length := t.Load(&from.length)
			if fault == rosterGrowsBeforeCopying && !dropHoles {
				t.Store(&to.length, length)
				t.Store(&current, 1)
			}
			n := uint64(0)
			for i := range length {
				if s := t.Load(&from.at[i]); s != 0 || !dropHoles {
					t.Store(&to.at[n], s)
					n++
					if fault == rosterPublishedEmpty {
						t.Store(&to.length, n)
					}
				}
			}
			t.Store(&to.length, n)
			if fault != rosterCompactsInPlace {
				t.Store(&current, 1)
			}
		}
		w.Go(func(t *interleave.Thread) {
			r := &rosters[0]
			t.Store(&r.at[0], 0)
			t.Store(&r.at[1], 0)
			if fault == rosterReusesHoles {
				create(t, r, 2)
				create(t, r, 1)
				return
			}
			create(t, r, 1)
			renew(t, compact)
			if fault != rosterCompactsInPlace {
				r = &rosters[1]
			}
			create(t, r, 2)
		})
		var seen [4]int
		w.Go(func(t *interleave.Thread) {
			r := &rosters[t.Load(&current)]
			length := t.Load(&r.length)
			for i := uint64(0); i < length; i++ {
				if s := t.Load(&r.at[i]); s != 0 {
					seen[s]++
				}
				if fault == rosterLengthReadAgain {
					length = t.Load(&r.length)
				}
			}
		})
		w.Check(func() string {
			switch {
			case seen[1] > 1 || seen[2] > 1 || seen[3] > 1:
				return "a series comes twice"
			case seen[3] == 0:
				return "a series that nobody deleted is missing"
			}
			return ""
		})
	}
	const limit = 1_000_000
	found := func(fault rosterFault) string {
		for _, compact := range []bool{true, false} {
			result := interleave.Explore(limit, func(w *interleave.World) { model(w, fault, compact) })
			if result.Fault != "" {
				return result.Fault
			}
			require.Greater(t, result.Runs, 4)
		}
		return ""
	}
	require.Empty(t, found(noRosterFault))
	for name, fault := range map[string]rosterFault{
		"holes are filled again":           rosterReusesHoles,
		"length read at every step":        rosterLengthReadAgain,
		"published before it is filled":    rosterPublishedEmpty,
		"compacted in place":               rosterCompactsInPlace,
		"grown roster published too early": rosterGrowsBeforeCopying,
	} {
		t.Run("planted/"+name, func(t *testing.T) { require.NotEmpty(t, found(fault)) })
	}
}
