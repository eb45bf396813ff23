// SPDX-License-Identifier: Apache-2.0

package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"

	"github.com/quipu-metrics/quipu/bench/peers/internal/results"
)

// The report is one HTML file with everything that a machine has measured, for somebody who has
// another machine than the project. It refers to no other file and has no script.
//
//go:embed report.html.tmpl
var reportTemplate string

// runReport runs the whole race in a directory of its own and writes the report.
func (o options) runReport(p places) error {
	dir, err := os.MkdirTemp("", "race")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p.results = dir
	d, err := o.measure(p, "make bench-report")
	if err != nil {
		return err
	}
	page, err := d.report()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.report), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(o.report, []byte(page), 0o644); err != nil {
		return err
	}
	fmt.Println("race: the report is", o.report)
	return nil
}

// measure runs the whole race and returns its results.
func (o options) measure(p places, command string) (*data, error) {
	r, race, err := o.raceAll(p, command)
	if err != nil {
		return nil, err
	}
	d := &data{race: *race}
	d.race.Scenarios, d.race.Count = r.scenarios(), r.rounds
	if o.noPrograms {
		return d, nil
	}
	for name, into := range map[string]any{"memory": &d.memory, "latency": &d.latency} {
		file := filepath.Join(p.results, name+".json")
		if err := p.program(name, "-out", file); err != nil {
			return nil, err
		}
		if err := results.Load(file, into); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// section is a part of the report: tables and plots.
type section struct {
	Title, Text string
	Tables      []template.HTML
	Plots       []template.HTML
}

func (d *data) report() (string, error) {
	pictures := d.pictures()
	plots := func(names ...string) (list []template.HTML) {
		for _, name := range names {
			if s := pictures[name]; s != nil {
				list = append(list, template.HTML(s.String()))
			}
		}
		return list
	}
	tables := func(texts ...string) (list []template.HTML) {
		for _, text := range texts {
			list = append(list, htmlTable(text))
		}
		return list
	}
	sections := []section{
		{"Updates and lookups", "Time per operation: median of the rounds, and the largest deviation from it. " +
			"Parallel means a goroutine per CPU on the same metric.",
			tables(d.table(withParallel(updates), "ns/op")), plots("updates.svg", "updates-parallel.svg")},
		{"More goroutines", "Time per operation of all goroutines together.", nil,
			plots("goroutines-counter.svg", "goroutines-histogram.svg", "goroutines-lookup.svg")},
		{"Scrapes", "Time of a page, and its bytes.",
			tables(d.table(scrapes, "ns/op"), d.table(pageSizes, "page-B"), d.underLoad()),
			plots("scrapes.svg", "scrape-time.svg", "scrape-allocated.svg")},
		{"Memory", "Bytes of heap for a series, and garbage collections of a process with so many counters.",
			tables(d.memoryTable(), d.gcTable()), nil},
		{"Latency of single calls",
			"Calls timed one by one, on an idle registry and on one that is scraped all the time.",
			tables(d.latencyTable()), nil},
		{"Bars", "The project's goals, as ratios of quipu's figure to the other library's, and to its own.",
			tables(d.verdict(), d.checkTable()), nil},
	}
	t, err := template.New("report").Parse(reportTemplate)
	if err != nil {
		return "", err
	}
	var page strings.Builder
	err = t.Execute(&page, map[string]any{
		"Header": d.race.Header, "Facts": strings.Split(strings.TrimSpace(d.headerText()), "\n"), "Sections": sections,
	})
	return page.String(), err
}

// htmlTable makes HTML of a table in Markdown, as the functions for BENCHMARKS.md return them.
func htmlTable(markdown string) template.HTML {
	var t strings.Builder
	t.WriteString("<table>\n")
	for i, row := range strings.Split(strings.TrimSpace(markdown), "\n") {
		if i == 1 {
			continue // the line between the head and the body
		}
		tag := "td"
		if i == 0 {
			tag = "th"
		}
		t.WriteString("<tr>")
		for _, cell := range strings.Split(strings.Trim(row, "|"), "|") {
			text := template.HTMLEscapeString(strings.TrimSpace(cell))
			if bold, ok := strings.CutPrefix(text, "**"); ok {
				text = "<b>" + strings.TrimSuffix(bold, "**") + "</b>"
			}
			fmt.Fprintf(&t, "<%s>%s</%s>", tag, text, tag)
		}
		t.WriteString("</tr>\n")
	}
	t.WriteString("</table>\n")
	return template.HTML(t.String())
}
