// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

const (
	quipuModule  = "github.com/quipu-metrics/quipu"
	twinModule   = quipuModule + "/contrib/clientgolang"
	clientModule = "github.com/prometheus/client_golang"
)

// twins maps the packages of client_golang that quipu has too to quipu's. Their names are equal, so
// only the path of an import changes.
var twins = map[string]string{
	clientModule + "/prometheus":            twinModule + "/prometheus",
	clientModule + "/prometheus/collectors": twinModule + "/collectors",
	clientModule + "/prometheus/promauto":   twinModule + "/promauto",
	clientModule + "/prometheus/promhttp":   twinModule + "/promhttp",
	clientModule + "/prometheus/push":       twinModule + "/push",
	clientModule + "/prometheus/testutil":   twinModule + "/testutil",
}

// moved is a Go file with its imports moved.
type moved struct {
	source    []byte
	uses      map[string]int // of identifiers, such as prometheus.NewCounter
	left      map[string]int // uses of identifiers of packages without a twin
	dot       bool           // has a dot import, whose uses are not counted
	generated bool
}

// moveImports changes the paths of a file's imports. It returns nil if there are none of
// client_golang. Nothing else of the file changes, except that a file that gofmt would leave alone
// keeps this property: its imports are sorted anew.
func moveImports(name string, source []byte) (*moved, error) {
	if !bytes.Contains(source, []byte(clientModule)) {
		return nil, nil
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, source, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	m := &moved{uses: map[string]int{}, left: map[string]int{}, generated: ast.IsGenerated(file)}
	names := make(map[string]map[string]int) // where uses of a package's name are counted
	var out []byte
	end, found := 0, false
	for _, spec := range file.Imports {
		from, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fset.Position(spec.Pos()), err)
		}
		if from != clientModule && !strings.HasPrefix(from, clientModule+"/") {
			continue
		}
		to, ok := twins[from]
		found = true
		counts := m.left
		if ok {
			offset := fset.Position(spec.Path.Pos()).Offset
			out = append(out, source[end:offset]...)
			out = strconv.AppendQuote(out, to)
			end = offset + len(spec.Path.Value)
			counts = m.uses
		}
		switch name := localName(spec, from); name {
		case "_":
		case ".":
			m.dot = true
		default:
			names[name] = counts
		}
	}
	if !found {
		return nil, nil
	}
	m.source = append(out, source[end:]...)
	m.count(file, names)
	if formatted, err := format.Source(source); err == nil && bytes.Equal(formatted, source) {
		if m.source, err = format.Source(m.source); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return m, nil
}

// localName returns the name under which a file uses an import.
func localName(spec *ast.ImportSpec, from string) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	return path.Base(from)
}

// count counts the uses of imported packages. It counts by the name of the package in the path, so
// that uses under an alias are counted with the others.
func (m *moved) count(file *ast.File, names map[string]map[string]int) {
	proper := make(map[string]string) // the packages' names by those in this file
	for _, spec := range file.Imports {
		if from, err := strconv.Unquote(spec.Path.Value); err == nil {
			proper[localName(spec, from)] = path.Base(from)
		}
	}
	imported := make(map[*ast.Ident]bool) // not declared in this file
	for _, id := range file.Unresolved {
		imported[id] = names[id.Name] != nil
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && imported[id] {
				names[id.Name][proper[id.Name]+"."+sel.Sel.Name]++
			}
		}
		return true
	})
}

// byCount returns the keys of counts, the most frequent first.
func byCount(counts map[string]int) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
}

// total returns the sum of counts.
func total(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}
