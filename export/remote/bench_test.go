// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"net/http"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
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

// discarding returns a Writer whose receiver knows a version, and stores nothing. bytes counts what
// it gets.
func discarding(t testing.TB, reg *engine.Registry, p Protocol, bytes *int64) *Writer {
	w, err := New("http://receiver.example/write", WithRegistry(reg), WithProtocol(p), WithTimeout(10*time.Minute))
	require.NoError(t, err)
	w.post = func(_ context.Context, body []byte, _ http.Header) (http.Header, error) {
		*bytes += int64(len(body))
		answer := http.Header{}
		answer.Set(samplesWritten, strconv.Itoa(w.gatherer.batch.floats()))
		answer.Set(histogramsWritten, strconv.Itoa(w.gatherer.batch.histograms))
		return answer, nil
	}
	return w
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
			var bytes int64
			w := discarding(b, reg, p, &bytes)
			require.NoError(b, w.Send(b.Context()))
			bytes = 0
			sends := 0
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Send(b.Context()); err != nil {
					b.Fatal(err)
				}
				sends++
			}
			all := float64(size * sends)
			b.ReportMetric(float64(bytes)/all, "bytes/sample")
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
	var bytes int64
	w := discarding(t, reg, V2, &bytes)
	most := uint64(0)
	post := w.post
	requests := 0
	w.post = func(ctx context.Context, body []byte, header http.Header) (http.Header, error) {
		if requests++; requests%100 == 0 {
			most = max(most, heap())
		}
		return post(ctx, body, header)
	}
	for range 2 {
		require.NoError(t, w.Send(t.Context()))
		most = max(most, heap())
	}
	require.NoError(t, w.inTurn(t.Context(), func(ctx context.Context) error { return w.sendAll(ctx, true) }))
	most = max(most, heap())
	require.Greater(t, most, before)
	t.Logf("%d MiB beyond the registry", (most-before)>>20)
	require.Less(t, most-before, uint64(64<<20))
	require.Greater(t, requests, 800)
	runtime.KeepAlive(reg)
}
