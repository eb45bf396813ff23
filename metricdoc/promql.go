// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/quipu-metrics/quipu/encode"
)

// selector returns a selector of PromQL for the samples of a name, with further matchers.
func selector(name string, matchers ...string) string {
	if encode.ValidMetricName(name) {
		return name + braces(matchers)
	}
	return braces(append([]string{strconv.Quote(name)}, matchers...))
}

func braces(parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// labelInQuery returns the name of a label as PromQL writes it. Prometheus renames a label that is
// one of the target.
func labelInQuery(name string) string {
	if name = stored(name); encode.ValidLabelName(name) {
		return name
	}
	return strconv.Quote(name)
}

// stored returns the name under which Prometheus stores a label of a page.
func stored(name string) string {
	if name == "job" || name == "instance" {
		return "exported_" + name
	}
	return name
}

// inQuery returns the names of labels of pages as PromQL writes them.
func inQuery(labels []string) []string {
	names := make([]string, len(labels))
	for i, name := range labels {
		names[i] = labelInQuery(name)
	}
	return names
}

// sumBy returns the sum of a vector by labels, whose names are those of PromQL.
func sumBy(labels []string, vector string) string {
	if len(labels) == 0 {
		return "sum(" + vector + ")"
	}
	return fmt.Sprintf("sum by (%s) (%s)", strings.Join(labels, ", "), vector)
}

// legend returns the legend of series by labels.
func legend(labels ...string) string {
	parts := make([]string, len(labels))
	for i, name := range labels {
		parts[i] = "{{" + stored(name) + "}}"
	}
	return strings.Join(parts, " ")
}
