// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	service "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// A handler for all methods sees the names that clients make up.
func TestMethodsThatClientsMakeUpMakeNoSeries(t *testing.T) {
	testkit.Baseline(t)
	const made = 10_000
	w := newWorld(t, setting{bounds: []float64{1}, preregister: true},
		grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error {
			return status.Error(codes.Unimplemented, "made up")
		}))
	before, _ := startedOnServer(t, w)
	conn, err := grpc.NewClient(w.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	for i := range made {
		method := fmt.Sprintf("/made.up%d.Service/Method%d", i%7, i)
		err := conn.Invoke(context.Background(), method, &service.Empty{}, &service.Empty{})
		require.Equal(t, codes.Unimplemented, status.Code(err))
	}
	require.NoError(t, conn.Close())
	w.stop()
	after, started := startedOnServer(t, w)
	require.LessOrEqual(t, after, before+50, "samples of the server")
	require.EqualValues(t, made, started, "all calls are counted")
}

// startedOnServer returns how many samples about the server quipu's page has, and how many calls
// have begun there.
func startedOnServer(t *testing.T, w *world) (samples int, calls float64) {
	for _, s := range samplesOf(t, w.quipu, "text/plain") {
		if strings.HasPrefix(s.Name, "grpc_server_") {
			samples++
		}
		if s.Name == "grpc_server_started_total" {
			calls += s.Value
		}
	}
	return samples, calls
}
