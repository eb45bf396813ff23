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
	build := append([]string{"build"}, o.buildFlags()...)
	out, err := runGo(o.root, append(build, "-o", os.DevNull, "./...")...)
	if err != nil {
		if _, err := runGo(o.root, o.original("build", "-o", os.DevNull, "./...")...); err != nil {
			return 0, refuse("The module does not build without the changes either.", o.clean(out))
		}
		return 0, refuse("The module does not build with the changes."+explain(out), o.clean(out))
	}
	vet := append([]string{"vet"}, o.buildFlags()...)
	out, err = runGo(o.root, append(vet, "./...")...)
	if err == nil {
		return 0, nil
	}
	was, _ := runGo(o.root, o.original("vet", "./...")...)
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

// original returns the arguments of a go command for the module without changes.
func (o *overlay) original(command string, args ...string) []string {
	if o.tags != "" {
		args = append([]string{"-tags=" + o.tags}, args...)
	}
	return append([]string{command}, args...)
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
