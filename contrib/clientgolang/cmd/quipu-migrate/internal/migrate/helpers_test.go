// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// tree is quipu's tree, as an absolute path.
func tree(t testing.TB) string {
	dir, err := filepath.Abs("../../../../../..")
	require.NoError(t, err)
	return dir
}

// unpack writes the files of an archive in testdata to a folder.
func unpack(t testing.TB, name string) (dir string) {
	archive, err := txtar.ParseFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return unpackFiles(t, archive.Files)
}

// unpackText unpacks an archive that is given as text.
func unpackText(t testing.TB, text string) (dir string) {
	return unpackFiles(t, txtar.Parse([]byte(text)).Files)
}

func unpackFiles(t testing.TB, files []txtar.File) (dir string) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for _, f := range files {
		file := filepath.Join(dir, filepath.FromSlash(f.Name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, f.Data, 0o600))
	}
	return dir
}

// snapshot returns the content of all files below a folder.
func snapshot(t testing.TB, dir string) map[string]string {
	files := make(map[string]string)
	require.NoError(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		if !d.IsDir() {
			source, err := os.ReadFile(name)
			require.NoError(t, err)
			files[strings.TrimPrefix(name, dir+"/")] = string(source)
		}
		return nil
	}))
	return files
}

// migrate runs a stage on a folder with this tree of quipu.
func migrate(t testing.TB, opts Options) (string, error) {
	if opts.Replace == "" {
		opts.Replace = tree(t)
	}
	var out strings.Builder
	err := Run(&out, opts)
	requireNetwork(t, err)
	return out.String(), err
}

var noNetwork = regexp.MustCompile(`dial tcp|no such host|connection refused|i/o timeout|GOPROXY=off`)

// requireNetwork skips the test if an error says that modules cannot be downloaded. In continuous
// integration (CI=true) it fails instead.
func requireNetwork(t testing.TB, err error) {
	t.Helper()
	if err == nil || !noNetwork.MatchString(err.Error()) {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("modules cannot be downloaded, and CI=true: %v", err)
	}
	t.Skipf("NOT TESTED: modules cannot be downloaded: %v", err)
}
