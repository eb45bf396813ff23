// SPDX-License-Identifier: Apache-2.0

package native

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis"
)

// checked type-checks a file and returns it as a package.
func checked(t *testing.T, source string) *pkg {
	file := filepath.Join(t.TempDir(), "a.go")
	require.NoError(t, os.WriteFile(file, []byte(source), 0o600))
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, file, source, parser.ParseComments)
	require.NoError(t, err)
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{},
		Defs:  map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
	}
	config := types.Config{Importer: importer.ForCompiler(fset, "source", nil)}
	typed, err := config.Check("a", fset, []*ast.File{parsed}, info)
	require.NoError(t, err)
	p, err := newPkg(&analysis.Pass{Fset: fset, Files: []*ast.File{parsed}, Pkg: typed, TypesInfo: info})
	require.NoError(t, err)
	return p
}

func TestValuesThatAreProved(t *testing.T) {
	for _, test := range []struct {
		value                 string
		notNegative, notAnNaN bool
	}{
		{"0", true, true},
		{"1.5", true, true},
		{"-1", false, true},
		{"1e308 * 10 / 10", true, true},
		{"math.MaxFloat64", true, true},
		{"-math.MaxFloat64", false, true},
		{"f", false, false},
		{"float64(i)", false, true},
		{"float64(u)", true, true},
		{"float64(b)", true, true},
		{"float64(int8(u))", false, true},
		{"float64(uint(i))", true, true},
		{"float64(int64(len(s)))", true, true},
		{"float64(len(s))", true, true},
		{"(float64)((len(s)))", true, true},
		{"float64(cap(s) + 1)", false, true},
		{"float64(u - 1)", true, true},
		{"float64(u) - 1", false, true},
		{"float64(u) + 0.5", true, true},
		{"float64(u) * float64(b)", true, true},
		{"float64(u) * float64(i)", false, true},
		{"float64(u) / 1e3", true, true},
		{"float64(u) / -1e3", false, true},
		{"float64(u) / float64(b)", false, false},
		{"float64(u) / 1e-300", false, false},
		{"float64(u) * 1e300", false, false},
		{"-float64(u)", false, true},
		{"float64(u) + f", false, false},
		{"math.Sqrt(float64(u))", false, false},
		{"math.NaN()", false, false},
		{"math.Inf(1)", false, false},
		{"d.Seconds()", false, true},
		{"time.Since(now).Seconds()", false, true},
		{"float64(d) / float64(time.Second)", false, true},
		{"float64(d.Milliseconds())", false, true},
		{"mine.Seconds()", false, false},
		{"once", true, true},
		{"twice", false, false},
		{"changed", false, false},
		{"pointed", false, false},
		{"pair", false, false},
		{"declared", true, true},
		{"declaredOnly", false, false},
		{"element", false, false},
		{"global", false, false},
		{"parameter", false, false},
		{"float64(float32(u))", true, true},
		{"float64(u)*float64(u)*float64(u)*float64(u)", true, true},
		{"float64(u)*float64(u)*float64(u)*float64(u)*float64(u)*float64(u)", false, false},
	} {
		p := checked(t, `package a

import (
	"math"
	"time"
)

type other struct{}

func (other) Seconds() float64 { return math.NaN() }

var global = 1.0

func g() (float64, float64) { return 1, 2 }

func f(f float64, i int, u uint64, b byte, s []byte, d time.Duration, now time.Time, mine other, parameter float64) {
	once := float64(u)
	twice := 1.0
	twice = f
	changed := 1.0
	changed--
	pointed := 1.0
	*(&pointed) = f
	pair, _ := g()
	var declared = float64(len(s))
	var declaredOnly float64
	for _, element := range []float64{f} {
		_ = element
		use(`+test.value+`)
	}
	_, _, _, _, _, _, _ = once, twice, changed, pointed, pair, declared, declaredOnly
}

func use(float64) {}
`)
		var arg ast.Expr
		for n := range p.parent {
			if call, ok := n.(*ast.CallExpr); ok {
				if id, ok := call.Fun.(*ast.Ident); ok && id.Name == "use" {
					arg = call.Args[0]
				}
			}
		}
		require.Equal(t, test.notNegative, p.holds(notNegative, arg), "%s is not negative", test.value)
		require.Equal(t, test.notAnNaN, p.holds(notNaN, arg), "%s is not NaN", test.value)
	}
}
