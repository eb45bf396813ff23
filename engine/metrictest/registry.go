// SPDX-License-Identifier: Apache-2.0

package metrictest

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/quipu-metrics/quipu/engine"
)

// NewRegistry returns a registry for one test. Misuse of its metrics marks the test as failed, once
// for each line of code that misuses a metric; the message has the metric, its labels and the line.
// A function or a collector that fails marks the test as failed too. Everything else that the
// registry logs, such as that a metric is full, goes to the test's log.
//
// A misused metric does not stop the code that misuses it. NewRegistry therefore also finds misuse
// in goroutines that the test has started and in handlers of net/http. (A strict registry panics
// there, net/http recovers, and the test passes.) Misuse after the end of the test is logged by
// [slog.Default].
//
// The registry logs to the test; the option [engine.WithLogger] has no effect.
func NewRegistry(tb testing.TB, options ...engine.RegistryOption) *engine.Registry {
	tb.Helper()
	h := &testHandler{test: &runningTest{tb: tb}}
	tb.Cleanup(h.test.end)
	return engine.NewRegistry(append(options[:len(options):len(options)], engine.WithLogger(slog.New(h)))...)
}

// runningTest is a test that may end while goroutines still use its registry. Package testing
// panics if anything is reported after the end.
type runningTest struct {
	mu   sync.Mutex
	tb   testing.TB // nil once the test has ended
	name string
}

func (r *runningTest) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.name, r.tb = r.tb.Name(), nil
}

// testHandler passes the log of a registry on to a test.
type testHandler struct {
	test  *runningTest
	attrs []slog.Attr
}

// Enabled implements [slog.Handler].
func (h *testHandler) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements [slog.Handler].
func (h *testHandler) Handle(ctx context.Context, record slog.Record) error {
	var text strings.Builder
	text.WriteString(record.Message)
	fails := false
	write := func(a slog.Attr) bool {
		fmt.Fprintf(&text, "\n    %s: %v", a.Key, a.Value)
		fails = fails || a.Key == "reason" && isFault(a.Value.String())
		return true
	}
	for _, a := range h.attrs {
		write(a)
	}
	record.Attrs(write)

	if name, ended := h.test.report(text.String(), fails); ended {
		slog.Default().Log(ctx, record.Level, text.String(), "test", name, "note", "the test has ended")
	}
	return nil
}

// report reports to the test, unless the test has ended. It holds the mutex, so the test cannot end
// in between.
func (r *runningTest) report(text string, fails bool) (name string, ended bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.tb == nil:
		return r.name, true
	case fails:
		r.tb.Errorf("%s", text)
	default:
		r.tb.Logf("%s", text)
	}
	return "", false
}

// isFault reports whether a reason is misuse or a failed function. The other reasons are notices.
func isFault(reason string) bool {
	switch reason {
	case "overflow", "length", "utf8", "":
		return false
	}
	return true
}

// WithAttrs implements [slog.Handler].
func (h *testHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &testHandler{h.test, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

// WithGroup implements [slog.Handler]. The registry uses no groups.
func (h *testHandler) WithGroup(string) slog.Handler { return h }
