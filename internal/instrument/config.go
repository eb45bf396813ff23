// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"net/http"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// Config holds the common options of [Middleware] and [RoundTripper]. The zero Config is the
// default.
type Config struct {
	ConstLabels     engine.Labels
	DurationBuckets []float64                // nil: the engine's default, or none if native
	Native          *histogram.NativeOptions // nil: classic buckets only
	Exemplars       func(context.Context) engine.Labels
	GroupCodes      bool // into 2xx and so on
	Labels          []Label
	Skip            func(*http.Request) bool // reports whether to leave a request out; nil: none is
}

// countOne increments a counter. If exemplars are wanted, the one in ctx may become the counter's.
func (c *Config) countOne(ctx context.Context, counter *engine.Counter) {
	if c.Exemplars == nil {
		counter.Inc()
		return
	}
	counter.AddContext(ctx, 1)
}

// ServerConfig holds the options of [Middleware]. The zero ServerConfig is the default.
type ServerConfig struct {
	Config
	ExcludedPaths      []string                   // not counted; nil: a default that depends on AioprometheusNames
	Route              func(*http.Request) string // nil: the request's Pattern
	AioprometheusNames bool
}

// excluded returns the set of paths whose requests are not counted.
func (c *ServerConfig) excluded() map[string]struct{} {
	paths := c.ExcludedPaths
	switch {
	case paths != nil:
	case c.AioprometheusNames:
		paths = []string{
			"/metrics", "/metrics/", "/docs", "/openapi.json", "/docs/oauth2-redirect", "/redoc", "/favicon.ico",
		}
	default:
		paths = []string{"/metrics"}
	}
	set := make(map[string]struct{}, len(paths))
	for _, path := range paths {
		set[path] = struct{}{}
	}
	return set
}
