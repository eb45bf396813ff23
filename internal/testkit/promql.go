// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// PromQL is a PromQL expression that a page of the documentation shows.
type PromQL struct {
	Page    string // the file
	Comment string // the lines above it that begin with #, without that sign
	Query   string
}

// ReadPromQL returns the expressions in the promql code blocks of all Markdown pages below root.
// Empty lines separate the expressions of a block.
func ReadPromQL(t testing.TB, root string) []PromQL {
	t.Helper()
	var list []PromQL
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() {
			if file != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "build") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".md") {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		list = append(list, promqlOf(t, file, string(text))...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// promqlOf returns the expressions of one page.
func promqlOf(t testing.TB, page, text string) (list []PromQL) {
	t.Helper()
	for _, rest := range strings.Split(text, "```promql\n")[1:] {
		block, _, closed := strings.Cut(rest, "```")
		if !closed {
			t.Fatalf("a code block of %s does not end", page)
		}
		for _, part := range strings.Split(block, "\n\n") {
			p := PromQL{Page: page}
			for line := range strings.Lines(part) {
				if comment, ok := strings.CutPrefix(line, "#"); ok {
					p.Comment += " " + strings.TrimSpace(comment)
				} else {
					p.Query += line
				}
			}
			p.Comment, p.Query = strings.TrimSpace(p.Comment), strings.TrimSpace(p.Query)
			if p.Query == "" {
				t.Fatalf("%s has a comment without an expression: %q", page, p.Comment)
			}
			list = append(list, p)
		}
	}
	return list
}
