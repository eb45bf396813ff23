// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"net/http"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// counters returns a registry of so many counters with three labels.
func counters(size int) *engine.Registry {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("http_requests_total", "Requests.", []string{"host", "path", "code"},
		engine.WithMaxSeries(engine.NoLimit)))
	for i := range size {
		c.With("host-"+strconv.Itoa(i%100), "/api/v1/items/"+strconv.Itoa(i), "200").Add(float64(i * 7919 % 100_000))
	}
	return reg
}

// discarding is a receiver that stores nothing and confirms everything.
type discarding struct {
	w       *Writer
	bytes   int64
	request func() // is called for each request
}

func newDiscarding(t testing.TB, reg *engine.Registry, p Protocol) *discarding {
	d := &discarding{request: func() {}}
	w, err := New("http://receiver.example/write", WithRegistry(reg), WithProtocol(p), WithTimeout(10*time.Minute),
		WithClient(&http.Client{Transport: d}))
	require.NoError(t, err)
	d.w = w
	return d
}

func (d *discarding) RoundTrip(r *http.Request) (*http.Response, error) {
	d.request()
	d.bytes += r.ContentLength
	answer := testkit.HTTPAnswer(http.StatusNoContent, "")
	answer.Header.Set(samplesWritten, strconv.Itoa(d.w.gatherer.batch.floats()))
	answer.Header.Set(histogramsWritten, strconv.Itoa(d.w.gatherer.batch.histograms))
	return answer, nil
}

// BenchmarkSend sends a million counters with three labels, without the network.
func BenchmarkSend(b *testing.B) {
	size := 1_000_000
	if testing.Short() {
		size = 10_000
	}
	reg := counters(size)
	for _, p := range []Protocol{V1, V2} {
		b.Run(p.String(), func(b *testing.B) {
			d := newDiscarding(b, reg, p)
			require.NoError(b, d.w.Send(b.Context()))
			d.bytes = 0
			sends := 0
			b.ReportAllocs()
			for b.Loop() {
				if err := d.w.Send(b.Context()); err != nil {
					b.Fatal(err)
				}
				sends++
			}
			all := float64(size * sends)
			b.ReportMetric(float64(d.bytes)/all, "bytes/sample")
			b.ReportMetric(all/b.Elapsed().Seconds(), "samples/s")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/all, "ns/sample")
		})
	}
}

// A Writer takes at most 64 MiB for a million series, also when all of them end.
func TestAMillionSeriesNeedLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("a million series")
	}
	reg := counters(1_000_000)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	d := newDiscarding(t, reg, V2)
	most, requests := uint64(0), 0
	d.request = func() {
		if requests++; requests%100 == 0 {
			most = max(most, heap())
		}
	}
	for range 2 {
		require.NoError(t, d.w.Send(t.Context()))
		most = max(most, heap())
	}
	require.NoError(t, d.w.send(t.Context(), true))
	most = max(most, heap())
	require.Greater(t, most, before)
	t.Logf("%d MiB beyond the registry", (most-before)>>20)
	require.Less(t, most-before, uint64(64<<20))
	require.Greater(t, requests, 800)
	runtime.KeepAlive(reg)
}
