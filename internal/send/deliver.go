// SPDX-License-Identifier: Apache-2.0

package send

import (
	"context"
	"time"
)

// Deliver makes a request in a turn, and repeats it while its error is [Sender.Retriable]. The
// waits between repetitions double from 250 ms to 10 seconds, are random within their bounds, and
// are never shorter than the server asks. If the next wait would not end before ctx, or ctx ends
// while Deliver waits, it returns the last error.
func (s *Sender) Deliver(ctx context.Context, r Request) (*Answer, error) {
	for failures := 1; ; failures++ {
		answer, err := s.Send(ctx, r)
		if err == nil || !s.Retriable(err) {
			return answer, err
		}
		wait := betweenRequests.after(err, failures)
		if end, ok := ctx.Deadline(); ok && time.Until(end) <= wait {
			return nil, err
		}
		if sleep(ctx, wait); ctx.Err() != nil {
			return nil, err
		}
	}
}

// GatherUntil returns until when a turn should wait for functions and collectors. A quarter of its
// time, at most 2 seconds, remains for its requests. It returns the zero time if ctx has no
// deadline.
func GatherUntil(ctx context.Context) time.Time {
	end, ok := ctx.Deadline()
	if !ok {
		return time.Time{}
	}
	return end.Add(-min(time.Until(end)/4, 2*time.Second))
}
