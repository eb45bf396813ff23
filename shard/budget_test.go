// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// within makes a family one of those of a budget.
func (f *family) within(b *Budget) *family {
	f.config.Budget = b
	f.Map = New(f.config)
	return f
}

// taken returns how many series count against the budget.
func (b *Budget) taken() int { return int(b.used.Load()) }

func TestMapsShareTheirBudget(t *testing.T) {
	b := NewBudget(3)
	f, g := newFamily(100, "a").within(b), newFamily(100, "a").within(b)
	one := f.with("1")
	f.with("2")
	g.with("1")
	require.Equal(t, 3, b.taken())
	labels, limit := g.limitOf("2")
	require.Equal(t, `a="overflow"`, labels)
	require.Equal(t, BudgetLimit, limit)
	labels, limit = g.limitOf("3")
	require.Equal(t, `a="overflow"`, labels, "found without the mutex")
	require.Equal(t, BudgetLimit, limit)
	require.EqualValues(t, 2, g.rejections.Load())
	require.Equal(t, 3, b.taken(), "overflow series do not count")

	require.True(t, f.Delete(one))
	require.Equal(t, 2, b.taken())
	require.Equal(t, `a="2"`, g.with("2").Labels)
	require.Equal(t, `a="overflow"`, f.with("3").Labels)
	f.Reset()
	require.Equal(t, 2, b.taken())
	require.Equal(t, `a="3"`, f.with("3").Labels)
	require.True(t, f.delete("3"))
	require.True(t, g.delete("overflow"))
	require.Equal(t, 2, b.taken())
}

func TestASeriesThatBecomesTheOverflowSeriesLeavesTheBudget(t *testing.T) {
	b := NewBudget(2)
	f := newFamily(100, "a").within(b)
	f.with("overflow")
	f.with("1")
	require.Equal(t, 2, b.taken())
	require.Equal(t, `a="overflow"`, f.with("2").Labels)
	require.Equal(t, 1, b.taken())
	require.Equal(t, `a="2"`, f.with("2").Labels)
	require.Equal(t, 2, b.taken())
	require.Equal(t, 3, f.Size())
}

func TestSeriesThatNeedNoRoomCountAllTheSame(t *testing.T) {
	b := NewBudget(2)
	f := newFamily(100, "a").within(b)
	b.Count(3)
	require.Equal(t, `a="overflow"`, f.with("1").Labels)
	b.Count(-2)
	require.Equal(t, `a="1"`, f.with("1").Labels)
	require.Equal(t, 2, b.taken())
}

func TestAReleasedMapHasNoBudgetAnyMore(t *testing.T) {
	b := NewBudget(1)
	f, g := newExpiring(100, "a"), newFamily(100, "a").within(b)
	f.within(b)
	f.with("1")
	f.with("2")
	require.Equal(t, `a="overflow"`, g.with("1").Labels)
	f.Release()
	f.Release()
	require.Zero(t, b.taken())
	require.Empty(t, b.maps())
	require.Equal(t, `a="2"`, f.with("2").Labels)
	f.Reset()
	require.Zero(t, b.taken())
	require.Equal(t, `a="1"`, g.with("1").Labels)
}

func TestExpiredSeriesOfOtherMapsMakeRoomInTheBudget(t *testing.T) {
	b := NewBudget(2)
	f, other := newExpiring(100, "a"), newFamily(100, "a").within(b)
	f.within(b)
	f.with("1")
	f.with("2")
	require.Equal(t, `a="overflow"`, other.with("1").Labels)
	f.now.Add(life - 1)
	require.Equal(t, `a="overflow"`, other.with("1").Labels)
	f.now.Add(1)
	require.Equal(t, `a="1"`, other.with("1").Labels)
	require.Zero(t, f.Size())
	require.Equal(t, 1, b.taken())

	late := newExpiring(100, "a")
	late.config.Expiry.Now = f.now.Load
	late.within(b)
	late.with("1")
	require.Equal(t, `a="overflow"`, other.with("2").Labels)
	f.now.Add(life)
	require.Equal(t, `a="2"`, other.with("2").Labels, "a map that came later is swept too")
}

func TestASeriesThatComesBackWaitsForTheBudget(t *testing.T) {
	b := NewBudget(1)
	f, other := newExpiring(100, "a"), newFamily(100, "a").within(b)
	f.within(b)
	x := f.with("x")
	f.after(0)
	f.after(life)
	require.Zero(t, b.taken())
	other.with("1")
	mortalOf(x).hits.Inc()
	f.after(1)
	require.Equal(t, 1, f.Waiting())
	require.Same(t, x, f.with("x"))
	require.True(t, other.delete("1"))
	f.after(1)
	require.Equal(t, map[string]uint64{`a="x"`: 1}, f.page(t))
	require.Equal(t, 1, b.taken())
	runtime.KeepAlive(x)
}
