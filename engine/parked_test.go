// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"io"
	"reflect"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// Row 5: a writer that the operating system has stopped in the middle of an observation. It is stopped for good here: the
// steps of an observation in the shared row are bucket, sum, done (see histogram.Classic), and this one took the first.
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
	require.Less(t, time.Since(begin), 100*time.Millisecond)
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
	require.EqualValues(t, 1, r.self.torn.Value(), "the sum that lacks an observation is counted")
	v.With("parked").Observe(1) // and others go on
	begin = time.Now()
	require.EqualValues(t, 5, v.With("parked").Snapshot().Count)
	require.Less(t, time.Since(begin), 100*time.Millisecond)
}

// A reader that stops in the middle of a page is somebody else's writer: neither updates nor series nor other pages wait.
func TestAStoppedReaderHoldsUpNobody(t *testing.T) {
	r := NewRegistry()
	v, err := r.NewSummaryVec("s", "", []string{"a"})
	require.NoError(t, err)
	v.With("x").Observe(1)
	from, to := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Expose(to, Exposition{})
	}()
	_, err = io.ReadFull(from, make([]byte, 1)) // the page is under way now
	require.NoError(t, err)

	begin := time.Now()
	for range 10_000 {
		v.With("x").Observe(1)
	}
	v.With("y").Observe(1)
	v.Delete("x")
	_, err = r.NewGauge("g", "")
	require.NoError(t, err)
	_, err = r.Expose(io.Discard, Exposition{})
	require.NoError(t, err)
	r.Clear()
	require.Less(t, time.Since(begin), time.Second)
	select {
	case <-done:
		require.Fail(t, "the page is not read yet")
	default:
	}
	require.NoError(t, from.Close())
	<-done
}
