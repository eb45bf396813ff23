// SPDX-License-Identifier: Apache-2.0

package house

import (
	"go/ast"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// publicPackages are those that programs import.
var publicPackages = []string{
	"atomicf", "encode", "engine", "engine/collect", "engine/metrictest", "export", "export/push",
	"export/expvars", "export/live", "export/otlp", "export/remote", "histogram", "metricdoc", "quantile", "shard",
}

func TestTheListOfPublicPackagesIsComplete(t *testing.T) {
	var public []string
	for _, f := range goFiles(t) {
		first, _, _ := strings.Cut(f.dir, "/")
		inside := first == "." || first == "internal" || first == "bench" || first == "examples"
		if !inside && !f.isTest() && f.ast.Name.Name != "main" && !slices.Contains(public, f.dir) {
			public = append(public, f.dir)
		}
	}
	require.ElementsMatch(t, publicPackages, public)
	for _, dir := range public {
		require.True(t, isPublic(dir), "%s is on no floor", dir)
	}
}

// exported is a name that a public package exports: a function, type, constant or variable, or a
// method of an exported type.
type exported struct {
	name string // such as Counter.Inc
	doc  *ast.CommentGroup
	pos  string

	grouped bool // a constant or variable with others, which may have one comment together
}

// exportedNames lists what the files of a package export.
func exportedNames(files []file) []exported {
	var names []exported
	add := func(f file, name string, doc *ast.CommentGroup) {
		last := name[strings.LastIndexByte(name, '.')+1:]
		if ast.IsExported(last) {
			names = append(names, exported{name: name, doc: doc, pos: f.path()})
		}
	}
	for _, f := range files {
		for _, decl := range f.ast.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				switch receiver := receiverName(decl); {
				case receiver == "":
					add(f, decl.Name.Name, decl.Doc)
				case ast.IsExported(receiver):
					add(f, receiver+"."+decl.Name.Name, decl.Doc)
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						doc := spec.Doc
						if doc == nil {
							doc = decl.Doc
						}
						add(f, spec.Name.Name, doc)
					case *ast.ValueSpec:
						for _, name := range spec.Names {
							doc := spec.Doc
							if doc == nil && len(decl.Specs) == 1 {
								doc = decl.Doc
							}
							add(f, name.Name, doc)
							if n := len(names) - 1; n >= 0 && names[n].name == name.Name {
								names[n].grouped = len(decl.Specs) > 1
							}
						}
					}
				}
			}
		}
	}
	return names
}

// receiverName returns the name of a method's type, "" for a function.
func receiverName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	t := f.Recv.List[0].Type
	for {
		switch u := t.(type) {
		case *ast.StarExpr:
			t = u.X
		case *ast.IndexExpr:
			t = u.X
		case *ast.IndexListExpr:
			t = u.X
		case *ast.Ident:
			return u.Name
		default:
			return ""
		}
	}
}

// inPackage returns the files of a package, its own tests left out.
func inPackage(files []file, dir string) []file {
	return slices.DeleteFunc(slices.Clone(files), func(f file) bool { return f.dir != dir || f.isTest() })
}

// members lists the exported fields and the methods of interfaces of exported types.
func members(files []file) (names []exported) {
	for _, f := range files {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || !spec.Name.IsExported() {
				return true
			}
			var fields *ast.FieldList
			switch typ := spec.Type.(type) {
			case *ast.StructType:
				fields = typ.Fields
			case *ast.InterfaceType:
				fields = typ.Methods
			default:
				return true
			}
			for _, field := range fields.List {
				for _, name := range field.Names {
					if name.IsExported() {
						member := spec.Name.Name + "." + name.Name
						names = append(names, exported{name: member, doc: field.Doc, pos: f.path()})
					}
				}
			}
			return true
		})
	}
	return names
}

// TestDocCommentsBeginWithTheName wants a comment on every function, method and type, and on every
// constant and variable that stands alone. The comment begins with the name. So do those on fields
// and on methods of interfaces, if there are any.
func TestDocCommentsBeginWithTheName(t *testing.T) {
	files := goFiles(t)
	for _, dir := range publicPackages {
		names := exportedNames(inPackage(files, dir))
		for _, name := range names {
			if name.doc == nil && !name.grouped {
				t.Errorf("%s: %s.%s has no comment", name.pos, dir, name.name)
			}
		}
		for _, name := range append(names, members(inPackage(files, dir))...) {
			if name.doc == nil {
				continue
			}
			last := name.name[strings.LastIndexByte(name.name, '.')+1:]
			text := name.doc.Text()
			if rest, ok := strings.CutPrefix(text, last); !ok || !strings.HasPrefix(rest, " ") &&
				!strings.HasPrefix(rest, ",") && !strings.HasPrefix(rest, "'s ") {
				t.Errorf("%s: the comment on %s.%s begins with %.30q", name.pos, dir, name.name, text)
			}
		}
	}
}
