// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/send"
)

// errNotMade is the error of an Exporter without a receiver.
var errNotMade = errors.New("quipu: otlp: this Exporter was not made by New")

// Send sends all metrics once. It returns when everything has arrived, or has failed for good: a
// request that meets a network error, 429, 502, 503 or 504 is repeated until ctx is done or the
// time of [WithTimeout] is over. The error says how many data points did not arrive or were
// rejected. One send is under way at a time, and others wait for it.
func (e *Exporter) Send(ctx context.Context) error {
	if e.sender == nil {
		return errNotMade
	}
	return e.sender.InTurn(ctx, http.MethodPost, e.sendAll)
}

// delivery is one send.
type delivery struct {
	e        *Exporter
	ctx      context.Context
	failed   []error // of requests that did not arrive
	lost     int     // data points of these requests
	rejected *PartialError
	over     bool
	cut      bool // there were more series
}

// sendAll makes a send.
func (e *Exporter) sendAll(ctx context.Context) error {
	d := &delivery{e: e, ctx: ctx}
	g := &e.gatherer
	g.now, g.flush = e.tick(), d.flush
	g.message.reset()
	d.walk()
	if !d.over && g.message.points > 0 {
		d.flush()
	}
	if g.deltas != nil {
		if !d.over {
			g.deltas.endWalk()
		}
		g.deltas.before = g.now
	}
	return d.err()
}

// tick returns the time of a send in milliseconds. It is later than that of the send before,
// because a receiver refuses two values of a series for one time.
func (e *Exporter) tick() int64 {
	e.latest = max(e.latest+1, time.Now().UnixMilli())
	return e.latest
}

// walk adds the series of the registry.
func (d *delivery) walk() {
	g := &d.e.gatherer
	options := engine.ReadOptions{NoSelf: d.e.noSelf, Deadline: send.GatherUntil(d.ctx)}
	for f := range d.e.reg.Read(options) {
		g.begin(f.Name(), f.Help(), f.Unit(), f.Type())
		for s := range f.Samples() {
			if !g.add(s) {
				d.cut = true
				return
			}
		}
	}
}

// flush sends the request and begins another. It reports false when the send is over.
func (d *delivery) flush() bool {
	g := &d.e.gatherer
	points := g.message.points
	arrived, err := d.deliver(g.message.finish())
	partial := (*PartialError)(nil)
	switch {
	case errors.As(err, &partial):
		d.reject(partial)
		arrived = partial.Rejected < int64(points) // what is rejected as a whole is part of the next delta
	case err != nil:
		d.failed = append(d.failed, err)
		d.lost += points
		d.over = d.ctx.Err() != nil || d.e.sender.Retriable(err)
	}
	if g.deltas != nil {
		if arrived {
			g.deltas.commit()
		}
		g.deltas.drop()
	}
	g.message.reset()
	return !d.over
}

// deliver sends one request. It has arrived if the receiver has stored it, but for what it rejects.
func (d *delivery) deliver(body []byte) (arrived bool, err error) {
	// The transport may still read the body after it has returned the answer, so each request has
	// one of its own.
	r := send.Request{Method: http.MethodPost, Header: http.Header{"Content-Type": {"application/x-protobuf"}}}
	if zip := d.e.zip; zip == nil {
		r.Body = bytes.Clone(body)
	} else {
		var out bytes.Buffer
		zip.Reset(&out)
		_, _ = zip.Write(body) // neither fails, because a buffer does not
		_ = zip.Close()
		r.Body = out.Bytes()
		r.Header.Set("Content-Encoding", "gzip")
	}
	answer, err := d.e.sender.Deliver(d.ctx, r)
	if err != nil {
		return false, err
	}
	warning, err := read(answer, d.e.sender.Quote)
	if warning != "" {
		d.e.log().Warn("quipu: otlp: the receiver has stored everything, and warns", "message", warning)
	}
	return err == nil || !errors.Is(err, ErrAnswer), err
}

// reject adds up what receivers have rejected. The texts are mostly the same, so the first remains.
func (d *delivery) reject(e *PartialError) {
	if d.rejected == nil {
		d.rejected = e
		return
	}
	d.rejected.Rejected += e.Rejected
}

// maxShown is how many errors of one send are shown: the others are mostly the same.
const maxShown = 3

func (d *delivery) err() error {
	var failed error
	if len(d.failed) > 0 {
		rest := ""
		if d.cut {
			rest = ", and what comes after them was not sent"
		}
		failed = fmt.Errorf("quipu: otlp: %d data points in %d requests did not arrive%s: %w",
			d.lost, len(d.failed), rest, errors.Join(d.failed[:min(len(d.failed), maxShown)]...))
	}
	if d.rejected != nil {
		return errors.Join(failed, d.rejected)
	}
	return failed
}
