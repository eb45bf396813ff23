// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A scrape calls the function of every func metric on the registry's list. newFamily sets the
// function, and runs before the family is put on the list.
func TestAFuncMetricHasItsFunctionBeforeAScrapeCanSeeIt(t *testing.T) {
	fn := newRunner(func(*float64) {})
	d := definition{rules: &gaugeFuncRules, name: "g", supplier: function{}, fn: fn}
	f := newFamily(&NewRegistry().core, &gaugeFuncKind, d)
	require.Same(t, fn, f.fn.Load())
	require.Nil(t, f.def.fn, "a function that is replaced later is not kept")
}
