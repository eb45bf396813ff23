// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSeriesAreDeletedByTheLabelsThatTheyHave(t *testing.T) {
	const tenants, users = 5, 200
	b := NewBudget(1 << 20)
	for _, c := range []struct {
		labels  map[string]string
		deleted int
	}{
		{map[string]string{"tenant": "t1"}, users},
		{map[string]string{"user": "u7"}, tenants},
		{map[string]string{"user": "u7", "tenant": "t3"}, 1},
		{map[string]string{"tenant": "t9"}, 0},
		{map[string]string{"code": "1"}, 0},
		{map[string]string{"code": ""}, tenants * users},
		{map[string]string{"const": "1", "user": "u1"}, tenants},
		{map[string]string{"const": "2", "user": "u1"}, 0},
		{map[string]string{"user": ""}, 0},
		{nil, tenants * users},
	} {
		for name, f := range map[string]*family{
			"declared": newFamily(1<<20, "tenant", "user").withConsts(map[string]string{"const": "1"}),
			"open":     newFamily(1 << 20).withConsts(map[string]string{"const": "1"}),
		} {
			f.config.LabelLimits = map[string]int{"user": users}
			f.within(b)
			var nodes []*Node
			for i := range tenants * users {
				nodes = append(nodes, f.withSet(map[string]string{
					"tenant": fmt.Sprint("t", i%tenants), "user": fmt.Sprint("u", i/tenants)}))
			}
			require.Equal(t, c.deleted, f.DeleteWhere(c.labels), "%s %v", name, c.labels)
			require.Equal(t, tenants*users-c.deleted, f.Size())
			require.Len(t, f.walk(t), f.Size())
			f.checkLimits(t)
			require.Equal(t, f.Size(), b.taken())
			gone := 0
			for _, n := range nodes {
				if n.Gone() {
					gone++
				}
			}
			require.Equal(t, c.deleted, gone)
			f.Release()
		}
	}
}

func TestTheOverflowSeriesIsDeletedByItsLabels(t *testing.T) {
	f := newFamily(1, "a")
	f.with("1")
	f.with("2")
	require.Equal(t, 1, f.DeleteWhere(map[string]string{"a": "overflow"}))
	require.Equal(t, []string{`a="1"`}, f.walk(t))
	f.with("2")
	require.Equal(t, 2, f.DeleteWhere(nil))
	require.Zero(t, f.Size())
}

func TestWithdrawnSeriesAreForgottenAndNotCounted(t *testing.T) {
	f := newExpiring(1000, "a", "b")
	var handles []*Node
	for i := range 200 {
		handles = append(handles, f.with(fmt.Sprint(i%2), fmt.Sprint(i)))
	}
	f.after(0)
	f.after(life)
	require.Zero(t, f.Size())
	f.with("1", "x")
	require.Equal(t, 1, f.DeleteWhere(map[string]string{"a": "1"}))
	for _, n := range handles {
		mortalOf(n).hits.Inc()
	}
	f.after(1)
	require.Equal(t, 100, f.Size(), "the others come back")
	require.Equal(t, 100, f.DeleteWhere(map[string]string{"a": "0"}))
	runtime.KeepAlive(handles)
}
