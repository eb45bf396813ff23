// SPDX-License-Identifier: Apache-2.0

package exemplars_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/quipu-metrics/quipu/contrib/otel/exemplars"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

// traced returns ctx with a sampled span, as a tracer does.
func traced(ctx context.Context) context.Context {
	return trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{0x4b, 0xf9}, SpanID: trace.SpanID{0x00, 0xf0}, TraceFlags: trace.FlagsSampled,
	}))
}

func ExampleFromContext() {
	reg := engine.NewRegistry(engine.WithClock(func() time.Time { return time.Unix(1, 0) }))
	orders := engine.Must(reg.NewCounter("orders_total", "Orders taken.", engine.WithExemplars(exemplars.FromContext)))
	orders.AddContext(traced(context.Background()), 1)
	if _, err := reg.Expose(os.Stdout, engine.Exposition{Format: encode.OpenMetrics, NoSelf: true}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// # HELP orders Orders taken.
	// # TYPE orders counter
	// orders_total 1 # {span_id="00f0000000000000",trace_id="4bf90000000000000000000000000000"} 1 1
	// # EOF
}

func ExampleFromContext_middleware() {
	reg := engine.NewRegistry()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(http.ResponseWriter, *http.Request) {})

	handler := export.Middleware(reg, export.WithExemplars(exemplars.FromContext))(mux)
	// In a program, otelhttp.NewHandler(handler, "server") puts the span into the context.
	request := httptest.NewRequest(http.MethodGet, "/users/7", nil)
	handler.ServeHTTP(httptest.NewRecorder(), request.WithContext(traced(context.Background())))

	var page strings.Builder
	if _, err := reg.Expose(&page, engine.Exposition{Format: encode.OpenMetrics}); err != nil {
		fmt.Println(err)
	}
	_, exemplar, _ := strings.Cut(page.String(), `code="200"} 1 # `)
	labels, _, _ := strings.Cut(exemplar, "}")
	fmt.Println(labels + "}")
	// Output: {span_id="00f0000000000000",trace_id="4bf90000000000000000000000000000"}
}
