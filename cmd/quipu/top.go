// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quipu-metrics/quipu/metricdoc"
)

func (p *program) top() func() error {
	t := &topper{program: p}
	p.flags.DurationVar(&t.interval, "interval", 2*time.Second, "`time` between two reads of the page")
	p.flags.IntVar(&t.count, "n", 0, "`number` of tables to print; 0 is no end on a terminal, and one elsewhere")
	p.flags.StringVar(&t.view.filter, "filter", "", "show series whose name and labels contain this `text`")
	return func() error {
		if t.interval <= 0 || t.count < 0 {
			fmt.Fprintln(p.errors, "quipu top: the interval must be above 0, and the number not below")
			return errUsage
		}
		var term terminal
		if p.terminal != nil && t.count == 0 {
			term = p.terminal()
		}
		if term == nil {
			return t.print()
		}
		return t.interact(term)
	}
}

// topper runs the command top.
type topper struct {
	*program
	view     view
	interval time.Duration
	count    int

	last    *metricdoc.Metrics // of the last read that worked
	at      time.Time          // of this read
	changes []metricdoc.Change
	failed  error // of the last read
}

// reading is the result of a read of the page.
type reading struct {
	metrics *metricdoc.Metrics
	at      time.Time
	err     error
}

func (t *topper) read() reading {
	m, err := t.metrics()
	return reading{m, time.Now(), err}
}

// take takes the result of a read. After one that has failed, the last changes stay.
func (t *topper) take(r reading) {
	if t.failed = r.err; r.err != nil {
		return
	}
	t.changes = metricdoc.Changes(t.last, r.metrics, r.at.Sub(t.at))
	t.last, t.at = r.metrics, r.at
}

// print prints tables one below the other. Each needs two reads, because rates are differences.
func (t *topper) print() error {
	if t.where == "-" {
		return errors.New("top reads the page again and again, so it needs a URL or a file")
	}
	for printed := 0; printed < max(t.count, 1); {
		r := t.read()
		if r.err != nil {
			return r.err
		}
		first := t.last == nil
		t.take(r)
		if !first {
			if err := t.program.print(strings.Join(t.view.table(t.changes, 0), "\n") + "\n\n"); err != nil {
				return err
			}
			if printed++; printed >= max(t.count, 1) {
				break
			}
		}
		select {
		case <-time.After(t.interval):
		case <-t.ctx.Done():
			return nil
		}
	}
	return nil
}

// Sequences that terminals know since the VT100 and xterm.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l" // another screen, and no cursor
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	home        = "\x1b[H"
	clearLine   = "\x1b[K"
	clearBelow  = "\x1b[J"
)

// interact shows a table that changes, until the key q or the end of the context. However it ends,
// the terminal is as it was before.
//
// One goroutine reads keys, and at most one reads the page. Both send what they have read; nothing
// else is shared. A read that hangs does not hold up keys.
func (t *topper) interact(term terminal) error {
	if t.where == "-" {
		return errors.New("top reads the page again and again, so it needs a URL or a file")
	}
	restore, err := term.open()
	if err != nil {
		return fmt.Errorf("the terminal: %w", err)
	}
	defer restore()
	if err := t.program.print(enterScreen); err != nil {
		return err
	}
	defer func() { _ = t.program.print(leaveScreen) }() // an error leaves nothing to be done
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	t.program.ctx = ctx // a read of the page that is under way ends
	keys := term.keys(ctx)
	readings := make(chan reading, 1)
	begin := func() { go func() { readings <- t.read() }() }
	begin()
	ticks := time.NewTimer(t.interval)
	ticks.Stop() // until the read has ended
	defer ticks.Stop()
	for {
		if err := t.draw(term); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case key, ok := <-keys:
			if !ok || t.view.key(key) {
				return nil
			}
		case r := <-readings:
			t.take(r)
			ticks.Reset(t.interval)
		case <-ticks.C:
			begin() // no read is under way, because the timer is set after one
		}
	}
}

// draw shows the table, as much as there is room for.
func (t *topper) draw(term terminal) error {
	lines, width := term.size()
	var b strings.Builder
	b.WriteString(home)
	shown := t.view.table(t.changes, width)
	room := max(lines-2, 1)
	more := len(shown) - room
	for _, line := range shown[:min(len(shown), room)] {
		b.WriteString(line + clearLine + "\r\n")
	}
	status := t.view.status()
	switch {
	case t.failed != nil:
		failed := strings.Join(strings.Fields(fmt.Sprintf("%.300s", t.failed)), " ")
		status = "error: " + printable(failed) + "  " + status
	case t.last == nil:
		status = "reading...  " + status
	case more > 0:
		status += fmt.Sprintf("  (%d more)", more)
	}
	b.WriteString(clearBelow + strings.TrimRight(fit(status, width), " ") + clearLine)
	return t.program.print(b.String())
}
