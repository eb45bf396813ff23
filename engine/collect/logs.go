// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/quipu-metrics/quipu/engine"
)

// Logs returns a handler that counts the records of slog by level and passes them on to handler:
//
//	counted, err := collect.Logs(reg, slog.NewTextHandler(os.Stderr, nil))
//	...
//	slog.SetDefault(slog.New(counted))
//
// The counter is log_messages_total. Cortex, Promtail and others count their own log lines under
// this name with the label level, so dashboards know it. level is debug, info, warn or error;
// a level between two of these counts as the lower one, and one below debug as debug. Records that
// handler is not enabled for do not reach it and are not counted. All four levels are on every page
// from the beginning, so that an alert on errors needs no special case. The counter
// log_messages_failed_total counts the records for which handler has returned an error: a
// [slog.Logger] drops these errors.
//
// Enabled, WithAttrs, WithGroup, the records and the errors are those of handler. Counting takes no
// lock and allocates nothing (BenchmarkLogs). The registry may report its own misuse through the
// handler.
//
// Several handlers may count in one registry, in the same metrics, and one handler in several
// registries. A handler that counts in reg already is returned as it is. The handler that
// slog.Default has at the start of a program is an error: it writes to package log, which
// [slog.SetDefault] would lead back to the counting handler, and the first record would wait for
// itself.
func Logs(reg *engine.Registry, handler slog.Handler) (slog.Handler, error) {
	if handler == nil {
		return nil, fmt.Errorf("quipu: collect.Logs: %w: the handler is nil", engine.ErrOption)
	}
	if fmt.Sprintf("%T", handler) == "*slog.defaultHandler" {
		return nil, fmt.Errorf("quipu: collect.Logs: %w: the first handler of slog.Default cannot be wrapped: "+
			"use slog.NewTextHandler(os.Stderr, nil)", engine.ErrOption)
	}
	counters, err := newLogCounters(reg)
	if err != nil {
		return nil, err
	}
	for h, ok := handler.(*logHandler); ok; h, ok = h.handler.(*logHandler) {
		if h.counters == counters {
			return handler, nil
		}
	}
	return &logHandler{counters, handler}, nil
}

// logLevels are the values of the label level, in ascending order.
var logLevels = [...]string{"debug", "info", "warn", "error"}

// logLevel returns the index in logLevels of a level.
func logLevel(level slog.Level) int {
	switch {
	case level >= slog.LevelError:
		return 3
	case level >= slog.LevelWarn:
		return 2
	case level >= slog.LevelInfo:
		return 1
	}
	return 0
}

// logCounters are the counters of a registry. They are handles of series, so counting looks nothing
// up, and no misuse is possible that the registry would report in a record of its own.
type logCounters struct {
	byLevel [len(logLevels)]*engine.Counter
	failed  *engine.Counter
}

// newLogCounters defines both metrics or none.
func newLogCounters(reg *engine.Registry) (logCounters, error) {
	if reg == nil {
		return logCounters{}, fmt.Errorf("quipu: collect.Logs: %w: the registry is nil", engine.ErrOption)
	}
	const failedName = "log_messages_failed_total"
	_, there := reg.Lookup(failedName)
	failed, err := reg.NewCounter(failedName, "Log messages for which the handler returned an error.")
	if err != nil {
		return logCounters{}, err
	}
	messages, err := reg.NewCounterVec("log_messages_total", "Log messages by level.", []string{"level"},
		engine.WithMaxSeries(len(logLevels)), engine.WithExpiry(engine.NoLimit))
	if err != nil {
		if !there {
			reg.UnregisterMetric(failed)
		}
		return logCounters{}, err
	}
	c := logCounters{failed: failed}
	for i, level := range logLevels {
		c.byLevel[i] = messages.With(level)
	}
	return c, nil
}

// logHandler counts records before it passes them on, so it counts those too whose handling hangs.
type logHandler struct {
	counters logCounters
	handler  slog.Handler
}

// Enabled implements [slog.Handler].
func (h *logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.handler.Enabled(ctx, level)
}

// Handle implements [slog.Handler].
func (h *logHandler) Handle(ctx context.Context, record slog.Record) error {
	h.counters.byLevel[logLevel(record.Level)].Inc()
	err := h.handler.Handle(ctx, record)
	if err != nil {
		h.counters.failed.Inc()
	}
	return err
}

// WithAttrs implements [slog.Handler].
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &logHandler{h.counters, h.handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h *logHandler) WithGroup(name string) slog.Handler {
	return &logHandler{h.counters, h.handler.WithGroup(name)}
}
