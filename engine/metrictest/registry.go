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

// NewRegistry returns a registry for one test: misuse of its metrics marks the test as failed, with the metric, its labels
// and the line that is at fault, once for each line. So does a function or a collector that fails. What else the registry
// logs, such as that a metric is full, goes to the test's log.
//
// Misuse does not stop what it happens in, so it may happen anywhere: in goroutines that the test has started, and in
// handlers of net/http, which recovers from the panics of a strict registry and lets the test pass. What happens after the
// test has ended can fail it no more, and is logged by [slog.Default].
//
// The registry's logger is the test's: [engine.WithLogger] has no effect.
func NewRegistry(tb testing.TB, options ...engine.RegistryOption) *engine.Registry {
	tb.Helper()
	h := &testHandler{test: &runningTest{tb: tb}}
	tb.Cleanup(h.test.end)
	return engine.NewRegistry(append(options[:len(options):len(options)], engine.WithLogger(slog.New(h)))...)
}

// runningTest is a test that may end while goroutines still use its registry: testing panics on what is reported then.
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

// testHandler passes what a registry logs on to a test.
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

// report tells the test, unless it has ended. It holds the mutex meanwhile, so that the test does not end before it is told.
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

// isFault tells the reasons of misuse and of functions that fail from those of notices.
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
