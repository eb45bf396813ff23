// SPDX-License-Identifier: Apache-2.0

package push

import (
	"context"
	"net/http"
	"time"
)

// Run pushes at once and then at every interval, until ctx is done. Then it pushes once more, so
// that the last values are not lost. If a push is under way when ctx is done, Run waits for it
// first, so that it does not arrive after the last one. The end takes at most 5 seconds, half of
// them for the push under way.
//
// Run blocks, so call it in a goroutine, and wait for that goroutine before the program ends. It
// returns nil if the last push has arrived, whatever happened to those before, and otherwise the
// error of the last push, which may be [ErrEscaped]. It also returns an error if the push before
// the last one was given up without an answer, because the server may still process it and replace
// the last values. An interval that is not positive is an error.
//
// Run pushes as [Pusher.Replace] does. So no other process should use the group: add an instance to
// the grouping labels. With [WithPath] it pushes as [Pusher.Add] does.
//
// If the server cannot be reached, or answers 5xx or 429, Run tries again with a new page. The
// first wait is at most a second, and further waits double up to a minute. They are random within
// their bounds, so that processes that lost the server at the same time do not return at the same
// time. Run respects a Retry-After of up to 5 minutes. After other failures, which would occur
// again, it waits for the next interval. It logs the first failure in a row, and the end of the row
// (see [WithLogger]). It does not repeat pushes that were missed.
func (p *Pusher) Run(ctx context.Context, interval time.Duration) error {
	method := http.MethodPut
	if p.custom {
		method = http.MethodPost
	}
	return p.sender.Run(ctx, interval, func(ctx context.Context, _ bool) error { return p.push(ctx, method) })
}
