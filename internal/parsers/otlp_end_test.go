// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"context"
	"testing"
	"time"

	storageremote "github.com/prometheus/prometheus/storage/remote"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/otlp"
	"github.com/quipu-metrics/quipu/histogram"
)

// all asks for every series but the registry's own and the one that Prometheus makes of the
// resource.
const all = `{__name__!~"quipu_.*|target_info",__name__!=""}`

func TestSeriesThatGoEndAtOnceByOTLP(t *testing.T) {
	for _, strategy := range strategies {
		s := startServer(t, otlpHandler(strategy, storageremote.OTLPOptions{}))
		reg := engine.NewRegistry()
		c := engine.Must(reg.NewCounterVec("c_total", "", []string{"x"}))
		g := engine.Must(reg.NewGaugeVec("g_seconds", "", []string{"x"}, engine.WithUnit("seconds")))
		h := engine.Must(reg.NewHistogramVec("h", "", []string{"x"}, engine.WithBuckets(0.5, 1)))
		n := engine.Must(reg.NewHistogramVec("n", "", []string{"x"}, engine.WithNative(histogram.NativeDefaults())))
		q := engine.Must(reg.NewSummaryVec("q", "", []string{"x"}))
		for _, x := range []string{"goes", "stays"} {
			c.With(x).Inc()
			g.With(x).Set(1)
			h.With(x).Observe(1)
			n.With(x).Observe(1)
			q.With(x).Observe(1)
		}
		e, err := otlp.New(s.url, otlp.WithRegistry(reg), shop)
		require.NoError(t, err)
		require.NoError(t, e.Send(t.Context()))
		require.Len(t, s.ask(t, all), 2*(1+1+5+1+5))
		for _, deleted := range []bool{
			c.Delete("goes"), g.Delete("goes"), h.Delete("goes"), n.Delete("goes"), q.Delete("goes"),
		} {
			require.True(t, deleted)
		}
		require.NoError(t, e.Send(t.Context()))
		after := s.ask(t, all)
		require.Len(t, after, 1+1+5+1+5)
		for _, sample := range after {
			require.Equal(t, "stays", sample.Metric.Get("x"))
		}

		ended, cancel := context.WithCancel(t.Context())
		cancel()
		require.NoError(t, e.Run(ended, time.Hour))
		require.Empty(t, s.ask(t, all), "the program has ended")
	}
}

func TestASeriesThatExpiresGoesStaleAtOnceByOTLP(t *testing.T) {
	s := startServer(t, otlpHandler(strategies[0], storageremote.OTLPOptions{ConvertDelta: true}))
	reg := engine.NewRegistry()
	sessions := engine.Must(reg.NewGaugeVec("sessions", "", []string{"user"}, engine.WithExpiry(200*time.Millisecond)))
	clicks := engine.Must(reg.NewCounterVec("clicks_total", "", []string{"user"}))
	kept := sessions.With("kept")
	sessions.With("idle").Set(1)
	kept.Set(1)
	clicks.With("a").Inc()
	clicks.With("b").Inc()
	e, err := otlp.New(s.url, otlp.WithRegistry(reg), otlp.WithDelta(), shop)
	require.NoError(t, err)
	require.NoError(t, e.Send(t.Context()))
	require.Len(t, s.ask(t, "sessions"), 2)
	time.Sleep(300 * time.Millisecond)
	kept.Set(2)
	clicks.Delete("a")
	clicks.With("b").Inc()
	require.NoError(t, e.Send(t.Context()))
	after := s.ask(t, "sessions")
	require.Len(t, after, 1)
	require.Equal(t, 2.0, after[key("sessions", "user", "kept", "job", "shop")].F)
	sums := s.ask(t, "clicks_total")
	require.Equal(t, 1.0, sums[key("clicks_total", "user", "a", "job", "shop")].F, "it has no end in delta form")
	require.Equal(t, 2.0, sums[key("clicks_total", "user", "b", "job", "shop")].F)
}

// otlpLife sends a counter of a program that counts so much before each send. A program that ends
// itself sends the last values, and ends its series; otherwise it was killed.
func otlpLife(t *testing.T, url string, ends bool, counts ...float64) {
	reg := engine.NewRegistry()
	jobs := engine.Must(reg.NewCounter("jobs_total", "Jobs."))
	e, err := otlp.New(url, otlp.WithRegistry(reg), otlp.WithResource(engine.Labels{"service.name": "j"}))
	require.NoError(t, err)
	for _, n := range counts {
		time.Sleep(20 * time.Millisecond)
		jobs.Add(n)
		require.NoError(t, e.Send(t.Context()))
	}
	if ends {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		require.NoError(t, e.Run(ended, time.Hour))
	}
}

// What was counted before the first sample of all is unknown, as it is with scrapes.
func TestTheRateOfACounterIsRightOverARestartByOTLP(t *testing.T) {
	for _, ends := range []bool{true, false} {
		s := startServer(t, otlpHandler(strategies[0], storageremote.OTLPOptions{}))
		otlpLife(t, s.url, ends, 10, 30)
		otlpLife(t, s.url, false, 5, 20)
		require.InEpsilon(t, 30+5+20, s.increase(t, `jobs_total{job="j"}`), 0.02)
	}
}
