// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"strings"
)

// context is how many equal lines a hunk shows before and after a change.
const context = 3

// op is a line of a diff: ' ' is in both files, '-' in the old one, '+' in the new one.
type op struct {
	kind byte
	line string
}

// unifiedDiff returns the difference between two versions of a file, in the form that patch takes.
// It is empty if they are equal.
func unifiedDiff(name, before, after string) string {
	if before == after {
		return ""
	}
	ops := diffLines(splitLines(before), splitLines(after))
	var b strings.Builder
	from := "a/" + name
	if before == "" {
		from = "/dev/null"
	}
	fmt.Fprintf(&b, "--- %s\n+++ b/%s\n", from, name)
	oldLine, newLine := 0, 0 // lines before ops[i]
	for i := 0; i < len(ops); {
		if ops[i].kind == ' ' {
			oldLine, newLine, i = oldLine+1, newLine+1, i+1
			continue
		}
		start := max(0, i-context)
		oldLine, newLine = oldLine-(i-start), newLine-(i-start)
		end := hunkEnd(ops, i)
		oldLine, newLine = writeHunk(&b, ops[start:end], oldLine, newLine)
		i = end
	}
	return b.String()
}

// hunkEnd returns where the hunk ends that has the change ops[i]. Changes that few lines separate
// share a hunk.
func hunkEnd(ops []op, i int) int {
	last := i
	for j := i; j < len(ops) && j <= last+2*context+1; j++ {
		if ops[j].kind != ' ' {
			last = j
		}
	}
	return min(len(ops), last+1+context)
}

// writeHunk writes a hunk after so many lines. It returns the lines after it.
func writeHunk(b *strings.Builder, ops []op, oldLine, newLine int) (int, int) {
	var oldCount, newCount int
	for _, o := range ops {
		if o.kind != '+' {
			oldCount++
		}
		if o.kind != '-' {
			newCount++
		}
	}
	fmt.Fprintf(b, "@@ -%s +%s @@\n", hunkRange(oldLine, oldCount), hunkRange(newLine, newCount))
	for _, o := range ops {
		b.WriteByte(o.kind)
		b.WriteString(o.line)
		if !strings.HasSuffix(o.line, "\n") {
			b.WriteString("\n\\ No newline at end of file\n")
		}
	}
	return oldLine + oldCount, newLine + newCount
}

// hunkRange returns the lines of a hunk in the form of a hunk's header.
func hunkRange(line, count int) string {
	if count > 0 {
		line++ // the first line of the hunk; of an empty one, the line before
	}
	if count == 1 {
		return fmt.Sprint(line)
	}
	return fmt.Sprintf("%d,%d", line, count)
}

func splitLines(s string) []string {
	lines := strings.SplitAfter(s, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// diffLines returns a shortest difference, by Myers' algorithm ("An O(ND) Difference Algorithm and
// Its Variations", 1986). trace[d][k] is how far into the old file d changes lead on diagonal k.
func diffLines(a, b []string) []op {
	furthest := map[int]int{1: 0}
	var trace []map[int]int
	for d := 0; ; d++ {
		now := make(map[int]int, d+2)
		for k := -d; k <= d; k += 2 {
			x := furthest[k-1] + 1
			if k == -d || k != d && furthest[k-1] < furthest[k+1] {
				x = furthest[k+1]
			}
			for x < len(a) && x-k < len(b) && a[x] == b[x-k] {
				x++
			}
			now[k] = x
			if x >= len(a) && x-k >= len(b) {
				return traceBack(a, b, append(trace, now))
			}
		}
		trace = append(trace, now)
		furthest = now
	}
}

// traceBack walks from the ends of both files to their beginnings.
func traceBack(a, b []string, trace []map[int]int) []op {
	var reversed []op
	x, y := len(a), len(b)
	for d := len(trace) - 1; d >= 0; d-- {
		k := x - y
		fromX, fromK := 0, k
		if d > 0 {
			before := trace[d-1]
			if fromK = k - 1; k == -d || k != d && before[k-1] < before[k+1] {
				fromK = k + 1
			}
			fromX = before[fromK]
		}
		startX := fromX // after the change, before the equal lines
		if fromK == k-1 {
			startX++
		}
		for x > startX {
			x, y = x-1, y-1
			reversed = append(reversed, op{' ', a[x]})
		}
		switch fromK {
		case k - 1:
			x--
			reversed = append(reversed, op{'-', a[x]})
		case k + 1:
			y--
			reversed = append(reversed, op{'+', b[y]})
		}
	}
	ops := make([]op, len(reversed))
	for i, o := range reversed {
		ops[len(ops)-1-i] = o
	}
	return ops
}
