// SPDX-License-Identifier: Apache-2.0

package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
)

// BENCHMARKS.md is made from a template, prose and all, so that figures in sentences come from the
// files that the tables come from.
//
//go:embed benchmarks.md.tmpl
var benchmarksTemplate string

// readmeRows are the scenarios of the README's table: the most frequent operations of a service,
// and the row that quipu loses.
var readmeRows = []string{
	"CounterInc", "CounterIncParallel", "HistogramObserveParallel", "SummaryObserve", "Lookup2Parallel", "Scrape100k",
}

// makePages makes the plots, BENCHMARKS.md and the README's part from the files in bench/results.
func makePages(p places) error {
	d, err := loadData(p.results)
	if err != nil {
		return err
	}
	if err := d.plots(p.results); err != nil {
		return err
	}
	page, err := d.benchmarks()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(p.root, "BENCHMARKS.md"), []byte(page), 0o644); err != nil {
		return err
	}
	return d.readme(filepath.Join(p.root, "README.md"))
}

func (d *data) benchmarks() (string, error) {
	t, err := template.New("BENCHMARKS.md").Funcs(template.FuncMap{
		"header":  d.headerText,
		"verdict": d.verdict,
		"checks":  d.checkTable,
		"updates": func() string { return d.table(withParallel(updates), "ns/op") },
		"summaries": func() string {
			return d.table([]string{"SummaryObserve", "SummaryObserveParallel"}, "total-ns/op")
		},
		"scrapes":     func() string { return d.table(scrapes, "ns/op") },
		"pageSizes":   func() string { return d.table(pageSizes, "page-B") },
		"allocations": d.allocations,
		"underLoad":   d.underLoad,
		"curve":       d.curve,
		"memory":      d.memoryTable,
		"gc":          d.gcTable,
		"latency":     d.latencyTable,
		"sends":       d.sendsTable,
		"sendLatency": d.sendsLatency,
		"sendHeader":  d.sendsHeader,
		"updateModel": d.updatesModel,
		"memoryModel": d.memoryModel,
		"scrapeModel": d.scrapeModel,
		"ns":          func(v float64) string { return withUnit(v, "ns") },
		"bytes":       func(v float64) string { return withUnit(v, "B") },
		"copyNS":      d.copyNS,
		"mergeNS":     d.mergeNS,
		"inverse":     func(ns float64) string { return count(1e9 / max(ns, 1e-9)) },
		"times":       func(a, b float64) float64 { return a * b },
		"slabWords":   func() int { return slabWords },
		"histograms":  func() string { return count(slabWords / histogramWords) },
		"slabBytes":   func(cpus float64) string { return withUnit(slabWords*copyBytes*cpus, "B") },
		"figure": func(scenario, library, unit string) string {
			if v, ok := d.race.Figure(scenario, library, unit); ok {
				return withUnit(v, unit)
			}
			return "(not measured)"
		},
	}).Parse(benchmarksTemplate)
	if err != nil {
		return "", err
	}
	var page strings.Builder
	err = t.Execute(&page, d)
	return page.String(), err
}

const readmeBegin, readmeEnd = "<!-- bench:begin -->", "<!-- bench:end -->"

// readme replaces what is between the markers.
func (d *data) readme(file string) error {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(os.Stderr, "race: there is no README.md to put the table into")
		return nil
	}
	if err != nil {
		return err
	}
	before, rest, ok1 := strings.Cut(string(text), readmeBegin)
	_, after, ok2 := strings.Cut(rest, readmeEnd)
	if !ok1 || !ok2 {
		fmt.Fprintln(os.Stderr, "race: README.md has no markers to put the table between")
		return nil
	}
	h := d.race.Header
	var t strings.Builder
	fmt.Fprintf(&t, "%s%s\n%s\n", before, readmeBegin, d.tableOf(readmeRows, "ns/op", d.median))
	fmt.Fprintf(&t, "Time per operation, less is better: medians of %d rounds in which the libraries take turns,\n"+
		"on %s with %d cores, %s, "+
		"%s.\n%s%s", d.race.Count, h.CPU, h.CPUs, h.Go, d.readmeCommits(), readmeEnd, after)
	return os.WriteFile(file, []byte(t.String()), 0o644)
}

// readmeCommits says which commit the README's figures are from. There are two if only some of the
// rows were measured again: only a whole run gives all figures of one commit.
func (d *data) readmeCommits() string {
	whole := "commit " + d.race.Header.Commit
	if d.race.Again == nil {
		return whole
	}
	var newer, rest []string
	for _, s := range readmeRows {
		switch {
		case d.race.Scenarios[s] == nil:
		case slices.Contains(d.race.Again.Scenarios, s):
			newer = append(newer, s)
		default:
			rest = append(rest, s)
		}
	}
	if len(newer) == 0 {
		return whole
	}
	text := "commit " + d.race.Again.Commit
	if len(rest) > 0 {
		fmt.Fprintln(os.Stderr, "race: the figures in README.md are of two commits; a whole run makes them of one")
		text += " (" + strings.Join(rest, ", ") + ": " + whole + ")"
	}
	return text
}
