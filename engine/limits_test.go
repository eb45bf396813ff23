// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

func TestLabelLimitsThatCannotWorkAreErrors(t *testing.T) {
	labels := []string{"tenant", "user"}
	r := engine.NewRegistry()
	_, err := r.NewCounterVec("c_total", "", labels, engine.WithLabelLimit("usr", 5))
	require.ErrorIs(t, err, engine.ErrOption)
	require.ErrorContains(t, err, `WithLabelLimit("usr", 5): the labels of the metric are (tenant, user)`)
	_, err = r.NewCounterVec("c_total", "", labels, engine.WithLabelLimit("app", 5),
		engine.WithConstLabels(engine.Labels{"app": "x"}))
	require.ErrorIs(t, err, engine.ErrOption)
	_, err = r.NewGaugeVec("g", "", labels, engine.WithLabelLimit("user", 0))
	require.ErrorIs(t, err, engine.ErrOption)
	_, err = r.NewGaugeVec("g", "", nil, engine.WithLabelLimit("a-b", 1))
	require.ErrorIs(t, err, engine.ErrLabel)
	_, err = r.NewGaugeVec("g", "", nil, engine.WithLabelLimit("a", 1), engine.WithConstLabels(engine.Labels{"a": ""}))
	require.ErrorIs(t, err, engine.ErrOption)
	utf8 := engine.NewRegistry(engine.WithUTF8Names())
	require.NotNil(t, must(utf8.NewGaugeVec("g", "", nil, engine.WithLabelLimit("a.b", 1))))
	_, err = r.NewCounter("c_total", "", engine.WithLabelLimit("user", 5))
	require.ErrorIs(t, err, engine.ErrOption)
	_, err = r.NewGaugeFunc("f", "", func() float64 { return 1 }, engine.WithLabelLimit("user", 5))
	require.ErrorIs(t, err, engine.ErrOption)
	_, err = engine.RegisterSummaryOf[struct{ User string }](r, "s", "", engine.WithLabelLimit("User", 5))
	require.ErrorContains(t, err, `the labels of the metric are (user)`)
	for _, n := range []int{0, -1} {
		require.Panics(t, func() { engine.NewRegistry(engine.WithSeriesBudget(n)) })
	}
}

func TestAnotherLabelLimitForAnExistingMetricIsLoggedAndDoesNotHold(t *testing.T) {
	r, log := logged()
	labels := []string{"user"}
	v := must(r.NewCounterVec("c_total", "", labels, engine.WithLabelLimit("user", 5)))
	require.Same(t, v, must(r.NewCounterVec("c_total", "", labels, engine.WithLabelLimit("user", 5))))
	require.Empty(t, warnings(log))
	require.Same(t, v, must(r.NewCounterVec("c_total", "", labels)))
	require.Contains(t, warnings(log)[0], "label limits differ: none, but user: 5 in the first definition")
}

func TestNoLimitLiftsALabelLimitAndABudget(t *testing.T) {
	limit := engine.WithLabelLimit("user", 1)
	r := engine.NewRegistry(engine.WithSeriesBudget(1), engine.WithSeriesBudget(engine.NoLimit))
	for i, v := range []*engine.CounterVec{
		must(r.NewCounterVec("a_total", "", []string{"user"}, limit)),
		must(r.NewCounterVec("b_total", "", []string{"user"}, limit, engine.WithLabelLimit("user", engine.NoLimit))),
		must(r.NewCounterVec("c_total", "", []string{"user"}, engine.WithLabelLimit("user", 2), limit)),
	} {
		v.With("1").Inc()
		v.With("2").Inc()
		require.Equal(t, i == 1, v.Delete("2"))
	}
}

// lookups are the ways to look up a series by the labels tenant and user.
func limitedLookups(r *engine.Registry, options ...engine.MetricOption) map[string]func(tenant, user string) {
	labels := []string{"tenant", "user"}
	c := must(r.NewCounterVec("c", "", labels, options...))
	h := must(r.NewHistogramVec("h", "", labels, append(options, engine.WithBuckets())...))
	open := must(r.NewGaugeVec("open", "", nil, options...))
	type set struct {
		Tenant string
		User   int
	}
	typed := must(engine.RegisterSummaryOf[set](r, "typed", "", append(options, engine.WithObjectives(nil))...))
	return map[string]func(tenant, user string){
		"c":    func(tenant, user string) { c.With(tenant, user).Inc() },
		"h":    func(tenant, user string) { h.WithLabels(engine.Labels{"tenant": tenant, "user": user}).Observe(1) },
		"open": func(tenant, user string) { open.WithLabels(engine.Labels{"user": user, "tenant": tenant}).Inc() },
		"typed": func(tenant, user string) {
			typed.With(set{tenant, must(strconv.Atoi(user))}).Observe(1)
		},
	}
}

// counts reads how many updates the series of a metric have, by the values of labels.
func countsOf(r *engine.Registry, metric string, labels ...string) map[string]uint64 {
	counts := map[string]uint64{}
	for f := range r.Read(engine.ReadOptions{NoSelf: true, Names: []string{metric}}) {
		for s := range f.Samples() {
			key := ""
			for _, l := range s.Labels() {
				key += l.Name + "=" + l.Value + " "
			}
			count := uint64(s.Value())
			switch f.Type() {
			case encode.Histogram:
				count = s.Histogram().Count
			case encode.Summary:
				count = s.Summary().Count
			}
			counts[key] += count
		}
	}
	return counts
}

func TestLabelLimitsHoldForEveryFormOfLookup(t *testing.T) {
	r := engine.NewRegistry()
	for metric, lookup := range limitedLookups(r, engine.WithLabelLimit("user", 2)) {
		for i := range 10 {
			for range i + 1 {
				lookup("acme", strconv.Itoa(i))
				lookup("umbrella", strconv.Itoa(9-i))
			}
		}
		require.Equal(t, map[string]uint64{
			"tenant=acme user=0 ": 1, "tenant=acme user=9 ": 10, "tenant=acme user=__overflow__ ": 44,
			"tenant=umbrella user=0 ": 10, "tenant=umbrella user=9 ": 1, "tenant=umbrella user=__overflow__ ": 44,
		}, countsOf(r, metric), metric)
	}
}

func TestASeriesBudgetHoldsForAllMetricsOfARegistry(t *testing.T) {
	r := engine.NewRegistry(engine.WithSeriesBudget(5), engine.WithStrict())
	must(r.NewCounter("one_total", ""))
	f := must(r.NewGaugeFunc("func", "", func() float64 { return 1 }))
	a := must(r.NewCounterVec("a_total", "", []string{"user"}))
	b := must(r.NewCounterVec("b_total", "", []string{"user"}))
	a.With("1").Inc()
	a.With("2").Inc()
	b.With("1").Inc()
	b.With("2").Inc()
	a.With("3").Inc()
	must(r.NewGauge("a_definition_never_fails", "")).Set(1)
	must(r.NewGaugeVec("nor_does_this", "", []string{"user"})).With("1").Set(1)
	require.Equal(t, map[string]uint64{"user=1 ": 1, "user=2 ": 1, "user=__overflow__ ": 1}, countsOf(r, "a_total"))
	require.Equal(t, map[string]uint64{"user=1 ": 1, "user=__overflow__ ": 1}, countsOf(r, "b_total"))
	require.Equal(t, map[string]uint64{"user=__overflow__ ": 1}, countsOf(r, "nor_does_this"))

	require.True(t, r.Unregister("a_total"))
	a.With("4").Inc()
	b.With("2").Inc()
	b.With("3").Inc()
	require.Equal(t, map[string]uint64{"user=1 ": 1, "user=2 ": 1, "user=__overflow__ ": 2}, countsOf(r, "b_total"))
	require.True(t, r.UnregisterMetric(f))
	b.With("3").Inc()
	require.EqualValues(t, 1, countsOf(r, "b_total")["user=3 "])
	b.Reset()
	r.Clear()
	v := must(r.NewCounterVec("b_total", "", []string{"user"}))
	for i := range 6 {
		v.With(fmt.Sprint(i)).Inc()
	}
	require.Len(t, countsOf(r, "b_total"), 6)
	require.EqualValues(t, 1, countsOf(r, "b_total")["user=__overflow__ "])
}

func TestSeriesOfAnyMetricThatAreExpiredMakeRoomInTheBudget(t *testing.T) {
	r, clock := mortalRegistry(engine.WithSeriesBudget(2))
	a := must(r.NewCounterVec("a_total", "", []string{"user"}))
	b := must(r.NewCounterVec("b_total", "", []string{"user"}, engine.WithExpiry(engine.NoLimit)))
	a.With("1").Inc()
	kept := a.With("2")
	kept.Inc()
	b.With("1").Inc()
	require.Equal(t, map[string]uint64{"user=__overflow__ ": 1}, countsOf(r, "b_total"))
	clock.add(time.Minute)
	b.With("1").Inc()
	require.EqualValues(t, 1, countsOf(r, "b_total")["user=1 "], "it made the others leave")
	kept.Inc()
	require.Equal(t, map[string]uint64{"user=2 ": 2}, countsOf(r, "a_total"), "it has come back")
	b.With("2").Inc()
	require.Equal(t, map[string]uint64{"user=1 ": 1, "user=__overflow__ ": 2}, countsOf(r, "b_total"))
	clock.add(time.Minute)
	b.With("2").Inc()
	kept.Inc()
	require.Empty(t, countsOf(r, "a_total"))
	require.EqualValues(t, 1, scrape(t, r).float(t, `quipu_waiting_series{metric="a_total"}`), "no room")
	require.True(t, b.Delete("2"))
	require.Equal(t, map[string]uint64{"user=2 ": 3}, countsOf(r, "a_total"))
	runtime.KeepAlive(kept)
}

func TestASecondRegistryOfTheSameOptionsHasABudgetOfItsOwn(t *testing.T) {
	option := engine.WithSeriesBudget(1)
	for range 2 {
		r := engine.NewRegistry(option)
		v := must(r.NewCounterVec("a_total", "", []string{"user"}))
		v.With("1").Inc()
		require.Equal(t, map[string]uint64{"user=1 ": 1}, countsOf(r, "a_total"))
	}
}

func TestTheRegistrysOwnMetricsNameTheMetricThatMetALimit(t *testing.T) {
	r, _ := logged(engine.WithSeriesBudget(4))
	full := must(r.NewCounterVec("full_total", "", []string{"a"}, engine.WithMaxSeries(1)))
	label := must(r.NewCounterVec("label_total", "", []string{"a"}, engine.WithLabelLimit("a", 1)))
	budget := must(r.NewCounterVec("budget_total", "", []string{"a"}))
	good := must(r.NewCounterVec("good_total", "", []string{"a"}))
	good.With("1").Inc()
	for i := range 10 {
		full.With(fmt.Sprint(i)).Inc()
		label.With(fmt.Sprint(i)).Inc()
		budget.With(fmt.Sprint(i)).Inc()
	}
	page := scrape(t, r)
	require.EqualValues(t, 9, page.float(t, `quipu_overflowed_lookups_total{metric="full_total"}`))
	require.EqualValues(t, 9, page.float(t, `quipu_overflowed_lookups_total{metric="label_total"}`))
	require.EqualValues(t, 9, page.float(t, `quipu_overflowed_lookups_total{metric="budget_total"}`))
	require.NotContains(t, page.values, `quipu_overflowed_lookups_total{metric="good_total"}`)

	all := engine.NewRegistry()
	require.NoError(t, all.Mount(r, engine.WithPrefix("lib_")))
	require.EqualValues(t, 9, scrape(t, all).float(t, `quipu_overflowed_lookups_total{metric="lib_full_total"}`))
}

// Series are created beyond limits and a budget, deleted, expired and read by several goroutines.
// What was counted is on a page or was counted by a reader before it left.
func TestNothingIsLostOrMiscountedBeyondLimits(t *testing.T) {
	const workers, users, tenants, budget = 4, 40, 5, 30
	rounds := 1500
	if long() {
		rounds = 100_000
	}
	r, clock := mortalRegistry(engine.WithExpiry(time.Second), engine.WithSeriesBudget(budget))
	options := []engine.MetricOption{engine.WithLabelLimit("user", 10), engine.WithMaxSeries(25)}
	labels := []string{"tenant", "user"}
	c := must(r.NewCounterVec("c", "", labels, options...))
	h := must(r.NewHistogramVec("h", "", labels, append(options, engine.WithBuckets())...))
	books := ledger{seen: make(map[incarnation]uint64)}
	var kept sync.Map
	var updates [workers]uint64
	var work sync.WaitGroup
	for w := range workers {
		work.Go(func() {
			for i := range rounds {
				tenant, user := strconv.Itoa(i%tenants), strconv.Itoa((i*7+w*i/3)%users)
				switch update := c.With(tenant, user).Inc; {
				case i%2 == 0:
					h.With(tenant, user).Observe(1)
				case i%31 == 0:
					kept.Store(w, update)
					fallthrough
				default:
					update()
				}
				updates[w]++
				if old, ok := kept.Load(w); ok && i%13 == 0 {
					old.(func())()
					updates[w]++
				}
				if i%64 == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { work.Wait(); close(done) }()
	for round := 0; ; round++ {
		clock.add(400 * time.Millisecond)
		books.read(t, r)
		if round%8 == 0 {
			runtime.GC()
		}
		select {
		case <-done:
		default:
			continue
		}
		break
	}
	kept.Clear()
	var want uint64
	for _, n := range updates {
		want += n
	}
	books.settle(t, r, clock, want, 2) // overflow series stay
	for i := range budget {
		c.With("x", strconv.Itoa(i)).Inc()
		h.With("y", strconv.Itoa(i)).Observe(1)
	}
	// Each has ten values, one shared series, and its overflow series, which is not counted.
	require.Len(t, countsOf(r, "c"), 12)
	require.Len(t, countsOf(r, "h"), 12)
	rest := must(r.NewCounterVec("rest", "", []string{"user"}))
	for i := range budget {
		rest.With(strconv.Itoa(i)).Inc()
	}
	require.Len(t, countsOf(r, "rest"), budget-2*11+1)
}

func TestLabelValuesAreCutWhereTheRegistrySays(t *testing.T) {
	for _, most := range []int{len(engine.OverflowValue), 21, engine.MaxLabelValue, 4096, engine.NoLimit} {
		r, log := logged(engine.WithMaxLabelValue(most))
		v := must(r.NewCounterVec("c_total", "", []string{"a"}, engine.WithConstLabels(engine.Labels{
			"const": strings.Repeat("c", 5000)})))
		open := must(r.NewGaugeVec("g", "", nil))
		long := strings.Repeat("é", 2500) // 5000 bytes
		cut := min(most, len(long)) / 2 * 2
		for range 2 {
			v.With(long).Inc()
			open.WithLabels(engine.Labels{"a": long, "b": long[:cut]}).Inc()
		}
		v.With(long[:cut]).Inc()
		require.True(t, v.DeleteLabels(engine.Labels{"a": long}))
		v.With(long[:cut]).Inc()
		changed := 2.0
		if most >= len(long) {
			changed = 0
		} else {
			require.Contains(t, warnings(log)[0], fmt.Sprintf("of 5000 bytes, %d at most are kept", most))
		}
		page := scrape(t, r)
		for _, metric := range []string{"c_total", "g"} {
			series := fmt.Sprintf(`quipu_changed_label_values_total{metric=%q,reason="length"}`, metric)
			if changed > 0 {
				require.EqualValues(t, changed, page.float(t, series))
			} else {
				require.NotContains(t, page.values, series)
			}
		}

		require.NoError(t, r.Attach(&sourceOf{func(_ context.Context, w *engine.Writer) error {
			w.Gauge("s", "", 0, engine.Label{Name: "a", Value: strings.Repeat("s", 5000)})
			return nil
		}}))
		want := map[string]string{}
		for name, labels := range map[string]map[string]string{
			"c_total": {"a": long[:cut], "const": strings.Repeat("c", min(most, 5000))},
			"g":       {"a": long[:cut], "b": long[:cut]},
			"s":       {"a": strings.Repeat("s", min(most, 5000))},
		} {
			want[textSample{name, labels, ""}.key()] = map[string]string{"c_total": "1", "g": "2", "s": "0"}[name]
		}
		require.Equal(t, want, valuesOf(t, r))
		if changed > 0 {
			require.Positive(t, scrape(t, r).float(t, `quipu_changed_label_values_total{metric="s",reason="length"}`))
		}
	}
	for _, most := range []int{len(engine.OverflowValue) - 1, 0, -1} {
		require.PanicsWithValue(t, fmt.Sprintf("quipu: invalid option: WithMaxLabelValue(%d): "+
			"__overflow__ needs 12 bytes", most), func() { engine.NewRegistry(engine.WithMaxLabelValue(most)) })
	}
}
