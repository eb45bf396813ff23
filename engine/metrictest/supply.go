// SPDX-License-Identifier: Apache-2.0

package metrictest

import (
	"testing"

	"github.com/quipu-metrics/quipu/engine"
)

// OfCollector returns a registry for one test, as [NewRegistry] does, that has only the metrics of
// a collector: [Compare], [Get] and the other functions show what it emits. A collector that cannot
// be registered ends the test.
func OfCollector(tb testing.TB, c engine.Collector) *engine.Registry {
	tb.Helper()
	reg := NewRegistry(tb)
	if err := reg.Register(c); err != nil {
		tb.Fatal(err)
	}
	return reg
}

// OfSource returns a registry for one test, as [NewRegistry] does, that has only the families of a
// source. A series that the registry has to drop marks the test as failed, and so does an error of
// the source. A source that cannot be attached ends the test.
func OfSource(tb testing.TB, s engine.Source, options ...engine.AttachOption) *engine.Registry {
	tb.Helper()
	reg := NewRegistry(tb)
	if err := reg.Attach(s, options...); err != nil {
		tb.Fatal(err)
	}
	return reg
}
