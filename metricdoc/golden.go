// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/quipu-metrics/quipu/engine"
)

// UpdateVariable is the environment variable that makes [Golden] write its file, if it is not
// empty:
//
//	QUIPU_UPDATE=1 go test ./...
const UpdateVariable = "QUIPU_UPDATE"

// TB is the part of testing.TB that [Golden] needs.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
}

// Golden compares the reference of a registry's metrics, as [Metrics.Markdown] returns it, with a
// file, and fails the test if they differ. The metrics that every registry has about itself are
// left out. If the environment has [UpdateVariable], Golden writes the file instead.
//
// The labels of an open label set are those in use, so make its series before.
func Golden(tb TB, reg *engine.Registry, file string) {
	tb.Helper()
	got := FromRegistry(reg).Without(selfPrefix + "_").Markdown()
	if os.Getenv(UpdateVariable) != "" {
		if err := writeFile(file, got); err != nil {
			tb.Errorf("quipu: metricdoc: %v", err)
			return
		}
		tb.Logf("%s is written", file)
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		tb.Errorf("quipu: metricdoc: %v: write it with %s=1 go test", err, UpdateVariable)
		return
	}
	// Git may change the ends of lines.
	if diff := difference(strings.ReplaceAll(string(want), "\r\n", "\n"), got); diff != "" {
		tb.Errorf("the metrics differ from %s; if they should, run %s=1 go test\n%s", file, UpdateVariable, diff)
	}
}

func writeFile(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

// difference returns the lines that only one of two references has, each under the headings that it
// stands under, or "" if there are none.
func difference(want, got string) string {
	if want == got {
		return ""
	}
	before, after := linesUnderHeadings(want), linesUnderHeadings(got)
	var b strings.Builder
	write := func(sign string, lines, others []string) {
		has := map[string]int{}
		for _, line := range others {
			has[line]++
		}
		for _, line := range lines {
			if has[line]--; has[line] < 0 {
				fmt.Fprintf(&b, "%s %s\n", sign, line)
			}
		}
	}
	write("-", before, after)
	write("+", after, before)
	if b.Len() == 0 {
		return "the order or the empty lines differ\n"
	}
	return b.String()
}

// linesUnderHeadings returns the lines of a text that are not empty, with the name of the metric
// that they are about.
func linesUnderHeadings(text string) (lines []string) {
	heading := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if name, ok := strings.CutPrefix(line, "### "); ok {
			heading = name + ": "
			line = "is there"
		} else if strings.HasPrefix(line, "#") {
			heading = ""
		}
		if line != "" {
			lines = append(lines, heading+line)
		}
	}
	return lines
}
