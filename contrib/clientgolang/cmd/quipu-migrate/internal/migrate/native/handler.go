// SPDX-License-Identifier: Apache-2.0

package native

import (
	"fmt"
	"go/ast"
)

// handlerText is the function that takes the place of promhttp.Handler. Its formats are those of
// promhttp.Handler.
const handlerText = `
// %[1]s serves the default registry of quipu and, on the same page, what is registered with
// prometheus.DefaultRegisterer.
func %[1]s() http.Handler {
	err := %[2]s.Attach(%[3]s.Default(), %[4]s.DefaultGatherer)
	if err != nil && !errors.Is(err, %[3]s.ErrTaken) { // it may be attached already
		panic(err)
	}
	return %[5]s.Handler(%[3]s.Default(), %[5]s.WithFormats(%[6]s.Text, %[6]s.Protobuf))
}
`

// handlerCalls returns the calls of promhttp.Handler, those in tests last.
func (f *finder) handlerCalls() []*ast.CallExpr {
	var calls, inTests []*ast.CallExpr
	for _, file := range f.pass.Files {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) > 0 {
				return true
			}
			if path, name := callee(f.info, call); path != promhttpPath || name != "Handler" {
				return true
			}
			if f.inTest(call.Pos()) {
				inTests = append(inTests, call)
			} else {
				calls = append(calls, call)
			}
			return true
		})
	}
	return append(calls, inTests...)
}

// handlerEdits lets the package serve quipu's default registry where it calls promhttp.Handler.
func (f *finder) handlerEdits() (edits []edit, gone []span) {
	if f.config.Page != "" {
		return nil, nil
	}
	calls := f.handlerCalls()
	if len(calls) == 0 {
		return nil, nil
	}
	name := "metricsHandler"
	for i := 2; f.types.Scope().Lookup(name) != nil; i++ {
		name = fmt.Sprintf("metricsHandler%d", i)
	}
	for _, call := range calls {
		edits = append(edits, edit{from: call.Pos(), to: call.End(), text: name + "()"})
		gone = append(gone, spanOf(call))
	}
	file := f.file(calls[0].Pos())
	at := file.Package
	text := fmt.Sprintf(handlerText, name, f.name(at, bridgePath), f.name(at, enginePath), f.name(at, prometheusPath),
		f.name(at, exportPath), f.name(at, encodePath))
	end := file.FileEnd
	return append(edits, edit{end, end, text, []string{
		"errors", "net/http", bridgePath, enginePath, prometheusPath, exportPath, encodePath,
	}}), gone
}
