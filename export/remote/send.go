// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quipu-metrics/quipu/engine"
)

// Send sends all metrics once, and stale markers for the series that have gone since the last send.
// It returns when everything has arrived, or has failed for good: a request that meets a network
// error, 429 or 5xx is repeated until ctx is done or the time of [WithTimeout] is over. The error
// says what did not arrive. One send is under way at a time, and others wait for it.
func (w *Writer) Send(ctx context.Context) error {
	return w.inTurn(ctx, func(ctx context.Context) error { return w.sendAll(ctx, false) })
}

// inTurn runs a send when it is its turn, with its time.
func (w *Writer) inTurn(ctx context.Context, send func(context.Context) error) error {
	if w.post == nil {
		return errors.New("quipu: remote: this Writer was not made by New")
	}
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return fmt.Errorf("quipu: remote: %w", context.Cause(ctx))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, w.timeout, timeoutError(w.timeout))
	defer cancel()
	return send(ctx)
}

// delivery is one send.
type delivery struct {
	w      *Writer
	ctx    context.Context
	now    int64 // the time of its samples
	failed []error
	lost   int // samples that did not arrive
	over   bool
}

// sendAll makes a send. The last one of a Writer ends all series.
func (w *Writer) sendAll(ctx context.Context, last bool) error {
	d := &delivery{w: w, ctx: ctx, now: w.tick()}
	g := &w.gatherer
	g.flush = d.flush
	g.batch.reset()
	g.sent = &w.now
	g.forget()
	d.walk()
	if !d.over && len(g.batch.series) > 0 {
		d.flush()
	}
	d.endGone()
	w.before, w.now = w.now, w.before
	if last && !d.over {
		d.now = w.tick()
		g.forget()
		d.endGone()
		w.before, w.now = w.now, w.before
	}
	return d.err()
}

// tick returns the time of a send in milliseconds. It is later than that of the send before,
// because a receiver refuses two values of a series for one time.
func (w *Writer) tick() int64 {
	w.latest = max(w.latest+1, time.Now().UnixMilli())
	return w.latest
}

// walk adds the series of the registry.
func (d *delivery) walk() {
	g := &d.w.gatherer
	for f := range d.w.reg.Read(engine.ReadOptions{NoSelf: d.w.noSelf, Deadline: d.w.deadline(d.ctx)}) {
		g.begin(f.Name(), f.Help(), f.Unit(), f.Type())
		for s := range f.Samples() {
			if !g.add(s) {
				return
			}
		}
	}
}

// endGone adds stale markers for series of the send before that this one does not have. Those that
// could not be sent, or that were not reached, stay on the list for the next send.
func (d *delivery) endGone() {
	g := &d.w.gatherer
	now, before := &d.w.now, &d.w.before
	for sh, labels := range before.all() {
		if g.seen.has(sh.name, labels) {
			continue
		}
		if d.over || !g.addStale(sh, labels) {
			now.add(now.shapeOf(sh), labels)
		}
	}
	if len(g.batch.series) > 0 && !d.over {
		d.flush()
	}
}

// flush sends the batch and empties it. It reports false when the send is over.
func (d *delivery) flush() bool {
	b := &d.w.gatherer.batch
	if err := d.deliver(b); err != nil {
		d.failed = append(d.failed, err)
		d.lost += len(b.series)
		d.over = d.ctx.Err() != nil || retriable(err)
	}
	b.reset()
	return !d.over
}

// deliver sends one batch until it has arrived or cannot arrive.
func (d *delivery) deliver(b *batch) error {
	for failures := 0; ; {
		again, err := d.w.attempt(d.ctx, b, d.now)
		switch {
		case err == nil:
			return nil
		case again: // in another form
			continue
		case !retriable(err):
			return err
		}
		failures++
		if !wait(d.ctx, err, failures) {
			return err
		}
	}
}

// maxShown is how many errors of one send are shown: the others are mostly the same.
const maxShown = 3

func (d *delivery) err() error {
	if len(d.failed) == 0 {
		return nil
	}
	shown := d.failed[:min(len(d.failed), maxShown)]
	return fmt.Errorf("quipu: remote: %d samples in %d batches did not arrive: %w",
		d.lost, len(d.failed), errors.Join(shown...))
}
