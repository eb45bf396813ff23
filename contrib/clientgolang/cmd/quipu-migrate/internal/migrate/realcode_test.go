// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// realCode are modules that others have written. Those that take minutes run with QUIPU_LONG only.
var realCode = []struct {
	module string
	long   bool
	moves  string // a part of the summary of stage import
	native string // a part of the summary of stage native
}{
	{
		"github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus@v1.1.0", false,
		"107 uses of 20 identifiers in 8 files move to ",
		"0 metrics move. Rewritten 0 uses of identifiers, left 206.",
	},
	{
		"go.opentelemetry.io/otel/exporters/prometheus@v0.69.0", false,
		"91 uses of 23 identifiers in 6 files move to ",
		"0 metrics move. Rewritten 0 uses of identifiers, left ",
	},
	{
		"go.etcd.io/etcd/server/v3@v3.7.3", true,
		"387 uses of 23 identifiers in 28 files move to ",
		"86 metrics move. Rewritten 492 uses of identifiers, left 157.",
	},
	{
		"github.com/letsencrypt/boulder@v0.20260720.0", true,
		"651 uses of 42 identifiers in 78 files move to ",
		"0 metrics move. Rewritten 0 uses of identifiers, left 1101.",
	},
	{
		"github.com/containerd/containerd/v2@v2.4.2", true,
		"155 uses of 13 identifiers in 18 files move to ",
		"0 metrics move. Rewritten 0 uses of identifiers, left 159.",
	},
}

func TestRealCodeMoves(t *testing.T) {
	for _, code := range realCode {
		t.Run(code.module, func(t *testing.T) {
			if code.long && os.Getenv("QUIPU_LONG") == "" {
				t.Skip("NOT TESTED: it takes minutes. To test it: QUIPU_LONG=1")
			}
			dir := download(t, code.module)
			summary, err := migrate(t, Options{Dir: dir, Stage: "import", Write: true})
			require.NoError(t, err)
			t.Log(summary)
			require.Contains(t, summary, code.moves)

			summary, err = migrate(t, Options{Dir: dir, Stage: "native", Write: true})
			require.NoError(t, err)
			t.Log(summary)
			require.Contains(t, summary, code.native)
		})
	}
}

// download returns a copy of a module without the replace directives that lead out of it, as other
// modules see it.
func download(t *testing.T, module string) (dir string) {
	out, err := runGo(t.TempDir(), "mod", "download", "-json", module)
	var info struct{ Dir, Error string }
	require.NoError(t, json.Unmarshal([]byte(out[strings.IndexByte(out, '{'):]), &info), out)
	if err != nil {
		requireNetwork(t, refuse(info.Error, ""))
		require.NoError(t, err, info.Error)
	}
	dir, err = filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for name, source := range snapshot(t, info.Dir) {
		name = filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, []byte(source), 0o600))
	}
	name := filepath.Join(dir, "go.mod")
	source, err := os.ReadFile(name)
	require.NoError(t, err)
	mod, err := modfile.Parse(name, source, nil)
	require.NoError(t, err)
	for _, r := range mod.Replace {
		if r.New.Version == "" {
			require.NoError(t, mod.DropReplace(r.Old.Path, r.Old.Version))
		}
	}
	source, err = mod.Format()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, source, 0o600))
	return dir
}
