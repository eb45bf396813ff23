// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	gomodule "golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// serve makes quipu's modules available in versions, from files, and puts the module cache into a
// temporary folder. Other modules come from the cache that is there.
func serve(t *testing.T, twinVersion string) {
	proxy := t.TempDir()
	for dir, m := range map[string]gomodule.Version{
		tree(t):                           {Path: quipuModule, Version: "v0.0.0"},
		tree(t) + "/contrib/clientgolang": {Path: twinModule, Version: twinVersion},
	} {
		base := filepath.Join(proxy, m.Path, "@v")
		require.NoError(t, os.MkdirAll(base, 0o700))
		goMod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		require.NoError(t, err)
		for name, text := range map[string]string{
			"list":              m.Version + "\n",
			m.Version + ".info": `{"Version":"` + m.Version + `"}`,
			m.Version + ".mod":  string(goMod),
		} {
			require.NoError(t, os.WriteFile(filepath.Join(base, name), []byte(text), 0o600))
		}
		f, err := os.Create(filepath.Join(base, m.Version+".zip"))
		require.NoError(t, err)
		require.NoError(t, zip.CreateFromDir(f, m, dir))
		require.NoError(t, f.Close())
	}
	env, err := runGo(proxy, "env", "GOMODCACHE", "GOPROXY")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(env), "\n")
	t.Setenv("GOPROXY", "file://"+proxy+",file://"+lines[0]+"/cache/download,"+lines[1])
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOSUMDB", "off")
	t.Setenv("GOFLAGS", os.Getenv("GOFLAGS")+" -modcacherw")
}

func TestAVersionOfQuipuIsRequired(t *testing.T) {
	serve(t, "v0.7.0")
	dir := unpack(t, "import/simple.txtar")
	before := snapshot(t, dir)
	run := func(version string) error {
		var out strings.Builder
		err := Run(&out, Options{Dir: dir, Stage: "import", Version: version, Write: true})
		requireNetwork(t, err)
		return err
	}
	err := run("v0.8.0")
	require.ErrorContains(t, err, "v0.8.0: ")
	require.ErrorContains(t, err, "quipu cannot be added to go.mod. Use -version for another version")
	require.Equal(t, before, snapshot(t, dir))
	require.NoError(t, run("latest"))
	goMod := snapshot(t, dir)["go.mod"]
	require.Contains(t, goMod, "\t"+twinModule+" v0.7.0\n")
	require.Contains(t, goMod, "\t"+quipuModule+" v0.0.0 // indirect\n")
	require.NotContains(t, goMod, "replace")
}
