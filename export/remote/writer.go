// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/snappy"
)

// Writer sends the metrics of a registry to one receiver of remote write. Its methods may be called
// concurrently. One send is under way at a time, and the others wait for it.
type Writer struct {
	reg      *engine.Registry
	noSelf   bool // for tests, which do not expect the registry's own metrics
	timeout  time.Duration
	encoding string
	compress func(dst, text []byte) []byte
	post     func(ctx context.Context, body []byte, header http.Header) (http.Header, error)
	shown    string       // the URL without secrets
	logger   *slog.Logger // nil: slog.Default() at the time

	turn chan struct{} // of capacity 1; holds a value while a send is under way

	// The rest belongs to the send under way.
	form        form
	gatherer    gatherer
	now, before sent
	latest      int64 // the time of the last send
	message     []byte
	symbols     symbols
}

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
	u, err := parseURL(receiver)
	if err != nil {
		return nil, err
	}
	c := &config{
		reg: engine.Default(), labels: engine.Labels{}, header: http.Header{}, timeout: defaultTimeout,
		encoding: "snappy", compress: new(snappy.Encoder).Append,
	}
	if u.User != nil {
		c.auth, c.user = true, u.User.Username()
		c.password, _ = u.User.Password()
	}
	for i, opt := range opts {
		if opt == nil {
			return nil, fmt.Errorf("option %d of %d is nil", i+1, len(opts))
		}
		if err := opt(c); err != nil {
			return nil, err
		}
	}
	if c.auth && c.header.Get("Authorization") != "" {
		return nil, errors.New(`basic auth and WithHeader("Authorization") exclude each other`)
	}
	t := newTransport(c, u)
	w := &Writer{
		reg: c.reg, timeout: c.timeout, encoding: c.encoding, compress: c.compress, post: t.post, shown: t.shown,
		logger: c.logger, turn: make(chan struct{}, 1),
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

// parseURL parses the URL of a receiver. Its errors do not show it, because it may hold a password.
func parseURL(receiver string) (*url.URL, error) {
	u, err := url.Parse(receiver)
	switch {
	case err != nil:
		return nil, errors.New("the URL cannot be parsed (not shown, it may hold a password)")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("the URL must begin with http:// or https://")
	case u.Hostname() == "":
		return nil, errors.New("the URL has no host")
	}
	return u, nil
}

// deadline returns until when functions and collectors are waited for: a quarter of the time of the
// send, at most two seconds, is kept for what they do not need.
func (w *Writer) deadline(ctx context.Context) time.Time {
	at, _ := ctx.Deadline()
	left := time.Until(at)
	return at.Add(-min(left/4, 2*time.Second))
}

// String returns the URL of the receiver, without user, password and query.
func (w *Writer) String() string { return "remote write to " + w.shown }

// LogValue returns the value of [Writer.String] for log/slog.
func (w *Writer) LogValue() slog.Value { return slog.StringValue(w.String()) }

// lastTimeout bounds the end of Run. Programs that are told to stop usually have 10 or 30 seconds.
const lastTimeout = 5 * time.Second

// Run sends at once and then at every interval, until ctx is done. Then it sends the last values
// and ends all series with stale markers, for which it takes at most 5 seconds. A send that is
// under way when ctx is done is given up first, so its last request may still arrive after them.
//
// Run blocks, so call it in a goroutine, and wait for that goroutine before the program ends. It
// returns the error of the last send, and nil if that has arrived, whatever happened to those
// before. It logs the first failure in a row, and the end of the row (see [WithLogger]). An
// interval that is not positive is an error.
func (w *Writer) Run(ctx context.Context, interval time.Duration) error {
	if interval <= 0 {
		return fmt.Errorf("quipu: remote: Run: the interval %v is not positive", interval)
	}
	failures := 0
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	for ctx.Err() == nil {
		err := w.Send(ctx)
		switch {
		case ctx.Err() != nil: // the error is due to the end of ctx
		case err == nil && failures > 0:
			w.log().Info("quipu: remote write works again", "url", w.shown, "failures", failures)
			failures = 0
		case err != nil:
			if failures++; failures == 1 {
				w.log().Warn("quipu: remote write fails (further failures in a row are not logged)", "error", err)
			}
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
		}
	}
	last, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), lastTimeout, timeoutError(lastTimeout))
	defer cancel()
	return w.inTurn(last, func(ctx context.Context) error { return w.sendAll(ctx, true) })
}

func (w *Writer) log() *slog.Logger {
	if w.logger == nil {
		return slog.Default()
	}
	return w.logger
}

// timeoutError is the error of a send that has exceeded its time. It is context.DeadlineExceeded
// for errors.Is.
type timeoutError time.Duration

func (e timeoutError) Error() string        { return fmt.Sprintf("not done within %v", time.Duration(e)) }
func (e timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }
func (e timeoutError) Timeout() bool        { return true }
