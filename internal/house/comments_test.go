// SPDX-License-Identifier: Apache-2.0

package house

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// publicPackages are those that programs import.
var publicPackages = []string{
	"atomicf", "encode", "engine", "engine/collect", "engine/metrictest", "export", "export/push",
	"histogram", "quantile", "shard",
}

// exported is a name that a public package exports: a function, type, constant or variable, or a
// method of an exported type.
type exported struct {
	name string // such as Counter.Inc
	doc  *ast.CommentGroup
	pos  string
}

// exportedNames lists what the files of a package export.
func exportedNames(files []file) []exported {
	var names []exported
	add := func(f file, name string, doc *ast.CommentGroup) {
		last := name[strings.LastIndexByte(name, '.')+1:]
		if ast.IsExported(last) {
			names = append(names, exported{name, doc, f.path()})
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

func TestDocCommentsBeginWithTheName(t *testing.T) {
	files := goFiles(t)
	for _, dir := range publicPackages {
		for _, name := range exportedNames(inPackage(files, dir)) {
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
