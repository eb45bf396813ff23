// SPDX-License-Identifier: Apache-2.0

package metrictest

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// loggingTB is a fakeTB that also records logs and cleanups.
type loggingTB struct {
	fakeTB
	mu       sync.Mutex
	logs     []string
	cleanups []func()
}

func (l *loggingTB) Name() string     { return "TestFake" }
func (l *loggingTB) Cleanup(f func()) { l.cleanups = append(l.cleanups, f) }

func (l *loggingTB) Logf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.logs = append(l.logs, fmt.Sprintf(format, args...))
}

func (l *loggingTB) end() {
	for _, f := range l.cleanups {
		f()
	}
}

func TestMisuseOfATestsRegistryFailsTheTest(t *testing.T) {
	tb := new(loggingTB)
	reg := NewRegistry(tb, engine.WithMaxSeries(2))
	v, err := reg.NewCounterVec("jobs_total", "Jobs.", []string{"queue"})
	require.NoError(t, err)
	for i := range 3 {
		v.With(fmt.Sprint(i)).Inc()
	}
	require.Empty(t, tb.errors)
	require.Len(t, tb.logs, 1, "a full metric is no misuse")
	require.Contains(t, tb.logs[0], "metric: jobs_total\n    reason: overflow\n")

	for range 2 {
		v.With("a", "b").Inc()
	}
	require.Len(t, tb.errors, 1)
	require.Regexp(t, `^quipu: dropped an update .*
    metric: jobs_total
    reason: labels
    detail: got 2 label values, want 1 \(queue\)
    labels: queue
    caller: .*/engine/metrictest/registry_test.go:\d+$`, tb.errors[0])
}

func TestMisuseInAHandlerFailsTheTest(t *testing.T) {
	tb := new(loggingTB)
	reg := NewRegistry(tb)
	v, err := reg.NewCounterVec("jobs_total", "Jobs.", []string{"queue"})
	require.NoError(t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		v.With().Inc()
		_, _ = w.Write([]byte("done"))
	}))
	defer server.Close()
	response, err := http.Get(server.URL)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.EqualValues(t, 4, response.ContentLength, "the handler went on")
	require.Len(t, tb.errors, 1)
	require.Contains(t, tb.errors[0], "want 1 (queue)")
}

func TestAFunctionThatPanicsFailsTheTest(t *testing.T) {
	tb := new(loggingTB)
	reg := NewRegistry(tb)
	_, err := reg.NewGaugeFunc("g", "", func() float64 { panic("oh") })
	require.NoError(t, err)
	gather(t, reg)
	require.Len(t, tb.errors, 1)
	require.Contains(t, tb.errors[0], "metric: g\n    reason: panic\n    detail: oh")
}

func TestMisuseAfterTheTestHasEndedIsLogged(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)

	tb := new(loggingTB)
	reg := NewRegistry(tb)
	c, err := reg.NewCounter("jobs_total", "Jobs.")
	require.NoError(t, err)
	tb.end()
	c.Add(-1)
	require.Empty(t, tb.errors)
	require.Contains(t, log.String(), "metric: jobs_total")
	require.Contains(t, log.String(), `test=TestFake note="the test has ended"`)
}

// A real test fails, whichever goroutine the misuse is in, and misuse in a goroutine that outlives
// the test does not end the process.
func TestARealTestFailsOnMisuseInAGoroutineAndSurvivesALateOne(t *testing.T) {
	if os.Getenv("QUIPU_MISUSE") != "" {
		var late sync.WaitGroup
		late.Add(1)
		ended := make(chan struct{})
		t.Run("one", func(t *testing.T) {
			c, err := NewRegistry(t).NewCounter("jobs_total", "Jobs.")
			require.NoError(t, err)
			var group sync.WaitGroup
			group.Go(func() { c.Add(-1) })
			group.Wait()
			go func() {
				defer late.Done()
				<-ended
				c.Add(-2)
			}()
		})
		close(ended)
		late.Wait()
		fmt.Println("survived")
		return
	}
	command := exec.Command(os.Args[0], "-test.run=^TestARealTestFailsOnMisuseInAGoroutineAndSurvivesALateOne$")
	command.Env = append(os.Environ(), "QUIPU_MISUSE=1")
	out, err := command.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "--- FAIL: TestARealTestFailsOnMisuseInAGoroutineAndSurvivesALateOne/one")
	require.Contains(t, string(out), "detail: -1 added to a counter")
	require.Contains(t, string(out), "the test has ended")
	require.Contains(t, string(out), "survived")
}
