// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/send"
	"github.com/quipu-metrics/quipu/internal/snappy"
)

// Writer sends the metrics of a registry to one receiver of remote write. Its methods may be called
// concurrently. One send is under way at a time, and the others wait for it.
type Writer struct {
	reg      *engine.Registry
	noSelf   bool // for tests, which do not expect the registry's own metrics
	encoding string
	compress func(dst, text []byte) []byte
	shown    string // the URL without secrets
	sender   *send.Sender

	// The rest belongs to the send under way.
	form     form
	gatherer gatherer
	clock    send.Clock
	refused  int // histograms that the receiver did not take in the send under way
	message  []byte
	symbols  symbols
}

// errNotMade is the error of a Writer without a receiver.
var errNotMade = errors.New("quipu: remote: this Writer was not made by New")

// New returns a Writer for a receiver, such as http://prometheus:9090/api/v1/write. A user name and
// a password in the URL are sent as basic auth. New sends nothing and starts no goroutine. It
// returns an error if the URL or an option cannot work.
func New(receiver string, opts ...Option) (*Writer, error) {
	w, err := newWriter(receiver, opts)
	if err != nil {
		return nil, fmt.Errorf("quipu: remote: %w", err)
	}
	return w, nil
}

func newWriter(receiver string, opts []Option) (*Writer, error) {
	u, err := send.ParseURL(receiver)
	if err != nil {
		return nil, err
	}
	c := &config{
		reg: engine.Default(), labels: engine.Labels{},
		encoding: "snappy", compress: new(snappy.Encoder).Append,
		settings: send.Settings{Retry: mayChange, KeepOpen: true, Dated: true},
	}
	for i, opt := range opts {
		if opt == nil {
			return nil, fmt.Errorf("option %d of %d is nil", i+1, len(opts))
		}
		if err := opt(c); err != nil {
			return nil, err
		}
	}
	words := send.Words{Package: "remote", Act: "send", Acting: "remote write"}
	sender, err := send.New(words, u, &c.settings)
	if err != nil {
		return nil, err
	}
	w := &Writer{
		reg: c.reg, encoding: c.encoding, compress: c.compress, shown: sender.String(), sender: sender,
		form: form{protocol: V2, auto: c.protocol == Auto, natives: true},
	}
	if c.protocol == V1 {
		w.form.protocol = V1
	}
	for _, name := range slices.Sorted(maps.Keys(c.labels)) {
		w.gatherer.more = append(w.gatherer.more, engine.Label{Name: name, Value: c.labels[name]})
	}
	return w, nil
}

// String returns the URL of the receiver, without user, password and query.
func (w *Writer) String() string { return "remote write to " + w.shown }

// LogValue returns the value of [Writer.String] for log/slog.
func (w *Writer) LogValue() slog.Value { return slog.StringValue(w.String()) }
