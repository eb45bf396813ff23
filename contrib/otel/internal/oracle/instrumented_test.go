// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// incidental are parts of lines that differ from run to run: the sums of durations, and the ports
// of servers.
var incidental = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`^(\w+duration\w+_sum,.*) [^ ]+ \(histogram`), "$1 SUM (histogram"},
	{regexp.MustCompile(`^(\w+duration\w+_bucket,.*) [^ ]+ \(histogram`), "$1 COUNT (histogram"},
	{regexp.MustCompile(`server_port="\d+"`), `server_port="PORT"`},
}

// comparable returns the lines of a page without what differs from run to run.
func comparable(t testing.TB, s side, accept string) []string {
	lines := s.lines(t, accept)
	for i := range lines {
		for _, x := range incidental {
			lines[i] = x.pattern.ReplaceAllString(lines[i], x.instead)
		}
	}
	return lines
}

// compareRuns runs a program on both sides, waits until the page has a number of lines that contain
// a text, because servers measure after they have answered, and compares the pages.
func compareRuns(t *testing.T, program func(t *testing.T, s side), contains string, total string) {
	w := newWorld(t, setting{})
	for _, s := range []side{w.sdk, w.quipu} {
		program(t, s)
		testkit.Poll(t, 10*time.Second, func() error {
			for _, line := range s.lines(t, accepted[0]) {
				if strings.Contains(line, contains) && strings.Contains(line, total) {
					return nil
				}
			}
			return io.ErrNoProgress
		})
	}
	for _, accept := range accepted {
		want := comparable(t, w.sdk, accept)
		require.Greater(t, len(want), 20)
		require.Equal(t, want, comparable(t, w.quipu, accept), accept)
	}
}

func TestOtelhttpHasTheSamePageOnBothSides(t *testing.T) {
	compareRuns(t, func(t *testing.T, s side) {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, "hello, "+r.PathValue("id"))
		})
		mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusTeapot)
		})
		server := testkit.Serve(t, otelhttp.NewHandler(mux, "server", otelhttp.WithMeterProvider(s)))
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: otelhttp.NewTransport(transport, otelhttp.WithMeterProvider(s))}
		do := func(method, path, body string) {
			request, err := http.NewRequest(method, server.URL+path, strings.NewReader(body))
			require.NoError(t, err)
			response, err := client.Do(request)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, response.Body)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
		}
		for range 3 {
			do(http.MethodGet, "/users/7", "")
		}
		do(http.MethodPost, "/orders", strings.Repeat("x", 3000))
		do(http.MethodGet, "/nowhere", "")
	}, `http_server_request_duration_seconds_count,http_request_method="GET",http_response_status_code="404"`, " 1 (")
}

// failing is a health service whose Watch fails.
type failing struct{ *health.Server }

func (failing) Watch(*grpc_health_v1.HealthCheckRequest, grpc_health_v1.Health_WatchServer) error {
	return status.Error(codes.PermissionDenied, "not for you")
}

func TestOtelgrpcHasTheSamePageOnBothSides(t *testing.T) {
	compareRuns(t, func(t *testing.T, s side) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		server := grpc.NewServer(grpc.StatsHandler(otelgrpc.NewServerHandler(otelgrpc.WithMeterProvider(s))))
		grpc_health_v1.RegisterHealthServer(server, failing{health.NewServer()})
		served := make(chan error, 1)
		go func() { served <- server.Serve(listener) }()
		connection, err := grpc.NewClient(listener.Addr().String(),
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithStatsHandler(otelgrpc.NewClientHandler(otelgrpc.WithMeterProvider(s))))
		require.NoError(t, err)
		client := grpc_health_v1.NewHealthClient(connection)
		ctx, cancel := context.WithTimeout(background, 10*time.Second)
		defer cancel()
		for range 3 {
			_, err = client.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
			require.NoError(t, err)
		}
		_, err = client.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: "nothing"})
		require.Equal(t, codes.NotFound, status.Code(err))
		watch, err := client.Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
		require.NoError(t, err)
		_, err = watch.Recv()
		require.Equal(t, codes.PermissionDenied, status.Code(err))
		require.NoError(t, connection.Close())
		server.GracefulStop()
		require.NoError(t, <-served)
	}, `rpc_server_`, `_count,`)
}
