// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// surroundings is a module in a workspace, with a module beside it that it replaces by a relative
// path, with a complaint of vet, an embedded file, a vendor folder and build tags.
const surroundings = `
-- go.work --
go 1.26.0

use ./app
-- beside/go.mod --
module example.com/beside

go 1.26.0

require github.com/prometheus/client_golang v1.25.0
-- beside/beside.go --
package beside

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func Register(r prometheus.Registerer) http.Handler { return promhttp.Handler() }
-- app/go.mod --
module example.com/app

go 1.21

require (
	example.com/beside v0.0.0
	github.com/prometheus/client_golang v1.25.0
)

replace example.com/beside => ../beside
-- app/text.txt --
text
-- app/vendor/modules.txt --
-- app/vendor/example.com/old/old.go --
package old

import _ "github.com/prometheus/client_golang/prometheus"
-- app/main.go --
package main

import (
	_ "embed"
	"fmt"

	"example.com/beside"
	"github.com/prometheus/client_golang/prometheus"
)

//go:embed text.txt
var text string

func main() {
	beside.Register(prometheus.DefaultRegisterer)
	fmt.Printf("%d\n", text)
}
-- app/tagged.go --
//go:build special

package main

import "github.com/prometheus/client_golang/prometheus"

var _ prometheus.Labels
`

func TestWhatSurroundsAModuleIsKept(t *testing.T) {
	dir := unpackText(t, surroundings)
	app := filepath.Join(dir, "app")
	t.Setenv("GOFLAGS", os.Getenv("GOFLAGS")+" -mod=vendor")
	summary, err := migrate(t, Options{Dir: app, Stage: "import", Write: true})
	require.NoError(t, err)
	for _, part := range []string{
		"2 uses of 2 identifiers in 2 files",
		"so not checked:\n        tagged.go\n",
		"packages of others that use client_golang:\n        example.com/beside\n",
		"which this module leaves:\n        example.com/beside\n",
		"the go line rises from 1.21 to 1.26.0, as quipu needs it. With 1.22 the meaning of programs changes",
		"run go mod vendor after the changes are written",
		"go vet has 1 complaints, as before.\n",
	} {
		require.Contains(t, summary, part)
	}
	after := snapshot(t, dir)
	require.Contains(t, after["app/tagged.go"], twinModule)
	require.Contains(t, after["app/vendor/example.com/old/old.go"], clientModule)
	require.Contains(t, after["beside/beside.go"], clientModule)
	require.Contains(t, after["app/go.mod"], "replace example.com/beside => ../beside\n")
	require.Equal(t, "go 1.26.0\n\nuse ./app\n", after["go.work"])
}

func TestBuildTagsAreChecked(t *testing.T) {
	dir := unpackText(t, surroundings)
	app := filepath.Join(dir, "app")
	summary, err := migrate(t, Options{Dir: app, Stage: "import", Tags: "special"})
	require.NoError(t, err)
	require.NotContains(t, summary, "not checked")

	broken := filepath.Join(app, "tagged.go")
	source, err := os.ReadFile(broken)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(broken, append(source, "\nvar _ int = \"\"\n"...), 0o600))
	_, err = migrate(t, Options{Dir: app, Stage: "import"})
	require.NoError(t, err)
	_, err = migrate(t, Options{Dir: app, Stage: "import", Tags: "special"})
	require.ErrorContains(t, err, "The module does not build without the changes either.")
}

func TestComplaintsOfVetAreComparedWithoutPositionsAndPaths(t *testing.T) {
	before := "# pkg\na.go:3:4: x\n\n a_test.go:7: needs " + clientModule + "/prometheus.Counter\n"
	after := "# pkg\na.go:5:4: x\na_test.go:9: needs " + twinModule + "/prometheus.Counter\n"
	require.Equal(t, complaints(before), complaints(after))
	require.Len(t, complaints(after), 2)
}

func TestNoTemporaryFilesAreLeft(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	dir := unpack(t, "import/simple.txtar")
	_, err := migrate(t, Options{Dir: dir, Stage: "import"})
	require.NoError(t, err)
	entries, err := os.ReadDir(tmp)
	require.NoError(t, err)
	require.Empty(t, entries)
}
