// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"unsafe"

	"github.com/quipu-metrics/quipu/shard"
)

// series is the part that all four metric types begin with.
type series struct {
	node shard.Node // must be the first field: see seriesOf
	fam  *family
}

// metric is any of the four metric types.
type metric interface {
	Counter | Gauge | Histogram | Summary
}

// seriesOf returns the metric that a node is the first field of. The map of a family knows nodes only; a family makes all
// its nodes in newSeries, as part of the metric type of its kind, so the conversion is to what the memory is. A pointer to
// a field keeps the whole object alive. (A test checks that the offsets are zero.)
func seriesOf[M metric](n *shard.Node) *M { return (*M)(unsafe.Pointer(n)) }
