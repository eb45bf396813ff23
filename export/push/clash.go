// SPDX-License-Identifier: Apache-2.0

package push

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/quipu-metrics/quipu/engine"
)

// ErrLabel is wrapped by the error of a push if a metric has a label with the name of a label of
// the group. The server would overwrite it in every series and report success.
var ErrLabel = errors.New("label of the group")

// ErrEscaped is wrapped by the error of a push that has arrived without some metrics or series:
// their names become those of others when they are escaped, as names that are no identifiers have
// to be. The error names the metrics.
var ErrEscaped = errors.New("some names become equal when they are escaped")

// leftOut gathers the names of metrics that a page leaves out, wholly or in part.
type leftOut map[string]bool

// shownNames bounds how many names an error shows.
const shownNames = 10

// err returns the error of a page that has arrived without these metrics, or nil if there are none.
func (l leftOut) err() error {
	if len(l) == 0 {
		return nil
	}
	names := slices.Sorted(maps.Keys(l))
	more := ""
	if n := len(names) - shownNames; n > 0 {
		names, more = names[:shownNames], fmt.Sprintf(" and %d more", n)
	}
	return fmt.Errorf("quipu: push: %w: the page has arrived without all or some series of %q%s: rename them",
		ErrEscaped, names, more)
}

func clash(metric, name string) error {
	return fmt.Errorf("quipu: push: %w: %s has the label %s, which the server would overwrite: rename one of them",
		ErrLabel, metric, name)
}

// shownName returns the name of a label on the pushed page.
func shownName(name string) string { return escaping.LabelName(name) }

// checkDeclared checks the labels in the definitions of the metrics.
func checkDeclared(reg *engine.Registry, labels []label) error {
	for metric := range reg.All() {
		names := slices.AppendSeq(metric.Labels, maps.Keys(metric.Const))
		for _, l := range labels {
			if slices.ContainsFunc(names, func(name string) bool { return shownName(name) == l.name }) {
				return clash(metric.Name, l.name)
			}
		}
	}
	return nil
}

// checkPage checks the labels in a page in text format, because the definitions do not show those
// of open label sets. (In protobuf these are not checked.) It does not parse the page but searches
// for name=" after a brace or a comma, which is faster by far. A match is a label, unless it is in
// a comment or within a value.
func checkPage(page []byte, labels []label) error {
	for _, l := range labels {
		wanted := []byte(l.name + `="`)
		for at := 0; ; {
			i := bytes.Index(page[at:], wanted)
			if i < 0 {
				break
			}
			i += at
			at = i + len(wanted)
			begin := bytes.LastIndexByte(page[:i], '\n') + 1
			line := page[begin:]
			if line[0] == '#' {
				at += max(bytes.IndexByte(page[at:], '\n'), 0)
				continue
			}
			if before := page[max(i-1, 0)]; (before == '{' || before == ',') && !inValue(page[begin:i]) {
				metric, _, _ := bytes.Cut(line, []byte("{"))
				return clash(string(metric), l.name)
			}
		}
	}
	return nil
}

// inValue reports whether line, the beginning of a sample's line, ends within a label value.
func inValue(line []byte) bool {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		}
	}
	return quoted
}
