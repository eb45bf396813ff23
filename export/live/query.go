// SPDX-License-Identifier: Apache-2.0

package live

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/quipu-metrics/quipu/engine"
)

// labelUse says how a label of a metric is used.
type labelUse struct {
	Name   string     `json:"name"`
	Values int        `json:"values"` // how many different ones
	Top    []valueUse `json:"top"`    // those with the most series
}

// valueUse is a label value and the number of series that have it.
type valueUse struct {
	Value  string `json:"value"`
	Series int    `json:"series"`
}

const maxTop = 10

// labelsOf counts the label values of a metric.
func labelsOf(reg *engine.Registry, name string) []labelUse {
	counts := map[string]map[string]int{}
	for f := range reg.Read(engine.ReadOptions{Names: []string{name}}) {
		for s := range f.Samples() {
			for _, l := range s.Labels() {
				values := counts[l.Name]
				if values == nil {
					values = map[string]int{}
					counts[strings.Clone(l.Name)] = values
				}
				if n, ok := values[l.Value]; ok {
					values[l.Value] = n + 1
				} else {
					values[strings.Clone(l.Value)] = 1
				}
			}
		}
	}
	uses := []labelUse{}
	for _, label := range slices.Sorted(maps.Keys(counts)) {
		uses = append(uses, labelUse{label, len(counts[label]), topOf(counts[label])})
	}
	return uses
}

// topOf returns the values with the most series.
func topOf(counts map[string]int) []valueUse {
	top := make([]valueUse, 0, len(counts))
	for value, n := range counts {
		top = append(top, valueUse{value, n})
	}
	slices.SortFunc(top, func(a, b valueUse) int {
		return cmp.Or(cmp.Compare(b.Series, a.Series), cmp.Compare(a.Value, b.Value))
	})
	return top[:min(len(top), maxTop)]
}

// hit is a series that a search has found.
type hit struct {
	Metric string      `json:"metric"`
	Labels [][2]string `json:"labels"`
}

const maxHits = 200

// found is the result of a search.
type found struct {
	Hits []hit `json:"hits"`
	More bool  `json:"more"` // there are more than the hits
}

// find returns series that have a label value with a text in it, whatever the case.
func find(reg *engine.Registry, text string) found {
	result := found{Hits: []hit{}}
	text = strings.ToLower(text)
	if text == "" {
		return result
	}
	for f := range reg.Read(engine.ReadOptions{}) {
		for s := range f.Samples() {
			if !slices.ContainsFunc(s.Labels(), func(l engine.Label) bool { return contains(l.Value, text) }) {
				continue
			}
			if len(result.Hits) == maxHits {
				result.More = true
				return result
			}
			h := hit{Metric: strings.Clone(f.Name())}
			for _, l := range cloneLabels(s.Labels()) {
				h.Labels = append(h.Labels, [2]string{l.Name, l.Value})
			}
			result.Hits = append(result.Hits, h)
		}
	}
	return result
}

// contains reports whether a text contains another one, whatever the case. The other one is in
// lower case.
func contains(text, lower string) bool { return strings.Contains(strings.ToLower(text), lower) }
