// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// shownOf returns how many series of these points a registry shows, and the reasons why it drops
// the others.
func shownOf(t *testing.T, points ...engine.Point) (shown int, dropped map[string]string) {
	t.Helper()
	r, _ := logged()
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		for _, p := range points {
			w.Write(p)
		}
	})))
	for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
		for range f.Samples() {
			shown++
		}
	}
	return shown, drops(t, r)
}

// Prometheus refuses a whole scrape for most of these.
func TestBucketsThatDoNotAddUpAreRefused(t *testing.T) {
	buckets := func(spans []histogram.NativeSpan, deltas ...int64) histogram.NativeBuckets {
		return histogram.NativeBuckets{Spans: spans, Deltas: deltas}
	}
	span := func(offset int32, length uint32) []histogram.NativeSpan {
		return []histogram.NativeSpan{{Offset: offset, Length: length}}
	}
	one, two := span(0, 1), span(0, 2)
	wide := append(span(0, math.MaxUint32), span(0, 2)...)
	back := append(span(0, 1), span(-1, 1)...)
	native := func(n histogram.NativeSnapshot) engine.HistogramSnapshot { return engine.HistogramSnapshot{Native: &n} }
	classic := func(counts []uint64, bounds ...float64) engine.HistogramSnapshot {
		return engine.HistogramSnapshot{Bounds: bounds, Counts: counts}
	}
	counted := func(count uint64, counts ...uint64) engine.HistogramSnapshot {
		return engine.HistogramSnapshot{Bounds: []float64{1}, Counts: counts, Count: count}
	}
	nan, max63 := math.NaN(), int64(math.MaxInt64)
	for name, test := range map[string]struct {
		h     engine.HistogramSnapshot
		shown int
	}{
		"native":             {native(histogram.NativeSnapshot{Positive: buckets(two, 1, 1), Count: 3}), 1},
		"nothing":            {native(histogram.NativeSnapshot{}), 1},
		"too few":            {native(histogram.NativeSnapshot{Positive: buckets(two, 1, 1), Count: 4}), 0},
		"too many":           {native(histogram.NativeSnapshot{Positive: buckets(two, 1, 1), Count: 2}), 0},
		"NaN observed":       {native(histogram.NativeSnapshot{Positive: buckets(two, 1, 1), Count: 4, Sum: nan}), 1},
		"too many for a NaN": {native(histogram.NativeSnapshot{Positive: buckets(two, 1, 1), Count: 2, Sum: nan}), 0},
		"a negative count":   {native(histogram.NativeSnapshot{Positive: buckets(two, 1, -2)}), 0},
		"an overflow of 63 bits": {native(histogram.NativeSnapshot{
			Positive: buckets(two, max63, 1), Count: 1<<63 + 1<<63 - 1}), 0},
		"an overflow of 64 bits": {native(histogram.NativeSnapshot{
			Positive: buckets(span(0, 3), max63, 0, -max63+2), Count: 0}), 0},
		"a zero count that overflows": {native(histogram.NativeSnapshot{
			ZeroCount: math.MaxUint64, Positive: buckets(one, 2), Count: 1}), 0},
		"a span without buckets": {native(histogram.NativeSnapshot{Positive: buckets(one)}), 0},
		"buckets without a span": {native(histogram.NativeSnapshot{Negative: buckets(nil, 1), Count: 1}), 0},
		"a span of 4 G":          {native(histogram.NativeSnapshot{Negative: buckets(span(0, math.MaxUint32))}), 0},
		"spans that wrap":        {native(histogram.NativeSnapshot{Negative: buckets(wide, 1), Count: 1}), 0},
		"spans that overlap":     {native(histogram.NativeSnapshot{Positive: buckets(back, 1, 0), Count: 2}), 0},
		"an index beyond 32 bits": {native(histogram.NativeSnapshot{
			Positive: buckets(span(math.MaxInt32, 1), 1), Count: 1}), 0},
		"the largest index": {native(histogram.NativeSnapshot{
			Positive: buckets(span(math.MaxInt32-1, 1), 1), Count: 1}), 1},
		"schema 8":                 {native(histogram.NativeSnapshot{Schema: 8}), 1},
		"schema 9":                 {native(histogram.NativeSnapshot{Schema: 9}), 0},
		"schema -5":                {native(histogram.NativeSnapshot{Schema: -5}), 0},
		"custom buckets":           {native(histogram.NativeSnapshot{Schema: -53}), 0},
		"schema 4 G":               {native(histogram.NativeSnapshot{Schema: 1<<31 - 1}), 0},
		"a threshold":              {native(histogram.NativeSnapshot{ZeroThreshold: 1}), 1},
		"a negative threshold":     {native(histogram.NativeSnapshot{ZeroThreshold: -1}), 0},
		"a threshold of NaN":       {native(histogram.NativeSnapshot{ZeroThreshold: nan}), 0},
		"a threshold of +Inf":      {native(histogram.NativeSnapshot{ZeroThreshold: math.Inf(1)}), 0},
		"classic":                  {classic([]uint64{1, 2}, 1), 1},
		"classic with +Inf":        {classic([]uint64{1, 2}, 1, math.Inf(1)), 1},
		"only +Inf":                {classic([]uint64{1}, math.Inf(1)), 1},
		"their sum":                {counted(3, 1, 2), 1},
		"cumulative counts":        {counted(3, 1, 3), 0},
		"no counts":                {classic(nil, 1), 0},
		"no counts but not nil":    {classic([]uint64{}), 0},
		"counts that overflow":     {classic([]uint64{math.MaxUint64, 1}, 1), 0},
		"the most that 64 bits do": {classic([]uint64{math.MaxUint64 - 1, 1}, 1), 1},
		"-Inf":                     {classic([]uint64{1, 1}, math.Inf(-1)), 0},
		"NaN":                      {classic([]uint64{1, 1}, nan), 0},
		"equal bounds":             {classic([]uint64{1, 1, 1}, 1, 1), 0},
		"both zeros":               {classic([]uint64{1, 1, 1}, math.Copysign(0, -1), 0), 0},
		"both kinds": {engine.HistogramSnapshot{Counts: []uint64{2}, Native: &histogram.NativeSnapshot{
			Positive: buckets(one, 2), Count: 2}}, 1},
		"both kinds, other counts": {engine.HistogramSnapshot{Counts: []uint64{3}, Native: &histogram.NativeSnapshot{
			Positive: buckets(one, 2), Count: 2}}, 0},
	} {
		shown, dropped := shownOf(t, engine.Point{Name: "h", Type: encode.Histogram, Histogram: &test.h})
		require.Equal(t, test.shown, shown, name)
		if test.shown == 0 {
			require.Equal(t, map[string]string{`{metric="h",reason="state"}`: "1"}, dropped, name)
		} else {
			require.Empty(t, dropped, name)
		}
	}
}

func TestQuantilesLieBetweenZeroAndOne(t *testing.T) {
	for quantiles, want := range map[[2]float64]int{
		{0, 1}: 1, {math.Copysign(0, -1), 0.5}: 1, {-0.5, 0.5}: 0, {0.5, 1.5}: 0, {0.5, 0.5}: 0,
		{math.NaN(), 0.5}: 0, {0.5, math.NaN()}: 0, {math.Inf(-1), 0.5}: 0,
	} {
		s := engine.SummarySample{Estimates: []engine.Estimate{{Quantile: quantiles[0]}, {Quantile: quantiles[1]}}}
		shown, _ := shownOf(t, engine.Point{Name: "s", Type: encode.Summary, Summary: &s})
		require.Equal(t, want, shown, quantiles)
	}
}

// Prometheus' text parser refuses a whole page for a time before 1970.
func TestTimesThatNoPageCanShow(t *testing.T) {
	last := time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC)
	for _, test := range []struct {
		at    time.Time
		shown int
		want  time.Time
	}{
		{time.Time{}, 1, time.Time{}},
		{time.Unix(0, 0), 1, time.Time{}},
		{time.UnixMilli(1), 1, time.UnixMilli(1)},
		{time.UnixMilli(-1), 0, time.Time{}},
		{time.Unix(math.MinInt64, 0), 0, time.Time{}},
		{time.Unix(1<<62, 0), 0, time.Time{}},
		{last, 1, last.Local()},
		{last.Add(time.Millisecond), 0, time.Time{}},
	} {
		r, _ := logged()
		require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
			w.Write(engine.Point{Name: "g", Type: encode.Gauge, Time: test.at})
		})))
		shown := 0
		for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
			for s := range f.Samples() {
				shown++
				require.True(t, test.want.Equal(s.Time()), "%v: %v", test.at, s.Time())
			}
		}
		require.Equal(t, test.shown, shown, test.at)
	}
	// Other times are left out where they cannot be shown.
	for at, known := range map[time.Time]bool{
		time.Unix(5, 0): true, time.Unix(-5, 0): false, time.Unix(0, 0): false, last.Add(time.Hour): false,
		time.Unix(math.MaxInt64, 0): false,
	} {
		r := engine.NewRegistry()
		require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
			exemplars := []engine.Exemplar{{Time: at}}
			w.Write(engine.Point{Name: "c_total", Type: encode.Counter, Created: at, Exemplars: exemplars})
		})))
		for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
			for s := range f.Samples() {
				require.Equal(t, known, !s.Created().IsZero(), at)
				require.Equal(t, known, !s.Exemplars()[0].Time.IsZero(), at)
			}
		}
	}
}

// The value of an exemplar tells its bucket, whatever its Bucket says.
func TestExemplarsOfASourceGetTheirBucketFromTheirValue(t *testing.T) {
	long := make([]byte, 200)
	id := func(text string) []engine.Label { return []engine.Label{label("id", text)} }
	exemplars := []engine.Exemplar{
		{Value: 1, Bucket: 7, Labels: id("on the bound")}, {Value: 5, Bucket: -3, Labels: id("above")},
		{Value: math.NaN(), Labels: id("NaN")}, {Value: math.Inf(-1), Labels: id(string(long))},
		{Value: -1, Labels: []engine.Label{label("id", "1"), label("id", "2")}},
		{Value: 2, Labels: id("first")}, {Value: 1.5, Bucket: 1, Labels: id("second")},
		{Value: 0, Labels: []engine.Label{label("not valid", "")}},
	}
	r := engine.NewRegistry()
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		h := &engine.HistogramSnapshot{Bounds: []float64{1, 2, math.Inf(1)}, Counts: []uint64{1, 1, 1}}
		w.Write(engine.Point{Name: "classic", Type: encode.Histogram, Histogram: h, Exemplars: exemplars})
		n := &engine.HistogramSnapshot{Native: &histogram.NativeSnapshot{}}
		w.Write(engine.Point{Name: "native", Type: encode.Histogram, Histogram: n, Exemplars: exemplars})
		w.Write(engine.Point{Name: "total_total", Type: encode.Counter, Exemplars: exemplars[:2]})
		w.Write(engine.Point{Name: "unit", Type: encode.Gauge, Exemplars: exemplars})
	})))
	got := map[string][]string{}
	buckets := map[string][]int{}
	for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
		for s := range f.Samples() {
			for _, e := range s.Exemplars() {
				got[f.Name()] = append(got[f.Name()], e.Labels[0].Value)
				buckets[f.Name()] = append(buckets[f.Name()], e.Bucket)
			}
		}
	}
	require.Equal(t, map[string][]string{
		"classic": {"on the bound", "second", "NaN"}, "native": {"on the bound", "above", "NaN", "first", "second"},
		"total_total": {"above"},
	}, got)
	require.Equal(t, []int{0, 1, 2}, buckets["classic"])
	require.Equal(t, `# TYPE native histogram
native_bucket{le="+Inf"} 0
native_sum 0
native_count 0
# EOF
`, pageIn(t, r, engine.Exposition{Format: encode.OpenMetrics, Names: []string{"native"}}))
}
