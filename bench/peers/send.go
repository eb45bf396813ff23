// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"strconv"
	"time"
)

// Road is a way to send the series of a registry to a receiver: a library, a protocol, and how
// requests are compressed.
type Road struct {
	Library, Protocol, Compression string
	New                            func(receiver string) Sending // receiver is the URL of a [Receiver]
}

// Name is the name of the road in results.
func (r Road) Name() string { return r.Library + ", " + r.Protocol + ", " + r.Compression }

// The protocols. In a table, roads of the same protocol and compression stand side by side.
const (
	Remote1 = "remote write 1.0"
	Remote2 = "remote write 2.0"
	OTLP    = "OTLP"
)

// Roads returns all roads. client_golang's package brings no messages of remote write 1.0.
func Roads() []Road {
	return []Road{
		{"quipu", Remote1, "snappy", newQuipuRemote1},
		{"quipu", Remote2, "snappy", newQuipuRemote2},
		{"client_golang", Remote2, "snappy", newClientGolangRemote},
		{"quipu", OTLP, "gzip", newQuipuOTLP},
		{"otel", OTLP, "gzip", newOTelOTLP},
		{"quipu", OTLP, "none", newQuipuPlainOTLP},
		{"otel", OTLP, "none", newOTelPlainOTLP},
	}
}

// Sending is a registry and what sends it.
type Sending interface {
	// Fill makes counters and histograms with three labels and gives each of them a value. It
	// returns the update of one of the first counters, at most [Updated] of them.
	Fill(counters, histograms int) (update func(i int))

	// Send sends all series. It returns when the receiver has answered for all of them.
	Send(ctx context.Context) error

	// Close releases what would outlive the registry.
	Close()
}

const (
	// Updated is how many counters are updated while a send is under way.
	Updated = 1024

	// sendTimeout is enough for everybody.
	sendTimeout = 10 * time.Minute

	// perRequest is how many samples the requests of client_golang have, because its users have to
	// choose a number, and how many data points those of OpenTelemetry, which would send one
	// request otherwise and refuse to do so beyond 64 MiB. quipu has the same two numbers.
	perRequest       = 5_000
	pointsPerRequest = 10_000
)

// SamplesOf returns how many samples Prometheus makes of counters and of histograms with
// [DefaultBuckets].
func SamplesOf(counters, histograms int) int { return counters + histograms*(len(DefaultBuckets)+3) }

// The metrics that are sent.
const (
	sentCounter   = "http_requests_total"
	sentHistogram = "http_request_duration_seconds"
)

var sentLabels = []string{"host", "path", "code"}

// sendLabels returns the values of the labels of series i.
func sendLabels(i int) (host, path, code string) {
	return "host-" + strconv.Itoa(i%100), "/api/v1/items/" + strconv.Itoa(i), "200"
}

// sendValue returns the value of counter i.
func sendValue(i int) float64 { return float64(i * 7919 % 100_000) }

// fillCounters makes the counters, adds their values to them, and keeps the first ones.
func fillCounters[C any](n int, with func(host, path, code string) C, add func(C, float64)) (update func(i int)) {
	kept := make([]C, min(n, Updated))
	for i := range n {
		c := with(sendLabels(i))
		add(c, sendValue(i))
		if i < len(kept) {
			kept[i] = c
		}
	}
	return func(i int) { add(kept[i%len(kept)], 1) }
}

// fillHistograms makes the histograms, each of which observes ten values.
func fillHistograms[H any](n int, with func(host, path, code string) H, observe func(H, float64)) {
	values := Latencies()
	for i := range n {
		h := with(sendLabels(i))
		for k := range 10 {
			observe(h, values[(i+k)%len(values)])
		}
	}
}
