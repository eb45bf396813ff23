// SPDX-License-Identifier: Apache-2.0

package send

import (
	"context"
	"fmt"
	"strings"
)

// maxShown is how many errors of one turn are shown: the others are mostly the same.
const maxShown = 3

// Losses are the requests of one turn that did not arrive.
type Losses struct {
	sender    *Sender
	lost      int // in the units of the package, such as samples
	requests  int
	errors    []error
	following bool
}

// NewLosses returns the losses of a turn, which are none yet.
func (s *Sender) NewLosses() Losses { return Losses{sender: s} }

// Add adds a request that has failed for good, and how much was lost with it. It reports whether
// the turn is over, because nothing else can arrive either: the context has ended, or the same
// request might still arrive, but not in this turn.
func (l *Losses) Add(ctx context.Context, err error, lost int) (over bool) {
	l.lost += lost
	l.requests++
	over = ctx.Err() != nil || l.sender.Retriable(err)
	if over {
		// It decides when Run sends again, so it comes first, and is among those that are shown.
		l.errors = append([]error{err}, l.errors...)
	} else {
		l.errors = append(l.errors, err)
	}
	l.errors = l.errors[:min(len(l.errors), maxShown)]
	return over
}

// AddFollowing adds everything that was not sent because the turn was over.
func (l *Losses) AddFollowing() { l.following = true }

// Err returns the error of the turn, or nil if nothing was lost. units and requests are what the
// package calls them, as in "samples" and "batches".
func (l *Losses) Err(units, requests string) error {
	if l.requests == 0 {
		return nil
	}
	prefix := "quipu: " + l.sender.words.Package + ": "
	text := fmt.Sprintf("%s%d %s in %d %s did not arrive", prefix, l.lost, units, l.requests, requests)
	if l.following {
		text += ", and what comes after them was not sent"
	}
	var lines []string
	for _, err := range l.errors {
		lines = append(lines, strings.TrimPrefix(err.Error(), prefix))
	}
	return &lossError{text + ": " + strings.Join(lines, "\n"), l.errors}
}

// lossError is the error of a turn: a summary, and the errors of its requests, in a line each.
type lossError struct {
	text     string
	requests []error
}

func (e *lossError) Error() string   { return e.text }
func (e *lossError) Unwrap() []error { return e.requests }
