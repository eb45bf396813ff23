// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"slices"
	"strings"
)

// group is the families whose names begin with the same word.
type group struct {
	prefix   string
	families []*Family
}

// selfPrefix begins the names of the metrics that a registry has about itself.
const selfPrefix = "quipu"

// groups returns the families by the first words of their names, sorted. Those that a registry has
// about itself come last.
func (m *Metrics) groups() []group {
	var list []group
	places := map[string]int{} // in the list, by prefix
	for i := range m.Families {
		f := &m.Families[i]
		prefix := firstWord(f.Name)
		at, ok := places[prefix]
		if !ok {
			at = len(list)
			places[prefix] = at
			list = append(list, group{prefix: prefix})
		}
		list[at].families = append(list[at].families, f)
	}
	slices.SortFunc(list, func(a, b group) int {
		switch {
		case a.prefix == selfPrefix:
			return 1
		case b.prefix == selfPrefix:
			return -1
		}
		return strings.Compare(a.prefix, b.prefix)
	})
	return list
}

// firstWord returns what stands before the first underscore, colon or dot of a name.
func firstWord(name string) string {
	word, _, _ := strings.Cut(strings.TrimLeft(name, "_:."), "_")
	if end := strings.IndexAny(word, ":."); end > 0 {
		word = word[:end]
	}
	if word == "" {
		return name
	}
	return word
}
