// SPDX-License-Identifier: Apache-2.0

package interleave

import (
	"os"
	"testing"
	"time"
)

// Scenario is a small concurrent program that uses the code under test.
type Scenario struct {
	Name string
	// Switches bounds the orders that are run: an order may switch so often from a thread that
	// could continue to another one. With 0 all orders are run. Deep is the bound in the long form
	// of the tests, if it is not 0.
	Switches, Deep int
	Setup          func(w *World)
}

// Run explores each scenario in a subtest. It fails when an order does.
func Run(t *testing.T, scenarios ...Scenario) {
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			o := options{Switches: s.Switches}
			if s.Deep > 0 && os.Getenv("QUIPU_LONG") != "" {
				o.Switches = s.Deep
			}
			begin := time.Now()
			result := explore(o, s.Setup)
			kind := "complete"
			if o.Switches > 0 {
				kind = "bounded"
			}
			t.Logf("%s: %d orders of up to %d steps, %s, in %.1f s", s.Name, result.Runs, result.Steps, kind,
				time.Since(begin).Seconds())
			if result.Fault != "" {
				t.Errorf("%s\nactors in this order: %v", result.Fault, result.Order)
			}
			if result.Runs < 2 && result.Fault == "" {
				t.Errorf("one order only: the scenario explores nothing")
			}
		})
	}
}
