// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestOptionsThatCannotWorkAreErrors(t *testing.T) {
	for name, opts := range map[string][]Option{
		"no registry":          {WithRegistry(nil)},
		"no client":            {WithClient(nil)},
		"no logger":            {WithLogger(nil)},
		"no time":              {WithTimeout(0)},
		"a colon":              {WithBasicAuth("a:b", "c")},
		"a header of ours":     {WithHeader("content-type", "x")},
		"no header name":       {WithHeader("a b", "x")},
		"a line":               {WithHeader("a", "x\ny")},
		"an attribute unnamed": {WithResource(engine.Labels{"": "x"})},
		"an invalid name":      {WithResource(engine.Labels{"\xff": "x"})},
		"an empty attribute":   {WithResource(engine.Labels{"a": ""})},
		"an invalid attribute": {WithResource(engine.Labels{"a": "\xff"})},
		"two credentials":      {WithBasicAuth("a", "b"), WithHeader("Authorization", "c")},
		"an option is nil":     {nil},
	} {
		_, err := New("http://r.example", opts...)
		require.ErrorContains(t, err, "quipu: otlp: ", name)
	}
	for _, receiver := range []string{"", "ftp://x", "http://", "http://user:se%cret@x", "r.example:4318"} {
		_, err := New(receiver)
		require.Error(t, err, receiver)
		require.NotContains(t, err.Error(), "cret")
	}
}

func TestAURLWithoutAPathGetsTheUsualOne(t *testing.T) {
	for from, want := range map[string]string{
		"http://c:4318":                        "http://c:4318/v1/metrics",
		"http://c:4318/":                       "http://c:4318/v1/metrics",
		"http://c:4318?x=1":                    "http://c:4318/v1/metrics",
		"http://p:9090/api/v1/otlp/a%2":        "",
		"http://p:9090/api/v1/otlp/v1/metrics": "http://p:9090/api/v1/otlp/v1/metrics",
		"http://me:secret@p/in%2Fgest/":        "http://p/in%2Fgest/",
	} {
		e, err := New(from)
		if want == "" {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, "OTLP to "+want, e.String())
	}
}

func TestRequestsHaveWhatOptionsSay(t *testing.T) {
	r := newReceiver(t)
	t.Setenv(serviceVariable, "shop")
	t.Setenv(resourceVariable, "zone=eu")
	reg, _ := counters(1)
	e := r.exporter(reg, WithHeader("X-Scope-OrgID", "team"), WithBasicAuth("me", "secret"),
		WithResource(engine.Labels{"service.instance.id": "7"}))
	require.NoError(t, e.Send(t.Context()))
	require.Equal(t, "/v1/metrics", r.path)
	require.Equal(t, "team", r.header.Get("X-Scope-Orgid"))
	require.Equal(t, "gzip", r.header.Get("Content-Encoding"))
	require.Equal(t, "application/x-protobuf", r.header.Get("Content-Type"))
	require.Equal(t, "Basic bWU6c2VjcmV0", r.header.Get("Authorization"))
	require.Equal(t, map[string]string{"service.name": "shop", "service.instance.id": "7", "zone": "eu"},
		r.stored[0].resource)

	e = r.exporter(reg, WithoutCompression())
	require.NoError(t, e.Send(t.Context()))
	require.Empty(t, r.header.Get("Content-Encoding"))
	require.Equal(t, r.stored[0].metrics[0].name, r.stored[1].metrics[0].name)
}

func TestAWrongVariableIsLogged(t *testing.T) {
	var log bytes.Buffer
	t.Setenv(resourceVariable, "not-to-be-shown")
	_, err := New("http://c:4318", WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	require.NoError(t, err)
	require.Contains(t, log.String(), resourceVariable)
	require.NotContains(t, log.String(), "not-to-be-shown")
}

func TestNoPrinterFindsASecretInAnExporter(t *testing.T) {
	const password, token = "pass-word", "token-token"
	e, err := New("http://me:"+password+"@c:4318/in?key="+token, WithHeader("X-Token", "Bearer "+token))
	require.NoError(t, err)
	var log strings.Builder
	text := slog.New(slog.NewTextHandler(&log, nil))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&log, verb+"\n", e)
		fmt.Fprintf(&log, verb+"\n", *e)
	}
	text.Info("sending", "exporter", e)
	require.Contains(t, log.String(), `msg=sending exporter="OTLP to http://c:4318/in"`)
	require.NotContains(t, log.String(), password)
	require.NotContains(t, log.String(), token)
	require.False(t, testkit.Reaches(e, password, token), "a dumper that follows pointers finds a secret")
}

func TestTheEndOfRunSendsTheLastValues(t *testing.T) {
	r := newReceiver(t)
	reg := engine.NewRegistry()
	g := engine.Must(reg.NewGauge("g", ""))
	g.Set(1)
	var log bytes.Buffer
	e := r.exporter(reg, WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- e.Run(ctx, time.Hour) }()
	require.Eventually(t, func() bool { _, n := r.values(); return n == 1 }, 10*time.Second, time.Millisecond)
	g.Set(9)
	cancel()
	require.NoError(t, <-ended)
	sums, points := r.values()
	require.Equal(t, 2, points)
	require.Equal(t, 10.0, sums["g{}"])
	first, last := r.stored[0].metrics[0].points[0], r.stored[1].metrics[0].points[0]
	require.Greater(t, last.time, first.time)
	require.Empty(t, log.String())
	require.Error(t, e.Run(t.Context(), 0))
}

func TestTheEndOfRunIsBoundedWhenTheReceiverHangs(t *testing.T) {
	release := make(chan struct{})
	r := newReceiver(t)
	r.fault = func(int, http.ResponseWriter) bool { <-release; return true }
	defer close(release)
	reg, _ := counters(1)
	e := r.exporter(reg, WithTimeout(50*time.Millisecond), WithLogger(slog.New(slog.DiscardHandler)))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- e.Run(ctx, time.Hour) }()
	cancel()
	select {
	case err := <-ended:
		require.ErrorIs(t, err, context.DeadlineExceeded)
	case <-time.After(20 * time.Second):
		t.Fatal("it does not end")
	}
}

func TestAnExporterThatNewDidNotMakeReturnsErrors(t *testing.T) {
	var e Exporter
	require.ErrorIs(t, e.Send(t.Context()), errNotMade)
	require.ErrorIs(t, e.Run(t.Context(), time.Second), errNotMade)
}
