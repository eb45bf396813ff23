// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// Where few requests are sampled, a program is known by its other spans to have spans.
func TestTheFirstSampledSpanAfterOthersIsAnExemplar(t *testing.T) {
	in := func(flags trace.TraceFlags) context.Context {
		return trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: flags,
		}))
	}
	reg := engine.NewRegistry()
	p, err := NewProvider(reg)
	require.NoError(t, err)
	c, err := p.Meter("m").Int64Counter("c")
	require.NoError(t, err)
	for range 1000 {
		c.Add(in(0), 1)
	}
	c.Add(in(trace.FlagsSampled), 1)
	var page strings.Builder
	_, err = reg.Expose(&page, engine.Exposition{Format: encode.OpenMetrics})
	require.NoError(t, err)
	require.Contains(t, page.String(), `trace_id="01000000000000000000000000000000"`)
}
