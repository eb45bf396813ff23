// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// values is how many samples or data points a road has to send.
func values(road Road, counters, histograms int) int {
	if road.Protocol == OTLP {
		return counters + histograms
	}
	return SamplesOf(counters, histograms)
}

func TestEveryRoadSendsEverySample(t *testing.T) {
	const counters, histograms = 11_000, 300
	receiver := NewReceiver()
	defer receiver.Close()
	for _, road := range Roads() {
		t.Run(road.Name(), func(t *testing.T) {
			s := road.New(receiver.URL)
			defer s.Close()
			update := s.Fill(counters, histograms)
			for i := range 2 * Updated {
				update(i)
			}
			for range 2 {
				receiver.Take(true)
				require.NoError(t, s.Send(t.Context()))
				got := receiver.Take(false)
				require.Zero(t, got.Wrong)
				require.GreaterOrEqual(t, got.Requests, int64(2))
				more := got.Values - int64(values(road, counters, histograms))
				if road.Library == "quipu" {
					require.Positive(t, more) // its own metrics
					require.Less(t, more, int64(100))
				} else {
					require.Zero(t, more)
				}
			}
		})
	}
}

func TestAReceiverCountsWhatItIsAskedToAndAnswersWithAnErrorToNonsense(t *testing.T) {
	receiver := NewReceiver()
	defer receiver.Close()
	s := newQuipuRemote1(receiver.URL)
	s.Fill(10, 1)
	require.NoError(t, s.Send(t.Context()))
	got := receiver.Take(true)
	require.Zero(t, got.Values)
	require.Positive(t, got.Bytes)
	require.NoError(t, s.Send(t.Context()))
	require.GreaterOrEqual(t, receiver.Take(false).Values, int64(SamplesOf(10, 1)))

	body := []byte{0x0a, 0x04, 0x12, 0x00, 0x12, 0x00} // a series of two samples
	require.Equal(t, 2, fields(body, 1, 2))
	require.Equal(t, 1, fields(body, 1))
	require.Zero(t, fields(body, 2))
	require.Zero(t, fields([]byte{0x0a, 0x7f}, 1))
	_, err := decompressed("snappy", []byte{0xff})
	require.Error(t, err)
	_, err = decompressed("gzip", body)
	require.Error(t, err)
}

// BenchmarkSend sends over the loopback, to a receiver in the same process. cmd/sends measures the
// same in processes of their own, with memory and latency.
func BenchmarkSend(b *testing.B) {
	receiver := NewReceiver()
	defer receiver.Close()
	counters := sized(100_000)
	for _, road := range Roads() {
		b.Run(road.Name(), func(b *testing.B) {
			s := road.New(receiver.URL)
			defer s.Close()
			s.Fill(counters, 0)
			receiver.Take(false)
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Send(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(counters)*float64(b.N)/b.Elapsed().Seconds(), "samples/s")
			b.ReportMetric(float64(receiver.Take(false).Bytes)/float64(b.N)/float64(counters), "bytes/sample")
		})
	}
}
