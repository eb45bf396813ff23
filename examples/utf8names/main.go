// SPDX-License-Identifier: Apache-2.0

// Utf8names has metrics and labels with the names of OpenTelemetry, which have dots in them.
// Servers before Prometheus 3 read underscores in their place.
//
//	$ go run ./examples/utf8names
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
//	$ curl -s http://127.0.0.1:8000/metrics | grep 'messages.*="mail'
//	messaging_client_sent_messages_total{messaging_destination_name="mail"} 12
//
//	$ curl -s -H 'Accept: text/plain;version=1.0.0;escaping=allow-utf-8' \
//	    http://127.0.0.1:8000/metrics | grep 'messages.*="mail'
//	{"messaging.client.sent.messages_total","messaging.destination.name"="mail"} 12
package main

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/run"
)

var (
	registry = engine.NewRegistry(engine.WithUTF8Names())

	sent = engine.Must(registry.NewCounterVec("messaging.client.sent.messages_total", "Messages sent.",
		[]string{"messaging.destination.name"}))
	duration = engine.Must(registry.NewHistogram("messaging.client.operation.duration", "Time to send, in seconds.",
		engine.WithBuckets(0.05, 0.1, 0.2)))
)

func main() {
	run.Work(registry, func(ctx context.Context) {
		destinations := []string{"mail", "audit"}
		for i := 0; run.Pause(ctx, rand.N(100*time.Millisecond)); i++ {
			sent.With(destinations[i%len(destinations)]).Inc()
			duration.Observe(rand.Float64() / 4)
		}
	})
}
