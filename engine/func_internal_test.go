// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
)

// newFamily comes before the family is on the registry's list, and a scrape that meets a func metric without its function
// would have nothing to call.
func TestAFuncMetricHasItsFunctionBeforeAScrapeCanSeeIt(t *testing.T) {
	fn := newRunner(func(*run) {})
	f := newFamily(NewRegistry(), definition{kind: encode.Gauge, name: "g", callback: true, fn: fn})
	require.Same(t, fn, f.fn.Load())
	require.Nil(t, f.def.fn, "a function that is replaced later is not kept")
}
