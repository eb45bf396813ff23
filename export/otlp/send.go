// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"bytes"
	"context"
	"errors"
	"net/http"

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
	return e.send(ctx, false)
}

// send makes a send when it is its turn. The last one of Run ends all series.
func (e *Exporter) send(ctx context.Context, last bool) error {
	return e.sender.InTurn(ctx, http.MethodPost, func(ctx context.Context) error { return e.sendAll(ctx, last) })
}

// delivery is one send.
type delivery struct {
	e        *Exporter
	ctx      context.Context
	losses   send.Losses
	rejected *PartialError
	over     bool   // what is left cannot arrive in this send
	marked   *shape // of the metric that is open, if Mark has opened it
}

// sendAll makes a send.
func (e *Exporter) sendAll(ctx context.Context, last bool) error {
	d := &delivery{e: e, ctx: ctx, losses: e.sender.NewLosses()}
	g := &e.gatherer
	g.now, g.flush = e.clock.Next(), func() bool { d.Flush(); return !d.over }
	g.message.reset()
	d.walk()
	if !d.over {
		d.Flush()
	}
	if g.deltas != nil {
		if !d.over {
			g.deltas.endWalk()
		}
		g.deltas.before = g.now
	}
	g.gone.End(d, g.now)
	if last && !d.over {
		g.now = e.clock.Next()
		g.gone.End(d, g.now)
	}
	return d.err()
}

// walk adds the series of the registry.
func (d *delivery) walk() {
	g := &d.e.gatherer
	options := engine.ReadOptions{NoSelf: d.e.noSelf, Deadline: send.GatherUntil(d.ctx)}
	for f := range d.e.reg.Read(options) {
		g.begin(f.Name(), f.Help(), f.Unit(), f.Type())
		for s := range f.Samples() {
			if !g.add(s) {
				d.losses.AddFollowing()
				return
			}
		}
	}
}

// Flush sends the request and begins another. It reports whether the request has arrived.
func (d *delivery) Flush() (arrived bool) {
	g := &d.e.gatherer
	points := g.message.points
	if points == 0 {
		return true
	}
	arrived, err := d.deliver(g.message.finish())
	partial := (*PartialError)(nil)
	switch {
	case errors.As(err, &partial):
		d.reject(partial)
		arrived = partial.Rejected < int64(points) // what is rejected as a whole is part of the next delta
	case err != nil:
		d.over = d.losses.Add(d.ctx, err, points)
	}
	if g.deltas != nil {
		if arrived {
			g.deltas.commit()
		}
		g.deltas.drop()
	}
	g.message.reset()
	return arrived
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
		d.e.sender.Log().Warn("quipu: otlp: the receiver has stored everything, and warns", "message", warning)
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

// err returns the error of the send.
func (d *delivery) err() error {
	failed := d.losses.Err("data points", "requests")
	if d.rejected != nil {
		return errors.Join(failed, d.rejected)
	}
	return failed
}
