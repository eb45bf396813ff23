// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"unsafe"

	"github.com/quipu-metrics/quipu/shard"
)

// seriesOf returns the metric that a node is the first field of. M is Counter, Gauge, Histogram or
// Summary. The map of a family knows nodes only; a family makes all its nodes with the newSeries of
// its kind, as part of the metric type of that kind, so the conversion is to the type that the
// memory has. A pointer to a field keeps the whole object alive. (A test checks that the offsets
// are zero.)
func seriesOf[M any](n *shard.Node) *M { return (*M)(unsafe.Pointer(n)) }

// lifeOf returns what a series of a metric with expiry has besides its value. A family with expiry
// makes all its nodes as part of a mortal.
func lifeOf[M any](n *shard.Node) *life { return &(*mortal[M])(unsafe.Pointer(n)).life }

// stringOf returns text as a string without copying it: the text must not change while the string
// is used.
func stringOf(text []byte) string { return unsafe.String(unsafe.SliceData(text), len(text)) }
