// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
	"github.com/quipu-metrics/quipu/internal/wire"
)

// faulty is a network on which requests meet these faults, one after the other: a status, or 0 for
// no answer. Further ones arrive.
type faulty struct {
	faults []int
	asked  int
}

func (f *faulty) RoundTrip(*http.Request) (*http.Response, error) {
	f.asked++
	status := http.StatusOK
	if len(f.faults) > 0 {
		status, f.faults = f.faults[0], f.faults[1:]
	}
	if status == 0 {
		return nil, errors.New("connection refused")
	}
	if status == http.StatusTooManyRequests {
		return testkit.HTTPAnswer(status, "", "Retry-After", "7"), nil
	}
	return testkit.HTTPAnswer(status, ""), nil
}

func TestAnswersThatMayChangeAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{faults: []int{0, 429, 503, 502, 504}}
		reg, _ := counters(1)
		e, err := New("http://r.example", WithRegistry(reg), WithClient(&http.Client{Transport: f}))
		require.NoError(t, err)
		begin := time.Now()
		require.NoError(t, e.Send(t.Context()))
		require.Equal(t, 6, f.asked)
		require.GreaterOrEqual(t, time.Since(begin), 7*time.Second, "the receiver has asked for it")
		require.Less(t, time.Since(begin), 15*time.Second)
	})
}

func TestOtherAnswersAreFinal(t *testing.T) {
	for _, status := range []int{400, 401, 404, 413, 500, 501, 505} {
		f := &faulty{faults: []int{status}}
		reg, _ := counters(maxPoints + 1)
		e, err := New("http://r.example", WithRegistry(reg), WithClient(&http.Client{Transport: f}))
		require.NoError(t, err)
		require.ErrorContains(t, e.Send(t.Context()), "10000 data points in 1 requests did not arrive")
		require.Equal(t, 2, f.asked, "the other request is sent")
	}
}

func TestAReceiverThatStaysAwayEndsTheSendInItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{faults: make([]int, 100)}
		reg, _ := counters(maxPoints + 1)
		e, err := New("http://r.example", WithRegistry(reg), WithClient(&http.Client{Transport: f}),
			WithTimeout(20*time.Second))
		require.NoError(t, err)
		begin := time.Now()
		err = e.Send(t.Context())
		require.ErrorContains(t, err, "10000 data points in 1 requests did not arrive, and what comes after them was")
		require.ErrorContains(t, err, "connection refused")
		require.LessOrEqual(t, time.Since(begin), 20*time.Second)
		require.Greater(t, f.asked, 3)
	})
}

func TestABigRegistryIsSentInSeveralRequestsWithOneTime(t *testing.T) {
	r := newReceiver(t)
	reg, _ := counters(2*maxPoints + 10)
	e := r.exporter(reg)
	require.NoError(t, e.Send(t.Context()))
	require.Equal(t, 3, r.asked)
	sums, points := r.values()
	require.Len(t, sums, 2*maxPoints+10)
	require.Equal(t, points, len(sums))
	times := map[uint64]bool{}
	for _, req := range r.stored {
		require.Len(t, req.metrics, 1)
		require.NotEmpty(t, req.resource)
		for _, p := range req.metrics[0].points {
			times[p.time] = true
		}
	}
	require.Len(t, times, 1)
}

func TestRequestsAreBoundedInBytes(t *testing.T) {
	reg := engine.NewRegistry()
	g := engine.Must(reg.NewGaugeVec("g", "", []string{"x"}))
	for i := range 3000 {
		g.With(fmt.Sprint(i, strings.Repeat("x", 900))).Set(1)
	}
	r := newReceiver(t)
	require.NoError(t, r.exporter(reg).Send(t.Context()))
	_, points := r.values()
	require.Equal(t, 3000, points)
	require.Equal(t, 2, r.asked)
}

func TestARequestThatIsRefusedCostsOnlyItself(t *testing.T) {
	r := newReceiver(t)
	r.fault = func(n int, w http.ResponseWriter) bool {
		if n == 2 {
			http.Error(w, "out of bounds", http.StatusBadRequest)
		}
		return n == 2
	}
	reg, _ := counters(3 * maxPoints)
	err := r.exporter(reg).Send(t.Context())
	require.ErrorContains(t, err, "10000 data points in 1 requests did not arrive")
	require.ErrorContains(t, err, "out of bounds")
	status := (*StatusError)(nil)
	require.ErrorAs(t, err, &status)
	require.Equal(t, http.StatusBadRequest, status.Status)
	_, points := r.values()
	require.Equal(t, 2*maxPoints, points)
	require.Equal(t, 3, r.asked, "it is not sent again")
}

// answerWith returns a fault that answers 200 with a partial success.
func answerWith(rejected int64, text string) func(int, http.ResponseWriter) bool {
	return func(_ int, w http.ResponseWriter) bool {
		body, begin := wire.Open(nil, 1)
		body = wire.AppendInt(body, 1, rejected)
		body = wire.AppendString(body, 2, text)
		_, _ = w.Write(wire.Close(body, begin))
		return true
	}
}

func TestPartialSuccessIsAnErrorThatSaysWhatIsMissing(t *testing.T) {
	r := newReceiver(t)
	r.fault = answerWith(3, "too old, says secret-secret")
	reg, _ := counters(maxPoints + 1)
	err := r.exporter(reg, WithHeader("Token", "secret-secret")).Send(t.Context())
	partial := (*PartialError)(nil)
	require.ErrorAs(t, err, &partial)
	require.Equal(t, int64(6), partial.Rejected, "of both requests")
	require.Equal(t, "too old, says ***", partial.Message)
	require.Equal(t, 2, r.asked, "nothing is sent again")
}

func TestAWarningIsLogged(t *testing.T) {
	r := newReceiver(t)
	r.fault = answerWith(0, "please upgrade, secret-secret")
	var log bytes.Buffer
	reg, _ := counters(1)
	e := r.exporter(reg, WithHeader("Token", "secret-secret"), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	require.NoError(t, e.Send(t.Context()))
	require.Contains(t, log.String(), "please upgrade, ***")
	require.NotContains(t, log.String(), "secret-secret")
}

func TestAnswersThatNoReceiverGivesAreErrors(t *testing.T) {
	for name, body := range map[string]string{
		"a page":           "<html>Please log in</html>",
		"a negative count": "\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"half of it":       "\x0a\x10\x08",
		"endless":          strings.Repeat("\x12\x00", 40_000),
	} {
		r := newReceiver(t)
		r.fault = func(_ int, w http.ResponseWriter) bool { _, _ = w.Write([]byte(body)); return true }
		reg, _ := counters(1)
		err := r.exporter(reg).Send(t.Context())
		require.ErrorIs(t, err, ErrAnswer, name)
		require.ErrorContains(t, err, "1 data points in 1 requests did not arrive", name)
	}
}

func TestAnAnswerThatBreaksOffIsNotBelieved(t *testing.T) {
	r := newReceiver(t)
	r.fault = func(_ int, w http.ResponseWriter) bool {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte{0x0a, 0x02})
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	reg, _ := counters(1)
	require.ErrorIs(t, r.exporter(reg).Send(t.Context()), ErrAnswer)
}

func TestAReceiverThatHangsOrRedirectsIsNotBelieved(t *testing.T) {
	release := make(chan struct{})
	r := newReceiver(t)
	r.fault = func(int, http.ResponseWriter) bool { <-release; return true }
	reg, _ := counters(1)
	require.ErrorIs(t, r.exporter(reg, WithTimeout(50*time.Millisecond)).Send(t.Context()), context.DeadlineExceeded)
	close(release)

	r = newReceiver(t)
	r.fault = func(_ int, w http.ResponseWriter) bool {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusMovedPermanently)
		return true
	}
	require.ErrorContains(t, r.exporter(reg).Send(t.Context()), "301")
}

func TestOneSendIsUnderWayAtATime(t *testing.T) {
	r := newReceiver(t)
	reg, _ := counters(1)
	e := r.exporter(reg, WithDelta())
	ended := make(chan error)
	for range 8 {
		go func() { ended <- e.Send(t.Context()) }()
	}
	for range 8 {
		require.NoError(t, <-ended)
	}
	sums, points := r.values()
	require.Equal(t, 8, points)
	require.Equal(t, map[string]float64{"a_total{x=0}": 1}, sums)
}

func TestNoTwoSendsHaveOneTime(t *testing.T) {
	r := newReceiver(t)
	reg, _ := counters(1)
	e := r.exporter(reg)
	last := int64(0)
	for range 1000 {
		now := e.clock.Next()
		require.Greater(t, now, last)
		last = now
	}
}

// Whatever a receiver sends back of the credentials, and in whatever kind of answer, no error shows
// it.
func TestNoErrorShowsCredentials(t *testing.T) {
	const password, token = "pass-word-pass", "token-token"
	for name, fault := range map[string]func(text string, w http.ResponseWriter){
		"refused": func(text string, w http.ResponseWriter) { http.Error(w, text, http.StatusForbidden) },
		"a page":  func(text string, w http.ResponseWriter) { _, _ = w.Write([]byte("<html>" + text)) },
		"partial": func(text string, w http.ResponseWriter) { answerWith(1, text)(1, w) },
		"elsewhere": func(text string, w http.ResponseWriter) {
			w.Header().Set("Location", "/"+text)
			w.WriteHeader(http.StatusFound)
		},
	} {
		r := newReceiver(t)
		r.fault = func(_ int, w http.ResponseWriter) bool { fault(password+" "+token, w); return true }
		reg, _ := counters(1)
		e := r.exporter(reg, WithBasicAuth("me", password), WithHeader("X-Token", token))
		err := e.Send(t.Context())
		require.Error(t, err, name)
		testkit.RequireHidden(t, err, password, token)
	}
}

func TestOneSendUsesOneConnection(t *testing.T) {
	r := testkit.NewRecorder(t, func(http.ResponseWriter, *http.Request) {})
	reg, _ := counters(3 * maxPoints)
	e, err := New(r.URL, WithRegistry(reg))
	require.NoError(t, err)
	require.NoError(t, e.Send(t.Context()))
	require.Equal(t, 1, r.PollConnections(t, 0), "and it is closed")
}
