// SPDX-License-Identifier: Apache-2.0

package native

import (
	"bytes"
	"fmt"
	"go/format"
	"go/token"

	"golang.org/x/tools/go/analysis"
)

// Apply applies the edits of a report to the sources of the files, which read returns. It returns
// the new sources by the names of the files. The edits are sorted and do not overlap.
func Apply(fset *token.FileSet, edits []analysis.TextEdit, read func(name string) ([]byte, error),
) (map[string][]byte, error) {
	byFile := make(map[*token.File][]analysis.TextEdit)
	for _, e := range edits {
		file := fset.File(e.Pos)
		byFile[file] = append(byFile[file], e)
	}
	changed := make(map[string][]byte)
	for file, edits := range byFile {
		before, err := read(file.Name())
		if err != nil {
			return nil, err
		}
		var after []byte
		at := 0
		for _, e := range edits {
			from, to := file.Offset(e.Pos), file.Offset(e.End)
			if from < at {
				return nil, fmt.Errorf("%s: edits overlap", fset.Position(e.Pos))
			}
			after = append(append(after, before[at:from]...), e.NewText...)
			at = to
		}
		after = append(after, before[at:]...)
		formatted, err := format.Source(after)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name(), err)
		}
		if was, err := format.Source(before); err == nil && bytes.Equal(was, before) {
			after = formatted
		}
		changed[file.Name()] = after
	}
	return changed, nil
}
