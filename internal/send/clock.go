// SPDX-License-Identifier: Apache-2.0

package send

import "time"

// Clock tells the times of sends. The zero value is ready to use. It belongs to the turn under way.
type Clock struct{ latest int64 }

// Next returns the time of a send in milliseconds. It is later than that of the send before,
// because a receiver refuses two values of a series for one time.
func (c *Clock) Next() int64 {
	c.latest = max(c.latest+1, time.Now().UnixMilli())
	return c.latest
}
