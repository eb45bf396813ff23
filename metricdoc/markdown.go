// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"fmt"
	"strconv"
	"strings"
)

// Markdown returns a reference of the metrics: for each its help, type, unit, labels, buckets and
// quantiles. It has no values, so two runs of a program have the same reference unless their
// metrics differ. Each fact stands on a line of its own, for review.
func (m *Metrics) Markdown() string {
	var b strings.Builder
	b.WriteString("# Metrics\n")
	for _, group := range m.groups() {
		fmt.Fprintf(&b, "\n## %s\n", group.prefix)
		for _, f := range group.families {
			f.writeMarkdown(&b)
		}
	}
	return b.String()
}

func (f *Family) writeMarkdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n### %s\n\n", inBackquotes(f.Name))
	if f.Help != "" {
		fmt.Fprintf(b, "%s\n\n", escapedMarkdown(f.Help))
	}
	fmt.Fprintf(b, "- type: %s\n", f.Type)
	if f.Unit != "" {
		fmt.Fprintf(b, "- unit: %s\n", escapedMarkdown(f.Unit))
	}
	if len(f.Labels) > 0 {
		var names []string
		for _, name := range f.Labels {
			names = append(names, inBackquotes(name))
		}
		fmt.Fprintf(b, "- labels: %s\n", strings.Join(names, ", "))
	}
	if len(f.Bounds) > 0 {
		fmt.Fprintf(b, "- buckets: %s\n", numbers(f.Bounds))
	}
	if f.Native {
		b.WriteString("- native buckets\n")
	}
	if f.Errors != nil {
		var objectives []string
		for i, q := range f.Quantiles {
			objectives = append(objectives, number(q)+" ± "+number(f.Errors[i]))
		}
		fmt.Fprintf(b, "- quantiles: %s\n", strings.Join(objectives, ", "))
	} else if len(f.Quantiles) > 0 {
		fmt.Fprintf(b, "- quantiles: %s\n", numbers(f.Quantiles))
	}
}

func numbers(list []float64) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = number(v)
	}
	return strings.Join(texts, ", ")
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// inBackquotes returns a name as code. One with back quotes in it has more of them around it.
func inBackquotes(name string) string {
	name = oneLine(name)
	fence := "`"
	for strings.Contains(name, fence) {
		fence += "`"
	}
	if fence != "`" {
		name = " " + name + " "
	}
	return fence + name + fence
}

// escapedMarkdown returns a text in one line, which Markdown shows as it is.
func escapedMarkdown(text string) string {
	text = markdownEscapes.Replace(oneLine(text))
	for _, begin := range []string{"#", "-", "+", ">", "=", "~"} {
		if strings.HasPrefix(text, begin) {
			return `\` + text
		}
	}
	return text
}

var markdownEscapes = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`,
	"<", "&lt;", "&", "&amp;", "|", `\|`)

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
