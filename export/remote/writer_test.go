// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

func one() *engine.Registry {
	reg := engine.NewRegistry()
	engine.Must(reg.NewGauge("g", "G.")).Set(1)
	return reg
}

func TestOptionsThatCannotWorkAreErrors(t *testing.T) {
	for name, opts := range map[string][]Option{
		"no registry":       {WithRegistry(nil)},
		"no client":         {WithClient(nil)},
		"no logger":         {WithLogger(nil)},
		"no time":           {WithTimeout(0)},
		"no version":        {WithProtocol(9)},
		"no compressor":     {WithCompressor("zstd", nil)},
		"a colon":           {WithBasicAuth("a:b", "c")},
		"a header of ours":  {WithHeader("content-type", "x")},
		"no header name":    {WithHeader("a b", "x")},
		"a line":            {WithHeader("a", "x\ny")},
		"the name":          {WithLabels(engine.Labels{"__name__": "x"})},
		"a bound":           {WithLabels(engine.Labels{"le": "x"})},
		"an empty label":    {WithLabels(engine.Labels{"a": ""})},
		"an invalid label":  {WithLabels(engine.Labels{"a": "\xff"})},
		"two credentials":   {WithBasicAuth("a", "b"), WithHeader("Authorization", "c")},
		"an option is nil":  {nil},
		"a name is invalid": {WithLabels(engine.Labels{"\xff": "a"})},
	} {
		_, err := New("http://r.example/write", opts...)
		require.Error(t, err, name)
	}
	for _, receiver := range []string{"", "ftp://x", "http://", "http://user:se%cret@x", "r.example:9090"} {
		_, err := New(receiver)
		require.Error(t, err, receiver)
		require.NotContains(t, err.Error(), "cret")
	}
}

func TestRequestsHaveWhatOptionsSay(t *testing.T) {
	var got http.Header
	var host string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, host = r.Header, r.Host
	}))
	defer s.Close()
	target := strings.Replace(s.URL, "http://", "http://me:secret@", 1) + "/write?tenant=abcdefgh"
	w, err := New(target, WithRegistry(one()), WithProtocol(V1),
		WithHeader("X-Scope-OrgID", "team"), WithHeader("Host", "other.example"))
	require.NoError(t, err)
	require.NoError(t, w.Send(t.Context()))
	require.Equal(t, "team", got.Get("X-Scope-Orgid"))
	require.Equal(t, "snappy", got.Get("Content-Encoding"))
	require.Equal(t, "application/x-protobuf", got.Get("Content-Type"))
	require.Equal(t, "0.1.0", got.Get("X-Prometheus-Remote-Write-Version"))
	require.Equal(t, "Basic bWU6c2VjcmV0", got.Get("Authorization"))
	require.Equal(t, "quipu", got.Get("User-Agent"))
	require.Equal(t, "other.example", host)
	for _, text := range []string{fmt.Sprint(w), fmt.Sprintf("%+v", w), w.LogValue().String()} {
		require.NotContains(t, text, "secret")
		require.NotContains(t, text, "abcdefgh")
	}
}

func TestNoErrorShowsCredentials(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "you sent ", r.Header, " to ", r.URL)
	}))
	defer s.Close()
	w, err := New(s.URL+"/write?token=tokentoken", WithRegistry(one()),
		WithHeader("Authorization", "Bearer bearersecret"))
	require.NoError(t, err)
	err = w.Send(t.Context())
	status := (*StatusError)(nil)
	require.ErrorAs(t, err, &status)
	require.Equal(t, http.StatusForbidden, status.Status)
	require.NotContains(t, err.Error(), "bearersecret")
	require.NotContains(t, err.Error(), "tokentoken")
	require.Contains(t, err.Error(), "you sent")
}

func TestAnswersThatMayChangeAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{t: t, knowsV2: true, refuse: func(_, n int) error {
			switch n {
			case 1:
				return networkError{errors.New("connection refused")}
			case 2:
				return &StatusError{Status: http.StatusTooManyRequests, RetryAfter: 7 * time.Second}
			case 3:
				return &StatusError{Status: http.StatusServiceUnavailable}
			}
			return nil
		}}
		w := r.writer(one())
		begin := time.Now()
		require.NoError(t, w.Send(t.Context()))
		require.Len(t, r.asked, 4)
		require.Len(t, r.stored, 1)
		require.GreaterOrEqual(t, time.Since(begin), 7*time.Second, "the receiver has asked for it")
		require.Less(t, time.Since(begin), 10*time.Second)
	})
}

func TestAReceiverThatStaysAwayEndsTheSendInItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{t: t, refuse: func(_, _ int) error { return networkError{errors.New("connection refused")} }}
		w := r.writer(one(), WithTimeout(20*time.Second))
		begin := time.Now()
		err := w.Send(t.Context())
		require.ErrorContains(t, err, "1 samples in 1 batches did not arrive")
		require.ErrorContains(t, err, "connection refused")
		require.LessOrEqual(t, time.Since(begin), 20*time.Second)
		require.Greater(t, len(r.asked), 3)
		require.Empty(t, r.stored)
	})
}

func TestABatchThatIsRefusedCostsOnlyItself(t *testing.T) {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("a_total", "A.", []string{"x"}, engine.WithMaxSeries(engine.NoLimit)))
	for i := range 3 * maxSamples {
		c.With(strconv.Itoa(i)).Inc()
	}
	r := &receiver{t: t, knowsV2: true, refuse: func(_, n int) error {
		if n == 2 {
			return &StatusError{Status: http.StatusBadRequest, Body: "out of bounds"}
		}
		return nil
	}}
	err := r.writer(reg).Send(t.Context())
	require.ErrorContains(t, err, "5000 samples in 1 batches did not arrive")
	require.ErrorContains(t, err, "out of bounds")
	require.Len(t, r.stored, 2*maxSamples)
	require.Len(t, r.asked, 3, "it is not sent again")
}

func TestAReceiverThatRefusesNativeHistogramsGetsTheRest(t *testing.T) {
	reg := one()
	engine.Must(reg.NewHistogram("h", "H.", engine.WithNative(histogram.NativeDefaults()))).Observe(1)
	r := &receiver{t: t, refuse: func(_, n int) error {
		if n == 2 { // the first one is of version 2.0, which it does not know
			return &StatusError{Status: http.StatusInternalServerError, Body: "native histograms are disabled"}
		}
		return nil
	}}
	w := r.writer(reg)
	require.NoError(t, w.Send(t.Context()))
	require.Equal(t, map[string]string{"__name__=g": "1"}, r.latest())
	require.NoError(t, w.Send(t.Context()))
	require.Equal(t, map[string]string{"__name__=g": "1"}, r.latest())
	require.Len(t, r.asked, 4)
}

func TestTheEndOfRunSendsTheLastValuesAndEndsAllSeries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := engine.NewRegistry()
		g := engine.Must(reg.NewGauge("g", "G."))
		g.Set(1)
		var log bytes.Buffer
		r := &receiver{t: t, knowsV2: true}
		w := r.writer(reg, WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.Run(ctx, time.Minute) }()
		time.Sleep(150 * time.Second)
		synctest.Wait()
		require.Len(t, r.stored, 3)
		g.Set(9)
		cancel()
		require.NoError(t, <-ended)
		require.Len(t, r.stored, 5)
		require.Equal(t, 9.0, r.stored[3].value)
		require.True(t, r.stored[4].stale)
		require.Greater(t, r.stored[4].millis, r.stored[3].millis)
		require.Empty(t, log.String())
		require.Error(t, w.Run(t.Context(), 0))
	})
}

func TestRunLogsTheFirstFailureAndTheEndOfARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var down atomic.Bool
		down.Store(true)
		r := &receiver{t: t, knowsV2: true, refuse: func(int, int) error {
			if down.Load() {
				return &StatusError{Status: http.StatusForbidden}
			}
			return nil
		}}
		w := r.writer(one(), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.Run(ctx, time.Second) }()
		time.Sleep(3500 * time.Millisecond)
		down.Store(false)
		time.Sleep(2 * time.Second)
		cancel()
		require.NoError(t, <-ended)
		require.Equal(t, 1, strings.Count(log.String(), "remote write fails"))
		require.Equal(t, 1, strings.Count(log.String(), "works again"))
		require.Contains(t, log.String(), "failures=4")
	})
}

func TestAReceiverThatHangsOrLiesIsNotBelieved(t *testing.T) {
	release := make(chan struct{})
	hangs := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer hangs.Close()
	defer close(release)
	w, err := New(hangs.URL, WithRegistry(one()), WithTimeout(50*time.Millisecond))
	require.NoError(t, err)
	require.ErrorIs(t, w.Send(t.Context()), context.DeadlineExceeded)

	moved := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
	}))
	defer moved.Close()
	w, err = New(moved.URL, WithRegistry(one()))
	require.NoError(t, err)
	require.ErrorContains(t, w.Send(t.Context()), "301")
}
