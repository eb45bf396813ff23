// SPDX-License-Identifier: Apache-2.0

//go:build !race

package grpcmetrics

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quipu-metrics/quipu/engine"
)

func TestAUnaryCallAllocatesNothing(t *testing.T) {
	noTrace := func(context.Context) engine.Labels { return nil }
	for name, options := range map[string][]Option{
		"counters":  nil,
		"times":     {WithHandlingTimes()},
		"exemplars": {WithHandlingTimes(), WithExemplars(noTrace)},
	} {
		call := unaryCalls(t, options...)
		for _, err := range []error{nil, status.Error(codes.NotFound, "")} {
			require.Zero(t, testing.AllocsPerRun(200, func() { call.server(err) }), "server, %s", name)
			require.Zero(t, testing.AllocsPerRun(200, func() { call.client(err) }), "client, %s", name)
		}
	}
}

// Methods that share their series are those of programs that call many, and of made-up ones.
func TestACallOfAMethodThatSharesItsSeriesAllocatesNothing(t *testing.T) {
	for name, skip := range map[string]func(string) bool{
		"counted": nil, "skipped": func(method string) bool { return method == "/more/method" },
	} {
		m := testMethods(t, engine.NewRegistry(), skip)
		for i := range maxMethods {
			m.find(unary, fmt.Sprintf("/a/%d", i), true)
		}
		for _, registered := range []bool{false, true} {
			require.Zero(t, testing.AllocsPerRun(200, func() { m.find(unary, "/more/method", registered) }), name)
		}
	}
}

func TestTheMessagesOfAStreamAllocateNothing(t *testing.T) {
	server, client := streams(t, WithHandlingTimes())
	require.Zero(t, testing.AllocsPerRun(200, func() {
		_ = server.SendMsg(nil)
		_ = server.RecvMsg(nil)
	}))
	require.Zero(t, testing.AllocsPerRun(200, func() {
		_ = client.SendMsg(nil)
		_ = client.RecvMsg(nil)
	}))
}
