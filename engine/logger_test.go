// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"io"
	"log"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestLoggerReturnsTheOneThatWasSetOrElseTheDefaultOfTheMoment(t *testing.T) {
	own := slog.New(slog.NewTextHandler(io.Discard, nil))
	require.Same(t, own, engine.NewRegistry(engine.WithLogger(own)).Logger())

	r := engine.NewRegistry()
	before := slog.Default()
	require.Same(t, before, r.Logger())
	defer log.SetFlags(log.Flags()) // SetDefault changes package log too
	defer log.SetOutput(log.Writer())
	defer slog.SetDefault(before)
	slog.SetDefault(own)
	require.Same(t, own, r.Logger())
}
