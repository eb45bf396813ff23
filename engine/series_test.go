// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// seriesOf converts a pointer to the node into a pointer to the metric, so the node must be the
// first field.
func TestNodeIsTheFirstFieldOfEveryMetric(t *testing.T) {
	require.Zero(t, unsafe.Offsetof(series{}.node))
	require.Zero(t, unsafe.Offsetof(Counter{}.series))
	require.Zero(t, unsafe.Offsetof(Gauge{}.series))
	require.Zero(t, unsafe.Offsetof(Histogram{}.series))
	require.Zero(t, unsafe.Offsetof(Summary{}.series))
}
