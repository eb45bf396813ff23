// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// limited gives labels of a family limits.
func (f *family) limited(limits map[string]int) *family {
	f.config.LabelLimits = limits
	f.Map = New(f.config)
	return f
}

// labels returns the labels of the series with these values, and the limit that the lookup met.
func (f *family) limitOf(values ...string) (labels string, limit Limit) {
	n, key := f.Find(values)
	if n == nil {
		n, limit = f.Insert(values, key)
	}
	return n.Labels, limit
}

// checkLimits compares what the limits count with the labels of the listed series.
func (f *family) checkLimits(t testing.TB) {
	t.Helper()
	counted := make(map[string]map[string]int)
	listed := make(map[string]map[string]int)
	for i := range f.limits.labels {
		label := &f.limits.labels[i]
		counted[label.name], listed[label.name] = make(map[string]int), make(map[string]int)
		if values := label.values.Load(); values != nil {
			values.Range(func(_ uint64, v *limitedValue) bool {
				counted[label.name][v.value] = v.series
				return true
			})
		}
		require.EqualValues(t, len(counted[label.name]), label.count.Load())
		require.LessOrEqual(t, len(counted[label.name]), label.max)
	}
	for n := range f.All() {
		for name, value := range labeltext.All(f.variable(n)) {
			if listed[name] != nil && value != "" && value != f.overflowValue {
				listed[name][value]++
			}
		}
	}
	require.Equal(t, listed, counted)
	require.Zero(t, f.limits.changes.Load()%2)
}

func TestValuesBeyondTheLimitOfTheirLabelShareASeries(t *testing.T) {
	f := newFamily(100, "user", "code").limited(map[string]int{"user": 2})
	for _, c := range []struct{ user, code, want string }{
		{"a", "1", `user="a",code="1"`},
		{"b", "1", `user="b",code="1"`},
		{"c", "1", `user="overflow",code="1"`},
		{"d", "1", `user="overflow",code="1"`},
		{"c", "2", `user="overflow",code="2"`},
		{"a", "2", `user="a",code="2"`},
		{"", "1", `user="",code="1"`},
		{"overflow", "3", `user="overflow",code="3"`},
	} {
		for range 2 {
			labels, limit := f.limitOf(c.user, c.code)
			require.Equal(t, c.want, labels)
			require.Equal(t, c.user == "c" || c.user == "d", limit == LabelLimit)
		}
	}
	require.EqualValues(t, 6, f.rejections.Load())
	require.Equal(t, 7, f.Size())
	f.checkLimits(t)
}

func TestAValueLeavesTheLimitWithItsLastSeries(t *testing.T) {
	f := newFamily(100, "user", "code").limited(map[string]int{"user": 1})
	f.with("a", "1")
	f.with("a", "2")
	require.Equal(t, `user="overflow",code="1"`, f.with("b", "1").Labels)
	require.True(t, f.delete("a", "1"))
	require.Equal(t, `user="overflow",code="1"`, f.with("b", "1").Labels)
	require.True(t, f.delete("a", "2"))
	require.Equal(t, `user="b",code="1"`, f.with("b", "1").Labels)
	require.Equal(t, `user="overflow",code="1"`, f.with("a", "1").Labels)
	f.checkLimits(t)
	f.Reset()
	f.checkLimits(t)
	require.Equal(t, `user="a",code="1"`, f.with("a", "1").Labels)
	f.checkLimits(t)
}

func TestLimitsOfSeveralLabelsHoldForEach(t *testing.T) {
	f := newFamily(100, "a", "b", "c").limited(map[string]int{"a": 1, "c": 2})
	require.Equal(t, `a="1",b="1",c="1"`, f.with("1", "1", "1").Labels)
	require.Equal(t, `a="overflow",b="1",c="2"`, f.with("2", "1", "2").Labels)
	require.Equal(t, `a="1",b="2",c="overflow"`, f.with("1", "2", "3").Labels)
	require.Equal(t, `a="overflow",b="2",c="overflow"`, f.with("2", "2", "3").Labels)
	f.checkLimits(t)
}

func TestLimitsHoldForLabelSetsToo(t *testing.T) {
	for name, f := range map[string]*family{"declared": newFamily(10, "b", "a"), "open": newFamily(10)} {
		t.Run(name, func(t *testing.T) {
			f := f.withConsts(map[string]string{"const": "1"}).limited(map[string]int{"a": 1})
			one := f.withSet(map[string]string{"a": `x"`, "b": "1"})
			over := f.withSet(map[string]string{"a": "y", "b": "1"})
			require.NotSame(t, one, over)
			require.Contains(t, over.Labels, `a="overflow"`)
			for _, a := range []string{"y", "z", "overflow"} {
				require.Same(t, over, f.withSet(map[string]string{"a": a, "b": "1"}))
			}
			require.Same(t, one, f.withSet(map[string]string{"a": `x"`, "b": "1"}))
			require.EqualValues(t, 3, f.rejections.Load())
			f.withSet(map[string]string{"a": "", "b": "1"})
			require.Equal(t, 3, f.Size())
			f.checkLimits(t)
		})
	}
}

func TestAFullMapStillFindsTheSeriesOfValuesBeyondALimit(t *testing.T) {
	f := newFamily(2, "user", "code").limited(map[string]int{"user": 1})
	f.with("a", "1")
	shared := f.with("b", "1")
	labels, limit := f.limitOf("c", "2")
	require.Equal(t, `user="overflow",code="overflow"`, labels)
	require.Equal(t, SeriesLimit, limit)
	require.Same(t, shared, f.with("d", "1"))
	_, limit = f.limitOf("a", "2")
	require.Equal(t, SeriesLimit, limit)
	require.EqualValues(t, 4, f.rejections.Load())
	f.checkLimits(t)
}

func TestTwoValuesWithOneKeyedHashDoNotMeet(t *testing.T) {
	f := newFamily(10, "user").limited(map[string]int{"user": 5})
	a := f.with("a")
	label := &f.limits.labels[0]
	label.values.Load().Store(keyedHash(label.seed, "b"), &limitedValue{"a", 1})
	require.Equal(t, `user="overflow"`, f.with("b").Labels)
	require.Same(t, a, f.with("a"))
}

func TestAnExpiredSeriesTakesItsValueAlongAndComesBackWhenThereIsRoom(t *testing.T) {
	f := newExpiring(100, "user")
	f.limited(map[string]int{"user": 1})
	x := f.with("x")
	mortalOf(x).hits.Inc()
	f.after(0)
	f.after(life)
	require.Zero(t, f.Size())
	f.checkLimits(t)

	y := f.with("y")
	require.Equal(t, `user="y"`, y.Labels)
	mortalOf(y).hits.Inc()
	mortalOf(x).hits.Inc()
	f.after(1)
	require.Equal(t, map[string]uint64{`user="y"`: 1}, f.page(t))
	require.Equal(t, 1, f.Waiting())
	require.Same(t, x, f.with("x"), "its lookup finds it, though it waits")
	require.Equal(t, `user="overflow"`, f.with("z").Labels)
	require.Same(t, f.with("z"), f.with("zz"))

	require.True(t, f.delete("y"))
	f.after(1)
	require.Equal(t, map[string]uint64{`user="x"`: 2, `user="overflow"`: 0}, f.page(t))
	require.Zero(t, f.Waiting())
	f.checkLimits(t)
	runtime.KeepAlive(x)
}

func TestALookupThatFindsALabelFullMakesExpiredSeriesLeave(t *testing.T) {
	for name, names := range map[string][]string{"declared": {"user"}, "open": nil} {
		t.Run(name, func(t *testing.T) {
			f := newExpiring(100, names...)
			f.limited(map[string]int{"user": 1})
			with := func(user string) *Node { return f.withSet(map[string]string{"user": user}) }
			with("x")
			require.Equal(t, `user="overflow"`, with("y").Labels)
			f.now.Add(life)
			require.Equal(t, `user="y"`, with("y").Labels)
			f.checkLimits(t)
		})
	}
}

func TestAWithdrawnSeriesOfASharedValueIsFound(t *testing.T) {
	f := newExpiring(100, "user")
	f.limited(map[string]int{"user": 1})
	x, over := f.with("x"), f.with("y")
	f.after(0)
	f.after(life)
	require.Zero(t, f.Size())
	require.Equal(t, `user="z"`, f.with("z").Labels)
	require.Same(t, over, f.with("y"))
	require.Same(t, x, f.with("x"), "x has no room and is there all the same")
	require.Equal(t, 2, f.Size())
	f.checkLimits(t)
	runtime.KeepAlive(over)
}

func TestAFloodBeyondALabelLimitAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	f := newFamily(100, "user", "code").limited(map[string]int{"user": 2})
	f.with("a", "200")
	f.with("b", "200")
	f.with("c", "200")
	values := make([]string, 100)
	for i := range values {
		values[i] = fmt.Sprintf("user-%d", i)
	}
	i := 0
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		f.with(values[i%len(values)], "200")
		i++
	}))
}

func TestTheTableOfALabelFollowsItsValues(t *testing.T) {
	f := newFamily(1<<20, "user").limited(map[string]int{"user": 1 << 19})
	require.Nil(t, f.limits.labels[0].values.Load())
	for i := range 1000 {
		f.with(strconv.Itoa(i))
	}
	f.checkLimits(t)
	for i := range 1000 {
		f.delete(strconv.Itoa(i))
	}
	require.Nil(t, f.limits.labels[0].values.Load())
}

// Goroutines create, delete, expire and remove series of two maps beyond all limits. When they are
// done, the values and the budget are exactly those of the series that are listed, and every lookup
// beyond a limit was counted.
func TestLimitsAndBudgetsAreExactAfterAnyMixOfChanges(t *testing.T) {
	const workers, most = 4, 60
	rounds := 4000
	if long() {
		rounds = 400_000
	}
	b := NewBudget(most)
	var maps [2]*expiringFamily
	for i := range maps {
		maps[i] = newExpiring(50, "user", "code")
		maps[i].config.LabelLimits = map[string]int{"user": 10, "code": 3}
		maps[i].config.Expiry.Now = maps[0].now.Load
		maps[i].within(b)
	}
	var work sync.WaitGroup
	var shared atomic.Int64
	for w := range workers {
		work.Go(func() {
			random := rand.New(rand.NewPCG(uint64(w), 7))
			for i := range rounds {
				m := maps[random.IntN(len(maps))]
				user, code := strconv.Itoa(random.IntN(20)), strconv.Itoa(random.IntN(5))
				switch op := random.IntN(1000); {
				case op < 200:
					m.delete(user, code)
				case op < 201:
					m.Reset()
				case op < 220:
					m.Sweep(maps[0].now.Load())
				default:
					n, key := m.Find([]string{user, code})
					limit := NoLimit
					if n == nil {
						n, limit = m.Insert([]string{user, code}, key)
					}
					mortalOf(n).hits.Inc()
					if limit != NoLimit {
						shared.Add(1)
					}
				}
				if i%32 == 0 {
					maps[0].now.Add(1)
				}
			}
		})
	}
	work.Wait()
	listed := 0
	var rejected uint64
	for _, m := range maps {
		m.checkLimits(t)
		require.Len(t, m.walk(t), m.Size())
		listed += m.Len()
		rejected += m.rejections.Load()
	}
	require.Equal(t, listed, b.taken())
	require.LessOrEqual(t, listed, most)
	require.EqualValues(t, shared.Load(), rejected)
	waiting := func() int { return maps[0].Waiting() + maps[1].Waiting() }
	for range 200 { // those that wait come back in turn
		if b.taken()+waiting() == 0 {
			break
		}
		maps[0].now.Add(2 * life)
		collect()
		for _, m := range maps {
			m.Sweep(maps[0].now.Load())
			m.checkLimits(t)
		}
	}
	require.Zero(t, b.taken()+waiting())
}
