// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"fmt"
	"regexp"
)

const (
	// mostValues is from how many values on a label is taken for unbounded. Routes, codes and
	// queues of a program are fewer.
	mostValues = 100

	// leastAlike is how many values must look like those of one event, such as a user's number. One
	// or two may be a version or an address of the program itself.
	leastAlike = 3
)

// shapes are patterns of values whose number grows without bound, in the order of the checks.
var shapes = []struct {
	name    string
	pattern *regexp.Regexp
}{
	{"UUIDs", regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)},
	{"mail addresses", regexp.MustCompile(`^[^@\s/]+@[^@\s/]+\.[^@\s/]+$`)},
	{"times", regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d`)},
	{"addresses with ports", regexp.MustCompile(`^(\d+\.\d+\.\d+\.\d+|\[[0-9a-fA-F:]+\]):\d+$`)},
	{"IP addresses", regexp.MustCompile(`^(\d+\.\d+\.\d+\.\d+|[0-9a-fA-F]{0,4}(:[0-9a-fA-F]{0,4}){4,7})$`)},
	{"URLs with queries", regexp.MustCompile(`^[^?\s]*/[^?\s]*\?[^=\s]+=`)},
	{"paths with numbers", regexp.MustCompile(`/\d+(/|$)`)},
	{"long numbers", regexp.MustCompile(`^\d{7,}$`)},
	{"hashes", regexp.MustCompile(`^(0x)?([0-9a-f]{16,}|[0-9A-F]{16,})$`)},
}

// unboundedLabels finds labels with very many values, or with values that look like those of one
// event. The labels of an info metric have one value for each version of a program, so they may
// look like anything.
func unboundedLabels(f *Family) (texts []string) {
	if kindOf(f.Type) == infoKind || isInfo(f.Name) {
		return nil
	}
	for _, name := range f.Labels {
		values := f.values(name)
		if len(values) > mostValues {
			texts = append(texts,
				fmt.Sprintf("the label %s has %d values: is their number bounded?", name, len(values)))
			continue
		}
		for _, shape := range shapes {
			alike, example := 0, ""
			for _, v := range values {
				if shape.pattern.MatchString(v) {
					alike++
					example = v
				}
			}
			if alike >= leastAlike {
				texts = append(texts, fmt.Sprintf("the label %s has values that look like %s, such as %q: "+
					"their number may grow without bound", name, shape.name, example))
				break
			}
		}
	}
	return texts
}

// values returns the values of a label that are not empty, each once, in the order of the series.
func (f *Family) values(label string) (list []string) {
	seen := map[string]bool{"": true}
	for i := range f.Series {
		if v := f.Series[i].valueOf(label); !seen[v] {
			seen[v] = true
			list = append(list, v)
		}
	}
	return list
}
