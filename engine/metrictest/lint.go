// SPDX-License-Identifier: Apache-2.0

package metrictest

import (
	"maps"
	"slices"
	"testing"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/conventions"
)

// Lint checks the registry's metrics against the naming conventions of Prometheus, the same that
// "promtool check metrics" checks. It marks the test as failed for each breach and reports whether
// there was none. Families whose names are in except are not checked.
//
// Lint also checks metrics that have no series yet. Of open label sets it checks the labels in use.
func Lint(tb testing.TB, reg *engine.Registry, except ...string) bool {
	tb.Helper()
	labels := make(map[string][]string)
	for _, f := range gather(tb, reg) {
		labels[f.Name] = labelsInUse(f)
	}
	// The body of a range over a function is compiled as another function, which Helper does not
	// cover. Problems are therefore reported after the loop, with the line of the test.
	var problems []string
	for info := range reg.All() {
		if slices.Contains(except, info.Name) {
			continue
		}
		names := slices.Concat(info.Labels, slices.Collect(maps.Keys(info.Const)), labels[info.Name])
		for _, problem := range conventions.Breaches(info.Name, info.Type, info.Help, names) {
			// Several definitions of one name have the same problems.
			if problem = info.Name + ": " + problem; !slices.Contains(problems, problem) {
				problems = append(problems, problem)
			}
		}
	}
	for _, problem := range problems {
		tb.Errorf("%s", problem)
	}
	return len(problems) == 0
}

// labelsInUse returns the names of the labels of a family's series, without the le of a histogram
// and the quantile of a summary.
func labelsInUse(f Family) (names []string) {
	for _, s := range f.Samples {
		for name := range s.Labels {
			own := name == "le" && f.Type == "histogram" || name == "quantile" && f.Type == "summary"
			if !own && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
