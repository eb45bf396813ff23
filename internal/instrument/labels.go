// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Every label has a closed set of values: whatever a client sends, the value is one that the
// program knows.

const (
	unmatchedRoute = "unmatched"
	otherValue     = "other"
)

// methods holds the values of the label method.
var methods = [...]string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	http.MethodConnect, http.MethodOptions, http.MethodTrace,
	otherValue,
}

const otherMethod = len(methods) - 1

// methodIndex returns the index into methods. Methods are case-sensitive: get is not GET.
func methodIndex(method string) int {
	switch method {
	case http.MethodGet, "": // a client's request without a method is a GET
		return 0
	case http.MethodHead:
		return 1
	case http.MethodPost:
		return 2
	case http.MethodPut:
		return 3
	case http.MethodPatch:
		return 4
	case http.MethodDelete:
		return 5
	case http.MethodConnect:
		return 6
	case http.MethodOptions:
		return 7
	case http.MethodTrace:
		return 8
	}
	return otherMethod
}

// splitPattern splits a pattern of http.ServeMux into its method, which is "" if it has none, and
// the rest. The rest of a string that is not a pattern is the whole string.
func splitPattern(pattern string) (method, rest string) {
	if i := strings.IndexAny(pattern, " \t"); i > 0 {
		rest := strings.TrimLeft(pattern[i:], " \t")
		if strings.Contains(rest, "/") && !strings.Contains(pattern[:i], "/") {
			return pattern[:i], rest
		}
	}
	return "", pattern
}

// routeLabel returns the value of the label route: a pattern without its method.
func routeLabel(pattern string) string {
	if pattern == "" {
		return unmatchedRoute
	}
	_, rest := splitPattern(pattern)
	return rest
}

// Label is a label with a function that takes its value from a request.
type Label struct {
	name   string
	value  func(*http.Request) string
	index  map[string]int
	values []string // the last one is otherValue, for all that are not in index
}

// NewLabel returns a label whose value is one of the given values, or "other".
func NewLabel(name string, value func(*http.Request) string, values []string) Label {
	l := Label{name: name, value: value, index: make(map[string]int, len(values))}
	for _, v := range values {
		if _, twice := l.index[v]; !twice && v != otherValue {
			l.index[v] = len(l.values)
			l.values = append(l.values, v)
		}
	}
	l.values = append(l.values, otherValue)
	return l
}

// HostLabel returns a label host, whose value is the host in the URL of a client's request.
func HostLabel(hosts []string) Label {
	return NewLabel("host", func(r *http.Request) string {
		if r.URL == nil {
			return "" // the transport refuses such a request
		}
		return r.URL.Host
	}, hosts)
}

func (l *Label) of(r *http.Request) int {
	if i, ok := l.index[l.value(r)]; ok {
		return i
	}
	return len(l.values) - 1
}

// maxCombinations bounds the product of the numbers of values of all Labels.
const maxCombinations = 1000

// labelSets numbers the combinations of a method and the values of Labels.
type labelSets struct{ labels []Label }

func newLabelSets(labels []Label) labelSets {
	n := 1
	for i, l := range labels {
		if n *= len(l.values); n > maxCombinations {
			panic(fmt.Sprintf("quipu: WithLabelFunc: over %d combinations of label values", maxCombinations))
		}
		if slices.ContainsFunc(labels[:i], func(other Label) bool { return other.name == l.name }) {
			panic(fmt.Sprintf("quipu: WithLabelFunc: label %q is there twice", l.name))
		}
	}
	return labelSets{labels}
}

func (s labelSets) count() int {
	n := len(methods)
	for i := range s.labels {
		n *= len(s.labels[i].values)
	}
	return n
}

// of returns the number of the combination of a method, given by its index, and the values that a
// request has. It is less than count.
func (s labelSets) of(method int, r *http.Request) int {
	n := method
	for i := range s.labels {
		n = n*len(s.labels[i].values) + s.labels[i].of(r)
	}
	return n
}

// values returns the values of a combination: the method, and those of the Labels in order.
func (s labelSets) values(n int) (method string, closed []string) {
	closed = make([]string, len(s.labels))
	for i := len(s.labels) - 1; i >= 0; i-- {
		values := s.labels[i].values
		closed[i] = values[n%len(values)]
		n /= len(values)
	}
	return methods[n], closed
}

func (s labelSets) names() []string {
	names := make([]string, len(s.labels))
	for i := range s.labels {
		names[i] = s.labels[i].name
	}
	return names
}
