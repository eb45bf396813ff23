// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/histogram"
)

func TestNativeHistogramCanHaveClassicBucketsToo(t *testing.T) {
	r := NewRegistry()
	h := Must(r.NewHistogram("h_seconds", "H.", WithNative(histogram.NativeDefaults()), WithBuckets(1, 2)))
	for _, v := range []float64{0.5, 1, 1.5, 3} {
		h.Observe(v)
	}
	require.Equal(t, `# HELP h_seconds H.
# TYPE h_seconds histogram
h_seconds_bucket{le="1"} 2
h_seconds_bucket{le="2"} 3
h_seconds_bucket{le="+Inf"} 4
h_seconds_sum 6
h_seconds_count 4
`, pageOf(t, r))
	s := h.Snapshot()
	require.Equal(t, []uint64{2, 1, 1}, s.Counts)
	require.EqualValues(t, 4, s.Native.Count)

	var read state
	readHistogram(h.fam, h.fam.only, &read)
	require.Equal(t, []uint64{2, 1, 1}, read.histogram.Counts)
	require.EqualValues(t, 4, read.histogram.Native.Count)
}

func TestAHistogramWithNativeBucketsDropsNaNAndCountsIt(t *testing.T) {
	for name, options := range map[string][]MetricOption{
		"native":             {WithNative(histogram.NativeDefaults())},
		"native and classic": {WithNative(histogram.NativeDefaults()), WithBuckets(1, 2)},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewRegistry()
			h := Must(r.NewHistogram("h", "", append(options, WithExemplars(traceOf))...))
			h.Observe(1)
			h.Observe(math.NaN())
			h.ObserveWithExemplar(math.NaN(), Labels{"trace_id": "a"})
			h.ObserveContext(withTrace("b"), math.NaN())
			s := h.Snapshot()
			require.EqualValues(t, 1, s.Count)
			require.EqualValues(t, 1, s.Sum)
			require.EqualValues(t, 1, s.Native.Count)
			require.EqualValues(t, 3, r.tally.dropped[faultNativeNaN].Load())
			require.Nil(t, h.fam.exemplars.set(&h.node), "a dropped observation leaves no exemplar")
			require.Panics(t, func() {
				Must(NewRegistry(WithStrict()).NewHistogram("h", "", options...)).Observe(math.NaN())
			})
		})
	}
}

func TestSumsOfBothKindsOfBucketsAreTheSameInEveryFormat(t *testing.T) {
	r := NewRegistry()
	h := Must(r.NewHistogram("h", "", WithNative(histogram.NativeDefaults()), WithBuckets(1, 2)))
	for i := range 1000 { // enough to add up the native sum in another order
		h.Observe(0.1 * float64(i*i*i))
	}
	sum := h.Snapshot().Sum
	_, classic, _ := h.classic.Snapshot(nil)
	require.NotEqual(t, classic, sum, "this test is to add up in another order")
	for _, format := range []encode.Format{encode.Text, encode.OpenMetrics} {
		var page strings.Builder
		_, err := r.Expose(&page, Exposition{Format: format, NoSelf: true})
		require.NoError(t, err)
		require.Contains(t, page.String(), fmt.Sprintf("h_sum %v\n", sum), format)
	}
	var read state // what protobuf shows: of the native buckets, which is the sum of the message
	readHistogram(h.fam, h.fam.only, &read)
	require.Equal(t, []float64{sum, sum}, []float64{read.histogram.Sum, read.histogram.Native.Sum})
}

// Row 5 of docs/reliability.md: the operating system stops a writer in the middle of an
// observation. Here it is stopped for good. An observation in the shared row increments the bucket,
// then the sum, then the count of finished observations (see histogram.Classic); this writer did
// the first step.
func TestAWriterParkedMidObservationHoldsUpNoScrape(t *testing.T) {
	r := NewRegistry()
	v, err := r.NewHistogramVec("h", "", []string{"a"}, WithBuckets(1))
	require.NoError(t, err)
	for _, a := range []string{"parked", "fine"} {
		for range 3 {
			v.With(a).Observe(1)
		}
	}
	field := reflect.ValueOf(&v.With("parked").classic).Elem().FieldByName("shared")
	row := *(*[]uint64)(unsafe.Pointer(field.UnsafeAddr()))
	atomic.AddUint64(&row[len(row)-1], 1)

	var page bytes.Buffer
	begin := time.Now()
	_, err = r.Expose(&page, Exposition{Names: []string{"h"}})
	require.NoError(t, err)
	require.Less(t, time.Since(begin), 2*time.Second)
	require.Equal(t, `# TYPE h histogram
h_bucket{a="parked",le="1"} 3
h_bucket{a="parked",le="+Inf"} 4
h_sum{a="parked"} 3
h_count{a="parked"} 4
h_bucket{a="fine",le="1"} 3
h_bucket{a="fine",le="+Inf"} 3
h_sum{a="fine"} 3
h_count{a="fine"} 3
`, page.String())
	require.EqualValues(t, 1, r.tally.torn.Load(), "the sum that lacks an observation is counted")
	v.With("parked").Observe(1) // other writers go on
	begin = time.Now()
	require.EqualValues(t, 5, v.With("parked").Snapshot().Count)
	require.Less(t, time.Since(begin), 2*time.Second)
}
