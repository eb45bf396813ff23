// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// CheckPinned reads the sources of the package in dir and reports code that breaks a rule of
// internal/percpu. No run shows such a fault reliably, because it takes a preemption or a garbage
// collection between two neighbouring instructions. The rules:
//
//   - Nothing is written to a private word after Unpin.
//   - A function that writes to a row keeps the object that owns the row alive until after Unpin,
//     because the row is given back when its owner is collected. So does a method Load or Snapshot,
//     which reads rows.
func CheckPinned(t testing.TB, dir string) {
	t.Helper()
	files := token.NewFileSet()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, name := range names {
		file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") || !imports(file, "internal/percpu") {
			continue
		}
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Body != nil {
				for _, fault := range pinnedFaults(f) {
					t.Errorf("%v: %s %s", files.Position(f.Pos()), f.Name.Name, fault)
				}
				checked++
			}
		}
	}
	if checked == 0 {
		t.Errorf("no function to check in %s", dir)
	}
}

func imports(file *ast.File, suffix string) bool {
	for _, spec := range file.Imports {
		if strings.HasSuffix(strings.Trim(spec.Path.Value, `"`), suffix) {
			return true
		}
	}
	return false
}

// pinnedFaults returns the faults of one function.
func pinnedFaults(f *ast.FuncDecl) (faults []string) {
	rows := calls(f.Body, "percpu.Row", "percpu.Word")
	if f.Recv != nil && (f.Name.Name == "Load" || f.Name.Name == "Snapshot") && !calls(f.Body, "runtime.KeepAlive") {
		faults = append(faults, "reads rows and does not keep its receiver alive")
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		block, ok := n.(*ast.BlockStmt)
		if !ok {
			return true
		}
		written, unpinned := false, false
		for i, statement := range block.List {
			writes := goesOnAfter(statement) && calls(statement, "percpu.Add", "percpu.Store")
			if writes && unpinned {
				faults = append(faults, "writes to a private word after Unpin")
			}
			written = written || writes
			if _, ok := statement.(*ast.ExprStmt); !ok || !calls(statement, "percpu.Unpin") {
				continue
			}
			unpinned = true
			if rows && written && (i+1 == len(block.List) || !calls(block.List[i+1], "runtime.KeepAlive")) {
				faults = append(faults, "writes to a row and does not keep its owner alive until after Unpin")
			}
		}
		return true
	})
	return faults
}

// goesOnAfter reports whether the statements after this one run after its body. They do not if the
// body returns.
func goesOnAfter(statement ast.Stmt) bool {
	branch, ok := statement.(*ast.IfStmt)
	if !ok || len(branch.Body.List) == 0 {
		return true
	}
	switch branch.Body.List[len(branch.Body.List)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return branch.Else != nil
	}
	return true
}

// calls reports whether n calls one of the functions, which are named with their packages.
func calls(n ast.Node, functions ...string) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if selector, ok := call.Fun.(*ast.SelectorExpr); ok {
			if pkg, ok := selector.X.(*ast.Ident); ok {
				for _, function := range functions {
					found = found || pkg.Name+"."+selector.Sel.Name == function
				}
			}
		}
		return true
	})
	return found
}
