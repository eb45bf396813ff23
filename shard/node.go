// SPDX-License-Identifier: Apache-2.0

package shard

import "sync/atomic"

// Node is what a Map knows of a series. A metric type embeds it as its first field and converts
// between pointers to the two. Labels and Born are set before the node is published and never
// change.
type Node struct {
	// Labels is the text of all labels as a page shows it, escaped and without braces. The Map sets
	// it.
	Labels string
	// Born is when the series was created, in an encoding of the caller's.
	Born uint32

	slot atomic.Uint32 // position in the roster and the flags; written under Map.mu
}

// flagEscaped marks labels with escape sequences in them, flagGone series that have been deleted.
const (
	flagEscaped = 1 << 31
	flagGone    = 1 << 30
	slotMask    = flagGone - 1
)

// Gone reports whether the series has been deleted from its map.
func (n *Node) Gone() bool { return n.slot.Load()&flagGone != 0 }

func (n *Node) escaped() bool { return n.slot.Load()&flagEscaped != 0 }
