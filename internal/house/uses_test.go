// SPDX-License-Identifier: Apache-2.0

package house

import (
	"go/ast"
	"go/token"
	"go/types"
	"path"
)

// uses finds out which names of the public packages are used. Two checks that import one package
// make two objects of each of its declarations, so declarations go by a key, such as
// engine.Counter.Inc: the package's directory, the declaring type and the name.
type uses struct {
	fset   *token.FileSet
	api    map[string]string          // what users write, such as engine.CounterVec.Delete, by key
	types  map[string]*types.TypeName // the exported types, by key
	public map[string]types.Object    // all of api, by key
	used   map[string]bool
	fields map[*types.Package]map[types.Object]string // the keys of fields
}

func newUses(fset *token.FileSet) *uses {
	return &uses{fset, map[string]string{}, map[string]*types.TypeName{}, map[string]types.Object{}, map[string]bool{},
		map[*types.Package]map[types.Object]string{}}
}

// key returns the key of a declaration of the module at package level, of a method or of a field,
// and "" for other objects.
func (u *uses) key(obj types.Object) string {
	dir := dirOf(obj.Pkg())
	if dir == "" {
		return ""
	}
	switch o := obj.(type) {
	case *types.Func:
		o = o.Origin()
		receiver := o.Signature().Recv()
		if receiver == nil {
			return dir + "." + o.Name()
		}
		typ := receiver.Type()
		if p, ok := typ.(*types.Pointer); ok {
			typ = p.Elem()
		}
		named, ok := typ.(*types.Named)
		if !ok {
			return "" // a method of an interface without a name
		}
		return dir + "." + named.Origin().Obj().Name() + "." + o.Name()
	case *types.Var:
		if o.IsField() {
			return u.fieldKeys(obj.Pkg())[o.Origin()]
		}
	}
	if obj.Parent() != obj.Pkg().Scope() {
		return "" // local
	}
	return dir + "." + obj.Name()
}

// fieldKeys returns the keys of the fields of a package's struct types.
func (u *uses) fieldKeys(pkg *types.Package) map[types.Object]string {
	if keys, ok := u.fields[pkg]; ok {
		return keys
	}
	keys := map[types.Object]string{}
	u.fields[pkg] = keys
	for _, name := range pkg.Scope().Names() {
		typ, ok := pkg.Scope().Lookup(name).(*types.TypeName)
		if !ok || typ.IsAlias() {
			continue
		}
		if s, ok := typ.Type().Underlying().(*types.Struct); ok {
			for f := range s.Fields() {
				keys[f] = dirOf(pkg) + "." + name + "." + f.Name()
			}
		}
	}
	return keys
}

// export adds what a public package exports.
func (u *uses) export(pkg *types.Package) {
	dir := dirOf(pkg)
	for _, name := range pkg.Scope().Names() {
		obj := pkg.Scope().Lookup(name)
		if !obj.Exported() {
			continue
		}
		u.exportAs(obj, dir+"."+name)
		typ, ok := obj.(*types.TypeName)
		if !ok || typ.IsAlias() {
			continue
		}
		u.types[dir+"."+name] = typ
		if types.IsInterface(typ.Type()) {
			continue // methods of an interface are used when it is
		}
		for selection := range types.NewMethodSet(types.NewPointer(typ.Type())).Methods() {
			if method := selection.Obj(); method.Exported() {
				u.exportAs(method, dir+"."+name+"."+method.Name())
			}
		}
		if s, ok := typ.Type().Underlying().(*types.Struct); ok {
			for f := range s.Fields() {
				if f.Exported() {
					u.exportAs(f, dir+"."+name+"."+f.Name())
				}
			}
		}
	}
}

// exportAs adds an exported name. A method that several types have from one that they embed is one.
func (u *uses) exportAs(obj types.Object, name string) {
	key := u.key(obj)
	if key == "" {
		return
	}
	if _, ok := u.api[key]; !ok {
		u.api[key], u.public[key] = name, obj
	}
}

// add adds the names that a package uses of other packages. With a filter it adds those that the
// declarations use which the filter takes, whichever package they are of.
func (u *uses) add(c *checked, filter func(file string, decl ast.Decl) bool) {
	for _, f := range c.files {
		file := path.Base(u.fset.Position(f.Package).Filename)
		for _, decl := range f.Decls {
			if filter != nil && !filter(file, decl) {
				continue
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.Ident:
					if obj := c.info.Uses[n]; obj != nil && (filter != nil || obj.Pkg() != c.pkg) {
						u.use(obj)
					}
				case *ast.CompositeLit:
					u.useFields(c, n)
				}
				return true
			})
		}
	}
}

func (u *uses) use(obj types.Object) {
	if key := u.key(obj); key != "" {
		u.used[key] = true
	}
}

// useFields adds the fields that a literal without their names sets.
func (u *uses) useFields(c *checked, lit *ast.CompositeLit) {
	if len(lit.Elts) == 0 {
		return
	}
	if _, ok := lit.Elts[0].(*ast.KeyValueExpr); ok {
		return
	}
	typ := c.info.TypeOf(lit)
	if typ == nil {
		return
	}
	if p, ok := typ.Underlying().(*types.Pointer); ok {
		typ = p.Elem()
	}
	if s, ok := typ.Underlying().(*types.Struct); ok {
		for f := range s.Fields() {
			u.use(f)
		}
	}
}

// follow adds what users use without naming it: the types of what they name, and the methods of
// interfaces that these types implement.
func (u *uses) follow() {
	for again := true; again; {
		before := len(u.used)
		for key := range u.used {
			obj, ok := u.public[key]
			if !ok {
				continue
			}
			if typ, ok := obj.(*types.TypeName); ok {
				u.useInterfaces(typ)
				if i, ok := typ.Type().Underlying().(*types.Interface); ok {
					u.useTypes(i)
				}
				continue
			}
			u.useTypes(obj.Type())
		}
		again = len(u.used) > before
	}
}

// useTypes adds the exported types that a type is made of.
func (u *uses) useTypes(typ types.Type) {
	switch t := typ.(type) {
	case *types.Alias:
		u.use(t.Obj())
		u.useTypes(types.Unalias(t))
	case *types.Named:
		u.use(t.Obj())
		for arg := range t.TypeArgs().Types() {
			u.useTypes(arg)
		}
	case *types.Pointer:
		u.useTypes(t.Elem())
	case *types.Slice:
		u.useTypes(t.Elem())
	case *types.Array:
		u.useTypes(t.Elem())
	case *types.Map:
		u.useTypes(t.Key())
		u.useTypes(t.Elem())
	case *types.Chan:
		u.useTypes(t.Elem())
	case *types.Signature:
		for v := range t.Params().Variables() {
			u.useTypes(v.Type())
		}
		for v := range t.Results().Variables() {
			u.useTypes(v.Type())
		}
		for p := range t.TypeParams().TypeParams() {
			u.useTypes(p.Constraint())
		}
	case *types.Interface:
		for m := range t.ExplicitMethods() {
			u.useTypes(m.Type())
		}
	}
}

// useInterfaces adds the methods of a type that it has because of an interface: of one that the
// public packages export, or one by which the standard library finds methods.
func (u *uses) useInterfaces(typ *types.TypeName) {
	pointer := types.NewPointer(typ.Type())
	methods := types.NewMethodSet(pointer)
	for _, other := range u.types {
		i, ok := other.Type().Underlying().(*types.Interface)
		if !ok || types.IsInterface(typ.Type()) || !types.Implements(pointer, i) {
			continue
		}
		for m := range i.Methods() {
			if selection := methods.Lookup(m.Pkg(), m.Name()); selection != nil {
				u.use(selection.Obj())
			}
		}
	}
	for _, name := range []string{"Error", "String", "Unwrap", "LogValue", "ServeHTTP", "RoundTrip"} {
		if selection := methods.Lookup(nil, name); selection != nil {
			u.use(selection.Obj())
		}
	}
}
