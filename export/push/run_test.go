// SPDX-License-Identifier: Apache-2.0

package push

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// run calls Run for a time, in a bubble, and returns the log and the error of Run.
func run(t *testing.T, w *testkit.Wire, interval, length time.Duration, opts ...Option) (logged string, err error) {
	t.Helper()
	var log bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		w.Begin = time.Now()
		opts = append(opts, WithClient(&http.Client{Transport: w}),
			WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		p := newPusherFor(t, "http://gw", opts...)
		ctx, cancel := context.WithTimeout(t.Context(), length)
		defer cancel()
		err = p.Run(ctx, interval)
	})
	return log.String(), err
}

func TestRunPushesAtOnceEveryIntervalAndAtTheEnd(t *testing.T) {
	w := new(testkit.Wire)
	logged, err := run(t, w, 10*time.Second, 35*time.Second)
	require.NoError(t, err)
	require.Empty(t, logged)
	require.Equal(t, []time.Duration{0, 10 * time.Second, 20 * time.Second, 30 * time.Second, 35 * time.Second}, w.At)
	require.Equal(t, []string{"PUT", "PUT", "PUT", "PUT", "PUT"}, w.Methods)
	require.Equal(t, jobsPage, w.Bodies[4])

	w = new(testkit.Wire)
	_, err = run(t, w, time.Hour, time.Minute, WithPath("/import"))
	require.NoError(t, err)
	require.Equal(t, []string{"POST", "POST"}, w.Methods, "an import path replaces nothing")
}

func TestRunDoesNotTryAgainWithMetricsThatCannotBePushed(t *testing.T) {
	reg := engine.NewRegistry()
	must(reg.NewGaugeVec("a", "", []string{"job"}))
	w := new(testkit.Wire)
	logged, err := run(t, w, time.Minute, time.Minute+time.Second, WithRegistry(reg))
	require.ErrorIs(t, err, ErrLabel)
	require.Empty(t, w.At)
	require.Contains(t, logged, "a has the label job")
}

func TestRunPushesTheLastValuesToARealServer(t *testing.T) {
	g := testkit.NewRecorder(t, nil)
	reg := engine.NewRegistry()
	c := must(reg.NewCounter("steps_total", "Steps."))
	p, err := New(g.URL, "j", WithRegistry(reg))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- p.Run(ctx, time.Hour) }()
	testkit.Poll(t, 5*time.Second, func() error {
		if len(g.Seen()) == 0 {
			return errors.New("no push yet")
		}
		return nil
	})
	c.Add(42)
	cancel()
	require.NoError(t, <-done)
	require.Contains(t, g.Seen()[1].Body, "steps_total 42\n")
}

func TestRunSpeaksOfPushes(t *testing.T) {
	const hangs = "quipu: push: PUT http://gw/metrics/job/backup: not done within "
	logged, err := run(t, &testkit.Wire{Failures: 1, Fail: testkit.Hang}, time.Minute, time.Minute)
	require.NoError(t, err)
	require.Contains(t, logged,
		`msg="quipu: pushing fails (further failures in a row are not logged)" error="`+hangs+"30s")
	require.Contains(t, logged, `msg="quipu: pushing works again" url=http://gw/metrics/job/backup failures=1`)

	_, err = run(t, &testkit.Wire{Failures: 1, Fail: testkit.Hang}, time.Minute, time.Second)
	require.EqualError(t, err, "quipu: push: the last values have arrived, but older ones, of a push that was not "+
		"answered, may replace them: "+hangs+"2.5s")
	require.EqualError(t, newPusherFor(t, "http://gw").Run(t.Context(), 0),
		"quipu: push: Run: the interval 0s is not positive")
}
