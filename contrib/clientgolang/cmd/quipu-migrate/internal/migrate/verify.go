// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// verify builds and vets the module with the changes of an overlay. Vet type-checks the tests too.
// Complaints of vet that the module has without the changes are accepted, and counted.
func (o *overlay) verify(m *module) (before int, err error) {
	out, err := o.build()
	if err != nil {
		original, err := newOverlay(m, o.tags)
		if original != nil {
			defer original.remove()
		}
		if err != nil {
			return 0, err
		}
		if _, err := original.build(); err != nil {
			return 0, refuse("The module does not build without the changes either.", o.clean(out))
		}
		return 0, refuse("The module does not build with the changes."+explain(out), o.clean(out))
	}
	if out, err = o.vet(); err == nil {
		return 0, nil
	}
	original, err := newOverlay(m, o.tags)
	if original != nil {
		defer original.remove()
	}
	if err != nil {
		return 0, err
	}
	was, _ := original.vet() // its errors are the complaints
	known := make(map[string]int)
	for _, line := range complaints(o.clean(was)) {
		known[line]++
	}
	var fresh []string
	for _, line := range complaints(o.clean(out)) {
		if known[line]--; known[line] < 0 {
			fresh = append(fresh, line)
		} else {
			before++
		}
	}
	if len(fresh) > 0 {
		return 0, refuse("go vet has new complaints with the changes."+explain(out), o.clean(out))
	}
	return before, nil
}

// build builds the module and throws the result away.
func (o *overlay) build() (string, error) {
	args := append([]string{"build"}, o.buildFlags()...)
	return runGo(o.root, append(args, "-o", os.DevNull, "./...")...)
}

// vet vets the module.
func (o *overlay) vet() (string, error) {
	return runGo(o.root, append(append([]string{"vet"}, o.buildFlags()...), "./...")...)
}

var position = regexp.MustCompile(`(\.go):\d+(:\d+)?`)

// complaints returns the complaints of vet in a form that does not depend on lines and on the paths
// of imports.
func complaints(out string) (lines []string) {
	for line := range strings.Lines(out) {
		line = position.ReplaceAllString(strings.TrimSpace(line), "$1")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		for from, to := range twins {
			line = strings.ReplaceAll(line, to, from)
		}
		lines = append(lines, line)
	}
	return lines
}

// mismatch matches the compiler's words for a type of quipu where one of client_golang is wanted,
// or the other way round.
var mismatch = regexp.MustCompile(
	`(?m)^.*` + regexp.QuoteMeta(clientModule) + `.*` + regexp.QuoteMeta(twinModule) + `.*$|` +
		`^.*` + regexp.QuoteMeta(twinModule) + `.*` + regexp.QuoteMeta(clientModule) + `.*$`)

// explain says what a mismatch means, if the output has one.
func explain(out string) string {
	n := len(mismatch.FindAllString(out, -1))
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(`
%d of the errors are about types that quipu has of its own. Interfaces, options and labels are
client_golang's in both packages, but the Vecs and Registry are not. A package that takes or returns
client_golang's *CounterVec, *Registry and so on goes with client_golang only: pass it an interface,
such as prometheus.Registerer, or leave the files that use it as they are.`, n)
}
