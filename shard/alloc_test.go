// SPDX-License-Identifier: Apache-2.0

//go:build !race

package shard

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLookupsOfExistingSeriesDoNotAllocate(t *testing.T) {
	f := newFamily(100, "method", "path", "code")
	plain, escaped := []string{"GET", "/api/v1/objects/by-name", "200"}, []string{`"`, `\`, "\n"}
	colliding := collidingValues(t, 2)
	displaced := []string{colliding[1], "", ""}
	f.with(colliding[0], "", "")
	for _, values := range [][]string{plain, escaped, displaced} {
		n := f.with(values...)
		set := map[string]string{"method": values[0], "path": values[1], "code": values[2]}
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if f.find(values) != n || f.findSet(set) != n {
				t.Error("not found")
			}
		}), "%q", values)
	}
	require.Zero(t, testing.AllocsPerRun(100, func() { f.find([]string{"GET", "/", "500"}) }), "nor those of others")

	open := newFamily(100)
	set := map[string]string{"method": "GET", "empty": "", "code": "200"}
	n := open.withSet(set)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if open.findSet(set) != n {
			t.Error("not found")
		}
	}))
}

func TestWalksDoNotAllocate(t *testing.T) {
	f := newFamily(1000, "a")
	for i := range 1000 {
		f.with(string(rune('a' + i)))
	}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		count := 0
		for range f.All() {
			count++
		}
		if count != 1000 {
			t.Error("a series is missing")
		}
	}))
}
