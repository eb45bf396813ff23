// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	service "google.golang.org/grpc/interop/grpc_testing"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// The provider counts the end of a client's stream each time that the program receives it. So it
// has other numbers where a program does not receive the end, or asks for it again. There the pages
// differ, and each call is counted once on quipu's.
func TestTheEndOfAClientsStreamIsCountedOnceWhetherItIsReceivedOrNot(t *testing.T) {
	testkit.Baseline(t)
	w := newWorld(t, setting{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	left, err := w.client.FullDuplexCall(script{Receive: 2}.in(ctx))
	require.NoError(t, err)
	require.NoError(t, left.Send(&service.StreamingOutputCallRequest{}))
	cancel() // and the program does not receive anything

	read, err := w.client.FullDuplexCall(script{Receive: 1}.in(context.Background()))
	require.NoError(t, err)
	require.NoError(t, read.CloseSend())
	for range 3 {
		_, err = read.Recv()
		require.Error(t, err)
	}
	w.stop()
	testkit.Poll(t, 10*time.Second, func() error { // gRPC ends the stream on a goroutine of its own
		if n := handled(t, w.quipu, "client")["Canceled"]; n == 0 {
			return errors.New("the stream that was left is not counted")
		}
		return nil
	})
	require.Equal(t, map[string]float64{"Canceled": 1, "OK": 1}, handled(t, w.quipu, "client"))
	require.Equal(t, map[string]float64{"OK": 3}, handled(t, w.other, "client"), "if this fails, the comment is old")
}

// The provider counts no end of a call whose handler panics through its interceptor.
func TestACallThatPanicsThroughTheInterceptorIsCountedAsUnknown(t *testing.T) {
	testkit.Baseline(t)
	w := newWorld(t, setting{outerRecover: true})
	for _, m := range []method{unary, clientStream, serverStream, bidi} {
		err := w.make(call{method: m, context: lives, script: script{End: ending{How: byPanic}}})
		require.ErrorIs(t, err, errPanic, "%s", m)
	}
	w.stop()
	require.Equal(t, map[string]float64{"Unknown": 4}, handled(t, w.quipu, "server"))
	require.Empty(t, handled(t, w.other, "server"), "if this fails, the comment is old")
}

// handled returns how many calls have ended on a side, by their code.
func handled(t *testing.T, page http.Handler, side string) map[string]float64 {
	ended := map[string]float64{}
	for _, s := range samplesOf(t, page, "text/plain") {
		if s.Name == "grpc_"+side+"_handled_total" {
			ended[s.Labels["grpc_code"]] += s.Value
		}
	}
	return ended
}
