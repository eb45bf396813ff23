// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// logsInto returns a handler that counts in reg and writes to w from a level on.
func logsInto(t testing.TB, reg *engine.Registry, w io.Writer, from slog.Level) slog.Handler {
	t.Helper()
	h, err := Logs(reg, slog.NewJSONHandler(w, &slog.HandlerOptions{Level: from}))
	require.NoError(t, err)
	return h
}

// byLevel returns what was counted.
func byLevel(t *testing.T, reg *engine.Registry) map[string]float64 {
	t.Helper()
	counted := map[string]float64{}
	for labels, n := range pageOf(t, reg).Named("log_messages_total") {
		counted[strings.TrimSuffix(strings.TrimPrefix(labels, `{level="`), `"}`)] = n
	}
	return counted
}

func TestACountingHandlerKeepsTheRulesOfHandlers(t *testing.T) {
	var written bytes.Buffer
	reg := engine.NewRegistry()
	slogtest.Run(t, func(*testing.T) slog.Handler {
		written.Reset()
		return logsInto(t, reg, &written, slog.LevelInfo)
	}, func(t *testing.T) (line map[string]any) {
		require.NoError(t, json.Unmarshal(written.Bytes(), &line))
		return line
	})
	require.Positive(t, byLevel(t, reg)["info"])
}

func TestACountingHandlerWritesWhatItsHandlerWrites(t *testing.T) {
	write := func(h slog.Handler) {
		ctx := context.Background()
		l := slog.New(h)
		l.Debug("not enabled")
		l.With("a", 1).WithGroup("g").With("b", 2).ErrorContext(ctx, "text", "c", 3, slog.Group("d", "e", 4))
		require.False(t, l.Enabled(ctx, slog.LevelDebug))
		require.True(t, l.With("a", 1).WithGroup("g").Enabled(ctx, slog.LevelWarn))
	}
	withoutTime := &slog.HandlerOptions{Level: slog.LevelWarn, AddSource: true,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}
	var want, got bytes.Buffer
	write(slog.NewTextHandler(&want, withoutTime))
	h, err := Logs(engine.NewRegistry(), slog.NewTextHandler(&got, withoutTime))
	require.NoError(t, err)
	write(h)
	require.Contains(t, want.String(), "a=1 g.b=2 g.c=3 g.d.e=4")
	require.Equal(t, want.String(), got.String())
}

func TestRecordsAreCountedByTheLevelAtOrBelowTheirs(t *testing.T) {
	for level, want := range map[slog.Level]string{
		-1 << 30: "debug", slog.LevelDebug - 4: "debug", slog.LevelDebug: "debug", slog.LevelInfo - 1: "debug",
		slog.LevelInfo: "info", slog.LevelInfo + 2: "info", slog.LevelWarn: "warn", slog.LevelError - 1: "warn",
		slog.LevelError: "error", slog.LevelError + 4: "error", 1 << 30: "error",
	} {
		reg := engine.NewRegistry()
		l := slog.New(logsInto(t, reg, io.Discard, -1<<30))
		expected := map[string]float64{"debug": 0, "info": 0, "warn": 0, "error": 0}
		require.Equal(t, expected, byLevel(t, reg), "all levels are there from the beginning")
		l.Log(context.Background(), level, "text")
		expected[want] = 1
		require.Equal(t, expected, byLevel(t, reg), "%d", level)
	}
}

func TestRecordsThatAreNotEnabledAreNotCounted(t *testing.T) {
	reg := engine.NewRegistry()
	var level slog.LevelVar
	h, err := Logs(reg, slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: &level}))
	require.NoError(t, err)
	l := slog.New(h)
	l.Debug("left out")
	l.Info("written")
	level.Set(slog.LevelDebug)
	l.Debug("written")
	level.Set(slog.LevelError)
	l.Warn("left out")
	require.Equal(t, map[string]float64{"debug": 1, "info": 1, "warn": 0, "error": 0}, byLevel(t, reg))
}

// dropping is a handler that takes every record and writes none.
type dropping struct{}

func (dropping) Enabled(context.Context, slog.Level) bool  { return true }
func (dropping) Handle(context.Context, slog.Record) error { return nil }
func (d dropping) WithAttrs([]slog.Attr) slog.Handler      { return d }
func (d dropping) WithGroup(string) slog.Handler           { return d }

// failing is a handler that cannot write.
type failing struct{ dropping }

var errFull = errors.New("the disk is full")

func (failing) Handle(context.Context, slog.Record) error { return errFull }

func TestErrorsOfTheHandlerArePassedOnAndCounted(t *testing.T) {
	reg := engine.NewRegistry()
	h, err := Logs(reg, failing{})
	require.NoError(t, err)
	require.Zero(t, pageOf(t, reg).Value(t, "log_messages_failed_total"))
	for range 3 {
		require.Equal(t, errFull, h.Handle(context.Background(), slog.Record{Level: slog.LevelWarn}))
	}
	require.EqualValues(t, 3, pageOf(t, reg).Value(t, "log_messages_failed_total"))
	require.EqualValues(t, 3, byLevel(t, reg)["warn"])
}

func TestHandlersOfOneRegistryCountTogether(t *testing.T) {
	reg := engine.NewRegistry()
	one, two := logsInto(t, reg, io.Discard, slog.LevelInfo), logsInto(t, reg, io.Discard, slog.LevelInfo)
	slog.New(one).Info("text")
	slog.New(two).With("a", 1).WithGroup("g").Info("text")
	require.EqualValues(t, 2, byLevel(t, reg)["info"])
}

func TestARecordIsCountedOnceInARegistry(t *testing.T) {
	reg, other := engine.NewRegistry(), engine.NewRegistry()
	h := logsInto(t, reg, io.Discard, slog.LevelInfo)
	again, err := Logs(reg, h.WithAttrs([]slog.Attr{slog.Int("a", 1)}))
	require.NoError(t, err)
	elsewhere, err := Logs(other, again)
	require.NoError(t, err)
	elsewhere, err = Logs(reg, elsewhere)
	require.NoError(t, err)
	slog.New(elsewhere).Info("text")
	require.EqualValues(t, 1, byLevel(t, reg)["info"])
	require.EqualValues(t, 1, byLevel(t, other)["info"])
}

func TestRecordsOfManyGoroutinesAreAllCounted(t *testing.T) {
	reg := engine.NewRegistry()
	l := slog.New(logsInto(t, reg, io.Discard, slog.LevelInfo))
	var loggers sync.WaitGroup
	for range 8 {
		loggers.Go(func() {
			for range 1000 {
				l.With("a", 1).Error("text")
			}
		})
	}
	loggers.Wait()
	require.EqualValues(t, 8000, byLevel(t, reg)["error"])
}

// The registry reports misuse to the handler that counts in it. It must neither wait for itself nor
// report what it counts.
func TestTheRegistryMayReportThroughItsOwnHandler(t *testing.T) {
	logger, writer, flags := slog.Default(), log.Writer(), log.Flags()
	t.Cleanup(func() {
		slog.SetDefault(logger)
		log.SetOutput(writer) // which SetDefault has led to its handler
		log.SetFlags(flags)
	})
	var written bytes.Buffer
	reg := engine.NewRegistry()
	slog.SetDefault(slog.New(logsInto(t, reg, &written, slog.LevelInfo)))
	requests, err := reg.NewCounter("requests_total", "Requests.")
	require.NoError(t, err)
	for range 3 {
		requests.Add(-1)
	}
	log.Print("through package log")
	require.Equal(t, map[string]float64{"debug": 0, "info": 1, "warn": 1, "error": 0}, byLevel(t, reg))
	require.Contains(t, written.String(), "dropped an update")
	require.EqualValues(t, 3, selfPage(t, reg).Value(t, "quipu_dropped_updates_total", "reason", "negative"))
}

func TestTheFirstHandlerOfSlogIsAnError(t *testing.T) {
	reg := engine.NewRegistry()
	first := slog.Default().Handler() // no test of this package leaves another one behind
	for _, h := range []slog.Handler{first, first.WithGroup("g").WithAttrs([]slog.Attr{slog.Int("a", 1)})} {
		_, err := Logs(reg, h)
		require.ErrorIs(t, err, engine.ErrOption)
		require.ErrorContains(t, err, "use slog.NewTextHandler")
	}
	require.Empty(t, pageOf(t, reg).Samples)
}

func TestHandlersThatCannotCountAreErrors(t *testing.T) {
	_, err := Logs(engine.NewRegistry(), nil)
	require.ErrorIs(t, err, engine.ErrOption)
	_, err = Logs(nil, slog.DiscardHandler)
	require.ErrorIs(t, err, engine.ErrOption)

	for _, name := range []string{"log_messages_total", "log_messages_failed_total"} {
		reg := engine.NewRegistry()
		_, err = reg.NewGauge(name, "Another one.")
		require.NoError(t, err)
		_, err = Logs(reg, slog.DiscardHandler)
		require.ErrorIs(t, err, engine.ErrTaken)
		require.Equal(t, map[string]float64{name + "{}": 0}, pageOf(t, reg).Samples, "nothing is left behind")
	}

	strict := engine.NewRegistry(engine.WithStrict())
	_, err = Logs(strict, slog.DiscardHandler)
	require.NoError(t, err)
	_, err = Logs(strict, slog.DiscardHandler)
	require.ErrorIs(t, err, engine.ErrTaken, "as every second definition in a strict registry")
	require.Len(t, pageOf(t, strict).Samples, 5)
}

func TestLevelsDoNotExpire(t *testing.T) {
	now := time.Unix(1e9, 0)
	reg := engine.NewRegistry(engine.WithExpiry(time.Minute), engine.WithClock(func() time.Time { return now }))
	_, err := Logs(reg, slog.DiscardHandler)
	require.NoError(t, err)
	for range 5 {
		now = now.Add(time.Hour)
		require.Len(t, byLevel(t, reg), 4)
	}
}
