// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	service "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/test/bufconn"
)

// race measures the contestants in turns, so that a machine that becomes slower does so for all. An
// operation is a round, in which each contestant makes so many calls on each of so many goroutines.
// It reports the median of the rounds, as nanoseconds for each call of a goroutine; what a
// contestant costs is the difference to "none".
func race(b *testing.B, calls, goroutines int, start func(b *testing.B, c contestant) (once func())) {
	for name, times := range map[string]bool{"counts": false, "times": true} {
		b.Run(name, func(b *testing.B) {
			list := contestants(b, times)
			once, rounds := make([]func(), len(list)), make([][]float64, len(list))
			for i, c := range list {
				once[i] = start(b, c)
				once[i]()
			}
			for round := range b.N {
				for turn := range list {
					i := (round + turn) % len(list)
					rounds[i] = append(rounds[i], timeOf(once[i], calls, goroutines))
				}
			}
			b.ReportMetric(0, "ns/op") // that of the round, which says nothing
			for i, c := range list {
				slices.Sort(rounds[i])
				b.ReportMetric(rounds[i][len(rounds[i])/2], c.name+"-ns")
			}
		})
	}
}

// timeOf returns how many nanoseconds a call takes.
func timeOf(once func(), calls, goroutines int) float64 {
	begin := time.Now()
	var others sync.WaitGroup
	some := func() {
		for range calls {
			once()
		}
	}
	for range goroutines - 1 {
		others.Go(some)
	}
	some()
	others.Wait()
	return float64(time.Since(begin).Nanoseconds()) / float64(calls)
}

// BenchmarkUnaryServer is a call whose handler does nothing, without a connection.
func BenchmarkUnaryServer(b *testing.B) {
	race(b, 1000, 1, func(_ *testing.B, c contestant) func() { return c.serverCall() })
}

// BenchmarkUnaryServerOnTwo is that on two goroutines at once, which call the same method.
func BenchmarkUnaryServerOnTwo(b *testing.B) {
	race(b, 10_000, 2, func(_ *testing.B, c contestant) func() { return c.serverCall() })
}

// BenchmarkUnaryClient is a call that is answered at once, without a connection.
func BenchmarkUnaryClient(b *testing.B) {
	race(b, 1000, 1, func(_ *testing.B, c contestant) func() { return c.clientCall() })
}

// BenchmarkCall is a whole call through memory, with client and server instrumented.
func BenchmarkCall(b *testing.B) {
	race(b, 20, 1, func(b *testing.B, c contestant) func() {
		listener := bufconn.Listen(1 << 20)
		server := grpc.NewServer(c.serverOptions()...)
		service.RegisterTestServiceServer(server, scripted{})
		served := make(chan error, 1)
		go func() { served <- server.Serve(listener) }()
		dial := grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return listener.DialContext(ctx)
		})
		options := append(c.dialOptions(), dial, grpc.WithTransportCredentials(insecure.NewCredentials()))
		conn, err := grpc.NewClient("passthrough:///memory", options...)
		require.NoError(b, err)
		b.Cleanup(func() {
			require.NoError(b, conn.Close())
			server.GracefulStop()
			require.NoError(b, <-served)
		})
		client, ctx, request := service.NewTestServiceClient(conn), context.Background(), &service.SimpleRequest{}
		return func() {
			if _, err := client.UnaryCall(ctx, request); err != nil {
				b.Fatal(err)
			}
		}
	})
}
