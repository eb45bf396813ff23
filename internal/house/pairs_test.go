// SPDX-License-Identifier: Apache-2.0

package house

import (
	"path"
	"strings"
	"testing"
)

// crossCutting are the names that files of tests may have in any package without a source of the
// name, each with what such a file has tests of.
var crossCutting = map[string]string{
	"alloc":     "calls that allocate nothing",
	"bench":     "benchmarks of several files",
	"contract":  "promises of the whole package",
	"example":   "examples of several files",
	"explore":   "every interleaving of some steps, with the tag explore",
	"fuzz":      "fuzz targets of several files",
	"golden":    "pages byte for byte",
	"helpers":   "nothing: what several tests need",
	"pinned":    "what must not happen while a goroutine is pinned",
	"race":      "nothing: whether the race detector is on",
	"scenarios": "certain orders of steps of several goroutines",
	"stress":    "many goroutines that do everything at once",
}

// crossCuttingHere are names that one package has.
var crossCuttingHere = map[string]string{
	"engine/churn":      "series that expire and come back while they are read",
	"engine/concurrent": "updates, lookups, scrapes and deletes at once",
	"engine/cost":       "updates with an option against updates without it",
	"engine/inline":     "hot functions that the compiler inlines",
	"engine/pressure":   "memory that the collector takes back",
	"export/live/cost":  "what a page that is open costs",
	"quantile/accuracy": "the rank error of logs, windows and streams together",
}

// TestTestsStandBesideTheirSources wants a source counter.go for counter_test.go and for
// counter_network_test.go, or the name of the package, or one of the names above. Packages that are
// nothing but tests have no sources.
func TestTestsStandBesideTheirSources(t *testing.T) {
	sources, withSources := map[string]bool{}, map[string]bool{}
	var tests []string
	for _, f := range goFiles(t) {
		switch {
		case f.isTest():
			tests = append(tests, path.Join(f.dir, strings.TrimSuffix(f.name, "_test.go")))
		case f.name != "doc.go":
			sources[path.Join(f.dir, strings.TrimSuffix(f.name, ".go"))] = true
			withSources[f.dir] = true
		}
	}
	used := map[string]bool{}
	for _, test := range tests {
		dir := path.Dir(test)
		if !withSources[dir] || hasPart(test, func(name string) bool {
			return sources[name] || name == path.Join(dir, path.Base(dir))
		}) {
			continue
		}
		if !hasPart(test, func(name string) bool {
			for _, n := range []string{name, path.Base(name)} {
				if crossCutting[n]+crossCuttingHere[n] != "" {
					used[n] = true
					return true
				}
			}
			return false
		}) {
			t.Errorf("%s_test.go: there is no %[1]s.go", test)
		}
	}
	for _, list := range []map[string]string{crossCutting, crossCuttingHere} {
		for name := range list {
			if !used[name] {
				t.Errorf("%s: there are no such tests, or there is a source of the name", name)
			}
		}
	}
}

// hasPart reports whether ok is true for a name, or for what is left of it without its last words:
// for engine/golden_sources it asks for that and for engine/golden.
func hasPart(name string, ok func(string) bool) bool {
	for {
		if ok(name) {
			return true
		}
		end := strings.LastIndexByte(name, '_')
		if end < 0 {
			return false
		}
		name = name[:end]
	}
}
