// SPDX-License-Identifier: Apache-2.0

package grpcmetrics_test

import (
	"context"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	pb "google.golang.org/grpc/interop/grpc_testing"

	"github.com/quipu-metrics/quipu/contrib/grpc/grpcmetrics"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

func TestMethodsThatAreSkippedAreServedAndNotCounted(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	w := newWorld(t, &echo{}, grpcmetrics.WithSizes(), grpcmetrics.WithSkip(func(method string) bool {
		mu.Lock()
		defer mu.Unlock()
		asked[method]++
		return true
	}))
	ctx := within(t)
	for range 3 {
		_, err := w.client.UnaryCall(ctx, &pb.SimpleRequest{})
		require.NoError(t, err)
		down, err := w.client.StreamingOutputCall(ctx, asks(1))
		require.NoError(t, err)
		_, err = drain(down)
		require.ErrorIs(t, err, io.EOF)
	}
	require.Empty(t, page(t, w.reg).Samples)
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, map[string]int{ // by the client and by the server
		"/" + service + "/UnaryCall": 2, "/" + service + "/StreamingOutputCall": 2,
	}, asked)
}

func TestServersOfOneRegistryAreToldApartByConstLabels(t *testing.T) {
	reg := engine.NewRegistry()
	for _, name := range []string{"front", "back", "back"} {
		metrics, err := grpcmetrics.NewServer(reg, grpcmetrics.WithHandlingTimes(),
			grpcmetrics.WithConstLabels(engine.Labels{"server": name}))
		require.NoError(t, err)
		client := pb.NewTestServiceClient(serve(t, registered(&echo{}), metrics.Options()))
		_, err = client.UnaryCall(within(t), &pb.SimpleRequest{})
		require.NoError(t, err)
	}
	p := page(t, reg)
	require.Equal(t, 1.0, p.Value(t, "grpc_server_started_total", labels("unary", "UnaryCall", "server", "front")...))
	require.Equal(t, 2.0, p.Value(t, "grpc_server_started_total", labels("unary", "UnaryCall", "server", "back")...))
	require.Equal(t, 2.0, p.Value(t, "grpc_server_handling_seconds_count",
		labels("unary", "UnaryCall", "server", "back")...))
}

func TestAStrictRegistryHasTheMetricsOnce(t *testing.T) {
	reg := engine.NewRegistry(engine.WithStrict())
	_, err := grpcmetrics.NewServer(reg)
	require.NoError(t, err)
	_, err = grpcmetrics.NewServer(reg)
	require.ErrorIs(t, err, engine.ErrTaken)
	_, err = grpcmetrics.NewServer(reg, grpcmetrics.WithConstLabels(engine.Labels{"server": "other"}))
	require.NoError(t, err)
}

func TestDefinitionsThatCannotWorkAreErrors(t *testing.T) {
	taken := engine.NewRegistry()
	_, err := taken.NewGauge("grpc_server_handled_total", "")
	require.NoError(t, err)
	_, err = taken.NewGauge("grpc_client_msg_sent_total", "")
	require.NoError(t, err)
	one := func(o grpcmetrics.Option) []grpcmetrics.Option { return []grpcmetrics.Option{o} }
	label := func(name string) []grpcmetrics.Option {
		return one(grpcmetrics.WithConstLabels(engine.Labels{name: ""}))
	}
	for name, tt := range map[string]struct {
		reg     *engine.Registry
		options []grpcmetrics.Option
		want    error
		text    string
	}{
		"no registry":  {nil, nil, engine.ErrOption, "the registry is nil"},
		"nil option":   {nil, []grpcmetrics.Option{grpcmetrics.WithSizes(), nil}, engine.ErrOption, "option 2 is nil"},
		"name taken":   {taken, nil, engine.ErrTaken, "grpc_"},
		"buckets":      {nil, one(grpcmetrics.WithHandlingTimes(2, 1)), engine.ErrBuckets, "seconds"},
		"sizes":        {nil, one(grpcmetrics.WithSizes(1, 1)), engine.ErrBuckets, "bytes"},
		"label":        {nil, label("grpc_type"), engine.ErrLabel, "grpc_type"},
		"code":         {nil, label("grpc_code"), engine.ErrLabel, "grpc_code"},
		"no exemplars": {nil, one(grpcmetrics.WithExemplars(nil)), engine.ErrOption, "WithExemplars(nil)"},
		"no skip":      {nil, one(grpcmetrics.WithSkip(nil)), engine.ErrOption, "WithSkip(nil)"},
		"no histogram": {nil, one(grpcmetrics.WithNativeHistograms(histogram.NativeDefaults())), engine.ErrOption,
			"WithHandlingTimes()"},
		"native": {nil, []grpcmetrics.Option{
			grpcmetrics.WithHandlingTimes(), grpcmetrics.WithNativeHistograms(histogram.NativeOptions{Schema: 99}),
		}, engine.ErrBuckets, "seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.reg == nil && name != "no registry" {
				tt.reg = engine.NewRegistry()
			}
			_, err := grpcmetrics.NewServer(tt.reg, tt.options...)
			require.ErrorIs(t, err, tt.want)
			require.ErrorContains(t, err, "quipu: gRPC server: ")
			require.ErrorContains(t, err, tt.text)
			_, err = grpcmetrics.NewClient(tt.reg, tt.options...)
			require.ErrorIs(t, err, tt.want)
			require.ErrorContains(t, err, "quipu: gRPC client: ")
			require.ErrorContains(t, err, tt.text)
		})
	}
	_, err = grpcmetrics.NewServer(engine.NewRegistry(), grpcmetrics.WithMessageTimes())
	require.ErrorIs(t, err, engine.ErrOption)
	require.ErrorContains(t, err, "WithMessageTimes is for clients")
}

func TestOptionsKeepNothingOfTheCallers(t *testing.T) {
	labels, bounds := engine.Labels{"server": "front"}, []float64{1, 2}
	options := []grpcmetrics.Option{
		grpcmetrics.WithConstLabels(labels), grpcmetrics.WithHandlingTimes(bounds...), grpcmetrics.WithSizes(bounds...),
	}
	labels["server"], bounds[0] = "changed later", 1.5
	reg := engine.NewRegistry()
	_, err := grpcmetrics.NewServer(reg, options...)
	require.NoError(t, err)
	for _, name := range []string{"grpc_server_handling_seconds", "grpc_server_msg_sent_size_bytes"} {
		info, found := reg.Lookup(name)
		require.True(t, found)
		require.Equal(t, engine.Labels{"server": "front"}, info.Const)
		require.Equal(t, []float64{1, 2}, info.Bounds)
	}
}

func TestNativeHistogramsHaveBucketsOfTheOptionsOnly(t *testing.T) {
	reg := engine.NewRegistry()
	metrics, err := grpcmetrics.NewServer(reg, grpcmetrics.WithHandlingTimes(), grpcmetrics.WithSizes(100),
		grpcmetrics.WithNativeHistograms(histogram.NativeDefaults()))
	require.NoError(t, err)
	client := pb.NewTestServiceClient(serve(t, registered(&echo{}), metrics.Options()))
	_, err = client.UnaryCall(within(t), &pb.SimpleRequest{})
	require.NoError(t, err)
	times, found := reg.Lookup("grpc_server_handling_seconds")
	require.True(t, found)
	require.True(t, times.Native)
	require.Empty(t, times.Bounds)
	sizes, found := reg.Lookup("grpc_server_msg_sent_size_bytes")
	require.True(t, found)
	require.True(t, sizes.Native)
	require.Equal(t, []float64{100}, sizes.Bounds)

	_, err = grpcmetrics.NewClient(reg, grpcmetrics.WithSizes(),
		grpcmetrics.WithNativeHistograms(histogram.NativeDefaults()))
	require.NoError(t, err)
	sizes, found = reg.Lookup("grpc_client_msg_sent_size_bytes")
	require.True(t, found)
	require.True(t, sizes.Native)
	require.Empty(t, sizes.Bounds)
	require.Equal(t, 1.0, page(t, reg).Value(t, "grpc_server_handling_seconds_count", labels("unary", "UnaryCall")...))
}

func TestExemplarsComeFromTheContextsOfCalls(t *testing.T) {
	type key struct{}
	from := func(ctx context.Context) engine.Labels {
		if id, ok := ctx.Value(key{}).(string); ok {
			return engine.Labels{"trace_id": id}
		}
		return nil
	}
	reg := engine.NewRegistry()
	options := []grpcmetrics.Option{grpcmetrics.WithExemplars(from), grpcmetrics.WithHandlingTimes(10)}
	server, err := grpcmetrics.NewServer(reg, options...)
	require.NoError(t, err)
	client, err := grpcmetrics.NewClient(reg, options...)
	require.NoError(t, err)
	tracing := grpc.ChainUnaryInterceptor(
		func(ctx context.Context, r any, _ *grpc.UnaryServerInfo, h grpc.UnaryHandler) (any, error) {
			return h(context.WithValue(ctx, key{}, "server"), r)
		})
	traced := append([]grpc.ServerOption{tracing}, server.Options()...)
	conn := serve(t, registered(&echo{}), traced, client.DialOptions()...)
	_, err = pb.NewTestServiceClient(conn).UnaryCall(context.WithValue(within(t), key{}, "client"), &pb.SimpleRequest{})
	require.NoError(t, err)

	var text strings.Builder
	_, err = reg.Expose(&text, engine.Exposition{Format: encode.OpenMetrics, NoSelf: true})
	require.NoError(t, err)
	for _, side := range []string{"server", "client"} {
		for _, name := range []string{"handled_total{", "handling_seconds_bucket{"} {
			exemplar := `(?m)^grpc_` + side + `_` + regexp.QuoteMeta(name) + `[^#]*# \{trace_id="` + side + `"\}`
			require.Regexp(t, exemplar, text.String())
		}
	}
}
