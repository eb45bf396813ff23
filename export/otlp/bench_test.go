// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"io"
	"net/http"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// items returns a registry of so many counters with three labels.
func items(size int) *engine.Registry {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("http_requests_total", "Requests.", []string{"host", "path", "code"},
		engine.WithMaxSeries(engine.NoLimit)))
	for i := range size {
		c.With("host-"+strconv.Itoa(i%100), "/api/v1/items/"+strconv.Itoa(i), "200").Add(float64(i * 7919 % 100_000))
	}
	return reg
}

// discards answers every request that all is well.
type discards struct {
	bytes int64
	each  func() // is called for every request
}

func (d *discards) RoundTrip(r *http.Request) (*http.Response, error) {
	d.bytes += r.ContentLength
	d.each()
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(http.NoBody), Request: r}, nil
}

// discarding returns an Exporter whose receiver stores nothing.
func discarding(t testing.TB, reg *engine.Registry, d *discards, opts ...Option) *Exporter {
	opts = append(opts, WithRegistry(reg), WithTimeout(10*time.Minute), WithClient(&http.Client{Transport: d}))
	e, err := New("http://receiver.example", opts...)
	require.NoError(t, err)
	return e
}

// BenchmarkSend sends a million counters with three labels, without the network.
func BenchmarkSend(b *testing.B) {
	size := 1_000_000
	if testing.Short() {
		size = 10_000
	}
	reg := items(size)
	for _, c := range []struct {
		name string
		opts []Option
	}{
		{"cumulative", nil},
		{"delta", []Option{WithDelta()}},
		{"uncompressed", []Option{WithoutCompression()}},
	} {
		b.Run(c.name, func(b *testing.B) {
			d := &discards{each: func() {}}
			e := discarding(b, reg, d, c.opts...)
			require.NoError(b, e.Send(b.Context()))
			d.bytes = 0
			sends := 0
			b.ReportAllocs()
			for b.Loop() {
				if err := e.Send(b.Context()); err != nil {
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

// heap returns how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// An Exporter takes at most 64 MiB for a million series. What it keeps of each for deltas is more.
func TestAMillionSeriesNeedLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("a million series")
	}
	reg := items(1_000_000)
	for _, c := range []struct {
		name string
		opts []Option
		most uint64
	}{{"cumulative", nil, 64 << 20}, {"delta", []Option{WithDelta()}, 128 << 20}} {
		before, most, requests := heap(), uint64(0), 0
		d := &discards{}
		d.each = func() {
			if requests++; requests%50 == 0 {
				most = max(most, heap())
			}
		}
		e := discarding(t, reg, d, c.opts...)
		for range 3 {
			require.NoError(t, e.Send(t.Context()))
			most = max(most, heap())
		}
		require.Greater(t, most, before)
		t.Logf("%s: %d MiB beyond the registry, %d requests", c.name, (most-before)>>20, requests)
		require.Less(t, most-before, c.most)
		require.Greater(t, requests, 300)
		runtime.KeepAlive(e)
	}
	runtime.KeepAlive(reg)
}

// Sends leave nothing behind.
func TestMemoryStaysAsItIsOverManySends(t *testing.T) {
	reg := items(2000)
	h := engine.Must(reg.NewHistogramVec("h", "", []string{"x"}))
	for i := range 500 {
		h.With(strconv.Itoa(i)).Observe(1)
	}
	for _, opts := range [][]Option{nil, {WithDelta()}} {
		e := discarding(t, reg, &discards{each: func() {}}, opts...)
		send := func(n int) uint64 {
			for range n {
				require.NoError(t, e.Send(t.Context()))
			}
			return heap()
		}
		before := send(5)
		after := send(100)
		require.Less(t, after, before+before/10+1<<20)
		runtime.KeepAlive(e)
	}
}

// What is kept of many series that have gone is given back.
func TestMemoryOfSeriesThatHaveGoneIsGivenBack(t *testing.T) {
	d := newDeltas(1)
	walk := func(size int) {
		for i := range size {
			d.number(key{uint64(i)}, 2, 1, 1)
		}
		d.commit()
		d.endWalk()
	}
	before := heap()
	walk(400_000)
	d.pendingNumbers = nil
	require.Greater(t, heap(), before+10<<20)
	for range patience + 2 {
		walk(1)
	}
	require.Less(t, heap(), before+5<<20)
	require.Len(t, d.numbers, 1)
}
