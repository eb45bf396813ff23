// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// receiver is a receiver in the place of the network.
type receiver struct {
	t       testing.TB
	knowsV2 bool                       // and confirms what it has written
	refuse  func(version, n int) error // the n-th request, from 1
	lies    func(h http.Header)        // changes an answer
	stored  []received                 // what it has stored, in order
	about   map[string]string          // by the metadata of version 1.0
	asked   []string                   // the versions of all requests

}

// writer returns a Writer that sends to the receiver.
func (r *receiver) writer(reg *engine.Registry, opts ...Option) *Writer {
	w, err := New("http://receiver.example/write", append([]Option{WithRegistry(reg)}, opts...)...)
	require.NoError(r.t, err)
	w.noSelf = true
	w.compress = func(dst, text []byte) []byte { return append(dst, text...) }
	w.post = r.post
	return w
}

func (r *receiver) post(ctx context.Context, body []byte, header http.Header) (http.Header, error) {
	version := header.Get("X-Prometheus-Remote-Write-Version")
	r.asked = append(r.asked, version)
	n := len(r.asked)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.refuse != nil {
		if err := r.refuse(int(version[0]-'0'), n); err != nil {
			return nil, err
		}
	}
	answer := http.Header{}
	if version == "2.0.0" {
		if !r.knowsV2 {
			return answer, nil // 204, and nothing stored
		}
		list := readV2(r.t, body)
		r.stored = append(r.stored, list...)
		natives, exemplars := 0, 0
		for _, s := range list {
			exemplars += len(s.exemplars)
			if s.histogram != nil {
				natives++
			}
		}
		answer.Set(samplesWritten, strconv.Itoa(len(list)-natives))
		answer.Set(histogramsWritten, strconv.Itoa(natives))
		answer.Set(exemplarsWritten, strconv.Itoa(exemplars))
		if r.lies != nil {
			r.lies(answer)
		}
		return answer, nil
	}
	list, about := readV1(r.t, body)
	r.stored = append(r.stored, list...)
	if r.about == nil {
		r.about = about
	}
	return answer, nil
}

// latest returns the last value of each series, and forgets all.
func (r *receiver) latest() map[string]string {
	last := map[string]string{}
	for _, s := range r.stored {
		last[s.labels] = fmt.Sprint(s.value)
		if s.stale {
			last[s.labels] = "stale"
		}
	}
	r.stored = nil
	return last
}

func TestAReceiverOfEitherVersionStoresEverything(t *testing.T) {
	for _, knows := range []bool{false, true} {
		reg := engine.NewRegistry()
		engine.Must(reg.NewCounterVec("a_total", "A.", []string{"x"})).With("1").Add(3)
		engine.Must(reg.NewHistogram("h", "H.", engine.WithNative(histogram.NativeDefaults()))).Observe(1)
		r := &receiver{t: t, knowsV2: knows}
		w := r.writer(reg)
		require.NoError(t, w.Send(t.Context()))
		require.Equal(t, map[string]string{"__name__=a_total,x=1": "3", "__name__=h": "1"}, r.latest())
		require.NoError(t, w.Send(t.Context()))
		require.Len(t, r.latest(), 2)
		want := []string{"2.0.0", "0.1.0", "0.1.0"}
		if knows {
			want = []string{"2.0.0", "2.0.0"}
		}
		require.Equal(t, want, r.asked, "the version is found out once")
	}
}

func TestAReceiverThatConfirmsOtherNumbersGetsEverythingAgainInTheOldVersion(t *testing.T) {
	reg := engine.NewRegistry()
	engine.Must(reg.NewGauge("g", "G.")).Set(1)
	r := &receiver{t: t, knowsV2: true, lies: func(h http.Header) { h.Set(samplesWritten, "0") }}
	w := r.writer(reg)
	require.NoError(t, w.Send(t.Context()))
	require.Equal(t, []string{"2.0.0", "0.1.0"}, r.asked)

	r = &receiver{t: t}
	w = r.writer(reg, WithProtocol(V2))
	require.ErrorIs(t, w.Send(t.Context()), ErrProtocol, "without Auto that is an error")
	require.Equal(t, []string{"2.0.0"}, r.asked)

	r = &receiver{t: t}
	require.NoError(t, r.writer(reg, WithProtocol(V1)).Send(t.Context()))
	require.Equal(t, []string{"0.1.0"}, r.asked)
}

func TestASeriesThatGoesEndsAtTheNextSend(t *testing.T) {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("a_total", "A.", []string{"x"}))
	h := engine.Must(reg.NewHistogramVec("h", "H.", []string{"x"}, engine.WithBuckets(1)))
	s := engine.Must(reg.NewSummaryVec("s", "S.", []string{"x"}, engine.WithObjectives(map[float64]float64{0.5: 0.1})))
	n := engine.Must(reg.NewHistogramVec("n", "N.", []string{"x"}, engine.WithNative(histogram.NativeDefaults())))
	for _, x := range []string{"1", "2"} {
		c.With(x).Inc()
		h.With(x).Observe(2)
		s.With(x).Observe(2)
		n.With(x).Observe(2)
	}
	r := &receiver{t: t}
	w := r.writer(reg)
	require.NoError(t, w.Send(t.Context()))
	require.Len(t, r.latest(), 2*(1+4+3+1))

	for _, deleted := range []bool{c.Delete("1"), h.Delete("1"), s.Delete("1"), n.Delete("1")} {
		require.True(t, deleted)
	}
	require.NoError(t, w.Send(t.Context()))
	last := r.latest()
	require.Len(t, last, 2*(1+4+3+1))
	for labels, value := range last {
		require.Equal(t, strings.Contains(labels, "x=1"), value == "stale", labels)
	}
	require.NoError(t, w.Send(t.Context()))
	require.Len(t, r.latest(), 1+4+3+1, "they end once")

	c.With("1").Add(5)
	require.NoError(t, w.Send(t.Context()))
	require.Equal(t, "5", r.latest()["__name__=a_total,x=1"], "a series may come back")
}

func TestASeriesThatIsDeletedAndMadeAgainBetweenTwoSendsDoesNotEnd(t *testing.T) {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("a_total", "A.", []string{"x"}))
	c.With("1").Add(7)
	c.With("2").Inc()
	r := &receiver{t: t}
	w := r.writer(reg)
	require.NoError(t, w.Send(t.Context()))
	r.latest()
	c.Delete("1")
	c.With("1").Inc()
	require.NoError(t, w.Send(t.Context()))
	require.Equal(t, map[string]string{"__name__=a_total,x=1": "1", "__name__=a_total,x=2": "1"}, r.latest())
}

// A failed send must not forget what has gone, and the next one must not send a series twice.
func TestMarkersThatDidNotArriveAreSentAgain(t *testing.T) {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("a_total", "A.", []string{"x"}))
	for i := range 20 {
		c.With(strconv.Itoa(i)).Inc()
	}
	r := &receiver{t: t}
	w := r.writer(reg)
	require.NoError(t, w.Send(t.Context()))
	r.latest()
	for i := range 10 {
		c.Delete(strconv.Itoa(i))
	}
	r.refuse = func(int, int) error { return networkError{errors.New("the network is gone")} }
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.Error(t, w.Send(ctx))
	r.refuse = nil
	c.Delete("10")
	require.NoError(t, w.Send(t.Context()))
	stale := 0
	last := r.latest()
	for _, v := range last {
		if v == "stale" {
			stale++
		}
	}
	require.Equal(t, 11, stale)
	require.Len(t, last, 20)
	require.NoError(t, w.Send(t.Context()))
	require.Len(t, r.latest(), 9)
}

func TestBatchesAreBoundedAndHoldEverySeriesOnce(t *testing.T) {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("a_total", "A.", []string{"x"}, engine.WithMaxSeries(engine.NoLimit)))
	h := engine.Must(reg.NewHistogramVec("h", "H.", []string{"x"}, engine.WithMaxSeries(engine.NoLimit)))
	for i := range 12_000 {
		c.With(strconv.Itoa(i)).Inc()
	}
	for i := range 2_000 {
		h.With(strconv.Itoa(i)).Observe(1)
	}
	r := &receiver{t: t, knowsV2: true}
	w := r.writer(reg)
	require.NoError(t, w.Send(t.Context()))
	require.Len(t, r.stored, 12_000+2_000*14)
	require.Len(t, r.latest(), 12_000+2_000*14, "no series twice")
	require.Greater(t, len(r.asked), 7)
}

func TestTimesOfSendsOnlyGrow(t *testing.T) {
	reg := engine.NewRegistry()
	engine.Must(reg.NewGauge("g", "G.")).Set(1)
	r := &receiver{t: t}
	w := r.writer(reg, WithProtocol(V1))
	before := int64(0)
	for range 20 {
		require.NoError(t, w.Send(t.Context()))
		require.Greater(t, r.stored[0].millis, before)
		before = r.stored[0].millis
		r.stored = nil
	}
}
