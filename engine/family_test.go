// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestHostileLabelValuesAndHelpComeOutAsTheyWentInOrRepaired(t *testing.T) {
	for _, text := range hostile {
		r := engine.NewRegistry(engine.WithConstLabels(engine.Labels{"const": text}))
		h, err := r.NewHistogramVec("h", text, []string{"a", "b"}, engine.WithBuckets(1))
		require.NoError(t, err)
		s, err := r.NewSummaryVec("s", text, []string{"a", "b"}, engine.WithObjectives(map[float64]float64{0.5: 0.1}))
		require.NoError(t, err)
		o, err := r.NewCounterVec("o_total", text, nil)
		require.NoError(t, err)
		h.With(text, "x").Observe(1)
		h.With("x", text).Observe(2)
		s.With(text, text).Observe(1)
		o.WithLabels(engine.Labels{"a": text}).Inc()
		o.WithLabels(engine.Labels{"a": text, "z": "x"}).Inc()

		page := scrape(t, r)
		for i, want := range []textSample{
			{"h_bucket", map[string]string{"a": text, "b": "x", "le": "1"}, "1"},
			{"h_bucket", map[string]string{"a": text, "b": "x", "le": "+Inf"}, "1"},
			{"h_sum", map[string]string{"a": text, "b": "x"}, "1"},
			{"h_count", map[string]string{"a": text, "b": "x"}, "1"},
			{"h_sum", map[string]string{"a": "x", "b": text}, "2"},
			{"s", map[string]string{"a": text, "b": text, "quantile": "0.5"}, "1"},
			{"s_sum", map[string]string{"a": text, "b": text}, "1"},
			{"o_total", map[string]string{"a": text}, "1"},
			{"o_total", map[string]string{"a": text, "z": "x"}, "1"},
		} {
			want.labels["const"] = text
			for name, value := range want.labels {
				want.labels[name] = cleaned(value)
				if want.labels[name] == "" && want.name == "o_total" && name == "a" {
					delete(want.labels, name) // an empty label is an absent one
				}
			}
			require.Equal(t, want.value, page.values[want.key()], "%d: %q", i, text)
		}
		require.Equal(t, 8, len(page.family("h").samples))
		require.Equal(t, 3, len(page.family("s").samples))
		require.Equal(t, 2, len(page.family("o_total").samples))
		require.Equal(t, strings.ToValidUTF8(text, "\ufffd"), page.family("h").help)

		// The same values find the series that they created, and delete it.
		require.EqualValues(t, 1, h.With(text, "x").Snapshot().Count)
		require.EqualValues(t, 1, o.WithLabels(engine.Labels{"a": text}).Value())
		require.True(t, h.Delete(text, "x"))
		require.True(t, s.DeleteLabels(engine.Labels{"a": text, "b": text}))
		require.True(t, o.DeleteLabels(engine.Labels{"a": text}))
		require.False(t, o.DeleteLabels(engine.Labels{"a": text}))
	}
}

func TestChangedLabelValuesAreCounted(t *testing.T) {
	r := engine.NewRegistry()
	v, err := r.NewCounterVec("c_total", "", []string{"a"})
	require.NoError(t, err)
	megabyte := strings.Repeat("é", 1<<19)
	v.With(megabyte).Inc()
	v.With(megabyte).Inc()
	v.With("\xff").Inc()
	v.With(megabyte[:engine.MaxLabelValue]).Inc()
	page := scrape(t, r)
	require.EqualValues(t, 2, page.float(t, `quipu_changed_label_values_total{metric="c_total",reason="length"}`))
	require.EqualValues(t, 1, page.float(t, `quipu_changed_label_values_total{metric="c_total",reason="utf8"}`))
	require.Equal(t, map[string]string{
		textSample{"c_total", map[string]string{"a": megabyte[:engine.MaxLabelValue]}, ""}.key(): "3",
		textSample{"c_total", map[string]string{"a": "\ufffd"}, ""}.key():                        "1",
	}, valuesOf(t, r))
}

// Some servers parse requests in place: their strings share the memory of a buffer that the next
// request overwrites.
func TestACallersBufferMayBeUsedAgainAfterALookup(t *testing.T) {
	r := engine.NewRegistry()
	v, err := r.NewCounterVec("c_total", "", []string{"a", "b"})
	require.NoError(t, err)
	open, err := r.NewCounterVec("o_total", "", nil)
	require.NoError(t, err)
	type set struct{ A, B string }
	typed, err := engine.RegisterCounterOf[set](r, "t_total", "")
	require.NoError(t, err)
	for round := range 2 {
		for _, text := range []string{"GET /a", "PUT /b", "\xffT /c", `a"b\cd`} {
			buffer := []byte(text)
			s := unsafe.String(&buffer[0], len(buffer))
			v.With(s[:3], s[3:]).Inc()
			v.WithLabels(engine.Labels{"a": s[:3], "b": s[3:]}).Inc()
			open.WithLabels(engine.Labels{"a": s}).Inc()
			typed.With(set{s[:3], s[3:]}).Inc()
			for i := range buffer {
				buffer[i] = 'x'
			}
		}
		want := map[string]string{}
		for _, s := range []string{"GET /a", "PUT /b", "\ufffdT /c", `a"b\cd`} {
			cut := 3
			if strings.HasPrefix(s, "\ufffd") {
				cut += 2
			}
			ab := map[string]string{"a": s[:cut], "b": s[cut:]}
			want[textSample{"c_total", ab, ""}.key()] = fmt.Sprint(2 * (round + 1))
			want[textSample{"t_total", ab, ""}.key()] = fmt.Sprint(round + 1)
			want[textSample{"o_total", map[string]string{"a": s}, ""}.key()] = fmt.Sprint(round + 1)
		}
		require.Equal(t, want, valuesOf(t, r))
	}
}

func TestAFullMetricSendsTheRestToItsOverflowSeriesAndLosesNothing(t *testing.T) {
	const limit, workers, values = 50, 8, 2000
	for name, option := range map[string]func() (*engine.Registry, []engine.MetricOption){
		"metric option": func() (*engine.Registry, []engine.MetricOption) {
			return engine.NewRegistry(), []engine.MetricOption{engine.WithMaxSeries(limit)}
		},
		"registry option": func() (*engine.Registry, []engine.MetricOption) {
			return engine.NewRegistry(engine.WithMaxSeries(limit)), nil
		},
	} {
		r, options := option()
		vec, err := r.NewCounterVec("c_total", "", []string{"a", "b"}, options...)
		require.NoError(t, err, name)
		open, err := r.NewCounterVec("o_total", "", nil, options...)
		require.NoError(t, err, name)
		var work sync.WaitGroup
		for w := range workers {
			work.Go(func() {
				for i := range values {
					value := fmt.Sprint((i*workers + w) % values) // several workers use each value
					vec.With(value, "x").Inc()
					open.WithLabels(engine.Labels{"k": value}).Inc()
				}
			})
		}
		work.Wait()
		page := scrape(t, r)
		for _, family := range []string{"c_total", "o_total"} {
			samples := page.family(family).samples
			require.Len(t, samples, limit+1, family)
			sum := 0.0
			for _, s := range samples {
				sum += page.float(t, s.key())
			}
			require.EqualValues(t, workers*values, sum, family)
		}
		require.Greater(t, page.float(t, `c_total{a="__overflow__",b="__overflow__"}`), float64(workers*values*9/10))
		require.Greater(t, page.float(t, `o_total{overflow="__overflow__"}`), float64(workers*values*9/10))
		for _, metric := range []string{"c_total", "o_total"} {
			require.Greater(t, page.float(t, fmt.Sprintf("quipu_overflowed_lookups_total{metric=%q}", metric)),
				float64(workers*values*9/10))
		}
		info, _ := r.Lookup("c_total")
		require.Equal(t, limit+1, info.Series)

		// Deleting series makes room for new ones.
		require.True(t, vec.Delete(engine.OverflowValue, engine.OverflowValue))
		vec.Reset()
		vec.With("new", "x").Inc()
		require.Equal(t, "1", valuesOf(t, r)[`c_total{a="new",b="x"}`])
		require.Len(t, scrape(t, r).family("c_total").samples, 1)
	}
}

func TestTheOverflowSeriesMayBeNamedByAUserBeforeTheMetricIsFull(t *testing.T) {
	r := engine.NewRegistry()
	v, err := r.NewCounterVec("c_total", "", []string{"a"}, engine.WithMaxSeries(2))
	require.NoError(t, err)
	v.With(engine.OverflowValue).Inc()
	for i := range 10 {
		v.With(fmt.Sprint(i)).Inc()
	}
	require.Equal(t, map[string]string{`c_total{a="__overflow__"}`: "9", `c_total{a="0"}`: "1", `c_total{a="2"}`: "1"},
		valuesOf(t, r))
}
