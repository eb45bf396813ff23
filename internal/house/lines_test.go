// SPDX-License-Identifier: Apache-2.0

package house

import (
	"go/scanner"
	"go/token"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// Lines have at most so many columns, of which a tab takes four. Comments are those on lines of
// their own; code in a doc comment, which is indented by a tab, counts as code.
const (
	codeColumns    = 120
	commentColumns = 100
	tabColumns     = 4
)

func TestLinesAreShort(t *testing.T) {
	files := parseFiles(t, true)
	require.Greater(t, len(files), 400, "this test must see the nested modules too")
	for _, f := range files {
		data := dataLines(f.source)
		number := 0
		for line := range strings.Lines(string(f.source)) {
			number++
			line = strings.TrimSuffix(line, "\n")
			limit := codeColumns
			if text, ok := strings.CutPrefix(strings.TrimSpace(line), "//"); ok && !strings.HasPrefix(text, "\t") {
				limit = commentColumns
			}
			if n := columns(line); n > limit && !data[number] {
				t.Errorf("%s:%d has %d columns, at most %d are allowed", f.path(), number, n, limit)
			}
		}
	}
}

// TestProseInMarkdownIsNarrow holds Markdown to the columns of comments: not its tables, headings
// and code, nor BENCHMARKS.md, which is made from a template.
func TestProseInMarkdownIsNarrow(t *testing.T) {
	for _, name := range markdownFiles(t) {
		if name == "BENCHMARKS.md" {
			continue
		}
		for line := range strings.Lines(prose(t, name)) {
			line = strings.TrimSuffix(line, "\n")
			if n := columns(line); n > commentColumns && !notProse.MatchString(line) {
				t.Errorf("%s: %d columns, at most %d are allowed: %s", name, n, commentColumns, line)
			}
		}
	}
}

var notProse = regexp.MustCompile(`^(\||#|<!--|    )`)

// columns returns how wide a line is.
func columns(line string) int {
	return utf8.RuneCountInString(line) + (tabColumns-1)*strings.Count(line, "\t")
}

// dataLines returns the lines whose text is data, and as long as it is: those of a string of
// several lines, and those of the expected output of an Example.
func dataLines(source []byte) map[int]bool {
	lines := map[int]bool{}
	file := token.NewFileSet().AddFile("", -1, len(source))
	var s scanner.Scanner
	s.Init(file, source, nil, scanner.ScanComments)
	output := 0 // the last line of an Example's output so far
	for {
		pos, tok, text := s.Scan()
		first := file.Line(pos)
		switch {
		case tok == token.EOF:
			return lines
		case tok == token.STRING && strings.Contains(text, "\n"):
			for i := range strings.Count(text, "\n") + 1 {
				lines[first+i] = true
			}
		case tok == token.COMMENT && (isOutput.MatchString(text) || output > 0 && first == output+1):
			output = first
			lines[first] = true
		}
	}
}

var isOutput = regexp.MustCompile(`^// (Unordered output|Output):`)
