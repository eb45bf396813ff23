// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"time"
)

// Run sends at once and then at every interval, until ctx is done. Then it sends the last values
// and ends all series with stale markers. If a send is under way when ctx is done, Run waits for it
// first, so that it does not arrive after them. The end takes at most 5 seconds, half of them for
// the send under way.
//
// Run blocks, so call it in a goroutine, and wait for that goroutine before the program ends. It
// returns the error of the last send, and nil if that has arrived, whatever happened to those
// before. An interval that is not positive is an error.
//
// If a send fails because the receiver cannot be reached or is overloaded, the next one comes
// sooner than a long interval, or later than a short one: after a wait that doubles from a second
// up to a minute, and that respects Retry-After. Run logs the first failure in a row, and the end
// of the row (see [WithLogger]). It does not make up for sends that were missed.
func (w *Writer) Run(ctx context.Context, interval time.Duration) error {
	if w.sender == nil {
		return errNotMade
	}
	return w.sender.Run(ctx, interval, w.send)
}
