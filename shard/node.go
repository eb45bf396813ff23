// SPDX-License-Identifier: Apache-2.0

package shard

import "sync/atomic"

// Node is the part of a series that a Map uses. A metric type embeds it as its first field, and
// converts pointers to the Node into pointers to itself. Labels and Created are set before other
// goroutines can find the node, and never change.
type Node struct {
	// Labels is the text of all labels as a page shows it: escaped, and without braces. The Map
	// sets it.
	Labels string
	// Created is the time when the series was created, in an encoding of the caller. The Map does
	// not use it.
	Created uint32

	slot atomic.Uint32 // position in the roster, and flags; written under Map.mu
}

// flagEscaped marks series whose labels have escape sequences or quoted names. flagGone marks
// series that have been deleted. flagWithdrawn marks series that have expired: their position is
// one in withdrawn.entries.
const (
	flagEscaped   = 1 << 31
	flagGone      = 1 << 30
	flagWithdrawn = 1 << 29
	slotMask      = flagWithdrawn - 1
)

// Gone reports whether the series has been deleted from its map.
func (n *Node) Gone() bool { return n.slot.Load()&flagGone != 0 }

func (n *Node) escaped() bool { return n.slot.Load()&flagEscaped != 0 }
