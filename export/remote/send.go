// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"
	"net/http"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/send"
)

// Send sends all metrics once, and stale markers for the series that have gone since the last send.
// It returns when everything has arrived, or has failed for good: a request that meets a network
// error, 429 or 5xx is repeated until ctx is done or the time of [WithTimeout] is over. The error
// says how many samples did not arrive. It is [ErrNatives] if only native histograms did not. One
// send is under way at a time, and others wait for it.
//
// A Send after the end of [Writer.Run] begins all series again, and leaves them without an end.
func (w *Writer) Send(ctx context.Context) error { return w.send(ctx, false) }

// send makes a send when it is its turn. The last one of Run ends all series.
func (w *Writer) send(ctx context.Context, last bool) error {
	if w.sender == nil {
		return errNotMade
	}
	return w.sender.InTurn(ctx, http.MethodPost, func(ctx context.Context) error { return w.sendAll(ctx, last) })
}

// delivery is one send.
type delivery struct {
	w      *Writer
	ctx    context.Context
	now    int64 // the time of its samples, in milliseconds
	losses send.Losses
	over   bool // what is left cannot arrive in this send
}

// sendAll makes a send.
func (w *Writer) sendAll(ctx context.Context, last bool) error {
	w.refused = 0
	d := &delivery{w: w, ctx: ctx, now: w.clock.Next(), losses: w.sender.NewLosses()}
	g := &w.gatherer
	g.flush = func() bool { d.Flush(); return !d.over }
	g.batch.reset()
	d.walk()
	if !d.over {
		d.Flush()
	}
	g.gone.End(d, d.now)
	if last && !d.over {
		d.now = w.clock.Next()
		g.gone.End(d, d.now)
	}
	if err := d.losses.Err("samples", "batches"); err != nil || w.refused == 0 {
		return err
	}
	return fmt.Errorf("quipu: remote: everything has arrived but %d histograms that have native buckets only: %w",
		w.refused, ErrNatives)
}

// walk adds the series of the registry.
func (d *delivery) walk() {
	g := &d.w.gatherer
	options := engine.ReadOptions{NoSelf: d.w.noSelf, Deadline: send.GatherUntil(d.ctx)}
	for f := range d.w.reg.Read(options) {
		g.begin(f.Name(), f.Help(), f.Unit(), f.Type())
		for s := range f.Samples() {
			if !g.add(s) {
				d.losses.AddFollowing()
				return
			}
		}
	}
}

// Flush sends the batch and empties it. It reports whether the batch has arrived.
func (d *delivery) Flush() bool {
	b := &d.w.gatherer.batch
	err := d.deliver(b)
	if err != nil {
		d.over = d.losses.Add(d.ctx, err, len(b.series))
	}
	b.reset()
	return err == nil
}

// deliver sends one batch until it has arrived or cannot arrive.
func (d *delivery) deliver(b *batch) error {
	for {
		if again, err := d.w.attempt(d.ctx, b, d.now); !again {
			return err
		}
	}
}
