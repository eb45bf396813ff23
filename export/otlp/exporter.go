// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/pagezip"
	"github.com/quipu-metrics/quipu/internal/send"
)

// Exporter sends the metrics of a registry to one receiver of OTLP. Its methods may be called
// concurrently. One send is under way at a time, and the others wait for it.
type Exporter struct {
	reg    *engine.Registry
	noSelf bool   // for tests, which do not expect the registry's own metrics
	shown  string // the URL without secrets
	sender *send.Sender

	// The rest belongs to the send under way.
	zip      *pagezip.Writer // nil if requests are not compressed
	gatherer gatherer
	clock    send.Clock
}

// New returns an Exporter for a receiver, such as http://collector:4318. A URL without a path gets
// /v1/metrics, which is the usual one; a URL with a path is used as it is. A user name and a
// password in the URL are sent as basic auth. New sends nothing and starts no goroutine. It returns
// an error if the URL or an option cannot work.
func New(receiver string, opts ...Option) (*Exporter, error) {
	e, err := newExporter(receiver, opts)
	if err != nil {
		return nil, fmt.Errorf("quipu: otlp: %w", err)
	}
	return e, nil
}

func newExporter(receiver string, opts []Option) (*Exporter, error) {
	u, err := send.ParseURL(receiver)
	if err != nil {
		return nil, err
	}
	c := &config{reg: engine.Default(), resource: engine.Labels{}}
	c.settings.Retry, c.settings.KeepOpen, c.settings.Dated = isBusy, true, true
	for i, opt := range opts {
		if opt == nil {
			return nil, fmt.Errorf("option %d of %d is nil", i+1, len(opts))
		}
		if err := opt(c); err != nil {
			return nil, err
		}
	}
	words := send.Words{Package: "otlp", Act: "send", Acting: "sending by OTLP"}
	sender, err := send.New(words, target(u), &c.settings)
	if err != nil {
		return nil, err
	}
	e := &Exporter{reg: c.reg, shown: sender.String(), sender: sender}
	resource, warning := resourceOf(c.resource, os.Getenv, os.Args[0])
	if warning != nil {
		sender.Log().Warn("quipu: otlp: a variable of the environment is wrong", "error", warning)
	}
	e.gatherer.message = message{resource: appendResource(nil, resource), delta: c.delta}
	if c.delta {
		e.gatherer.deltas = newDeltas(time.Now().UnixMilli())
	}
	if !c.plain {
		e.zip = pagezip.NewWriter(nil)
	}
	return e, nil
}

// target returns the URL of the requests.
func target(u *url.URL) *url.URL {
	to := *u
	if to.Path == "" || to.Path == "/" {
		to.Path, to.RawPath = "/v1/metrics", ""
	}
	return &to
}

// String returns the URL of the requests, without user, password and query.
func (e *Exporter) String() string { return "OTLP to " + e.shown }

// LogValue returns the value of [Exporter.String] for log/slog.
func (e *Exporter) LogValue() slog.Value { return slog.StringValue(e.String()) }

// Run sends at once and then at every interval, until ctx is done. Then it sends the last values
// and ends all series. If a send is under way when ctx is done, Run waits for it first. The end
// takes at most 5 seconds, half of them for the send under way.
//
// Run blocks, so call it in a goroutine, and wait for that goroutine before the program ends. It
// returns nil if the last send has arrived, whatever happened to those before, and otherwise its
// error. An interval that is not positive is an error.
//
// If a send fails because the receiver cannot be reached or is overloaded, the next one comes
// sooner than the interval if that is long: after a wait that doubles from a second up to a minute,
// and that respects Retry-After. Run logs the first failure in a row, and the end of the row (see
// [WithLogger]).
func (e *Exporter) Run(ctx context.Context, interval time.Duration) error {
	if e.sender == nil {
		return errNotMade
	}
	return e.sender.Run(ctx, interval, e.send)
}
