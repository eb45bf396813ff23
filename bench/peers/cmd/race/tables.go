// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/quipu-metrics/quipu/bench/peers"
	"github.com/quipu-metrics/quipu/bench/peers/internal/results"
)

// data is everything that pages are made of.
type data struct {
	race    results.Race
	memory  results.Memory
	latency results.Latency
	sends   results.Sends
}

func loadData(dir string) (*data, error) {
	d := new(data)
	for file, v := range map[string]any{
		"race.json": &d.race, "memory.json": &d.memory, "latency.json": &d.latency, "sends.json": &d.sends,
	} {
		if err := results.Load(filepath.Join(dir, file), v); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return d, nil
}

// The scenarios, in the order of the tables.
var (
	updates = []string{
		"CounterInc", "CounterAdd", "GaugeIncDec", "GaugeSet", "HistogramObserve", "NativeHistogram",
		"SummaryObserve",
		"Lookup2", "Lookup3Random", "Lookup3Long", "LookupMap", "LookupTyped", "CreateSeries",
	}
	scrapes = []string{
		"ScrapeFew", "Scrape1k", "Scrape1kParallel", "Scrape100k", "Scrape100kParallel", "Scrape1M",
		"ScrapeHistograms10k", "ScrapeGzip100k", "ScrapeGzipHistograms10k", "ScrapeOverHTTP", "ScrapeUnderLoad100k",
	}
	pageSizes = []string{
		"ScrapeFew", "Scrape100k", "ScrapeGzip100k", "ScrapeHistograms10k", "ScrapeGzipHistograms10k",
	}
)

// withParallel adds each scenario's parallel form.
func withParallel(names []string) []string {
	var list []string
	for _, n := range names {
		list = append(list, n, n+"Parallel")
	}
	return list
}

// significant formats a figure with three significant digits.
func significant(v float64) string {
	// Rounded first: 0.9996 has two decimals then, as 1 has.
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil || rounded == 0 {
		return "0"
	}
	decimals := 2 - int(math.Floor(math.Log10(math.Abs(rounded))))
	return strconv.FormatFloat(rounded, 'f', max(0, decimals), 64)
}

// withUnit formats a figure of a benchmark for people: 3.1 ns, 4.2 ms, 145 B.
func withUnit(v float64, unit string) string {
	scale := func(names []string, step float64) string {
		i := 0
		for v >= 999.5 && i < len(names)-1 {
			v /= step
			i++
		}
		return significant(v) + " " + names[i]
	}
	switch unit {
	case "ns/op", "total-ns/op", "ns/series", "ns":
		return scale([]string{"ns", "µs", "ms", "s"}, 1000)
	case "B", "B/op", "page-B":
		return scale([]string{"B", "kB", "MB", "GB"}, 1000)
	}
	return significant(v) + " " + unit
}

func ratio(v float64) string { return significant(v) }

// cell formats one figure with its spread.
func (d *data) cell(scenario, library, unit string) string {
	c, ok := d.race.Scenarios[scenario][library]
	switch {
	case !ok:
		return "not run"
	case c.Missing != "":
		return "n/a: " + c.Missing
	}
	s, ok := c.Figures[unit]
	if !ok {
		return ""
	}
	text := withUnit(s.Median, unit)
	if len(s.Samples) > 1 {
		text += fmt.Sprintf(" ±%.0f%%", 100*s.Spread())
	}
	return text
}

// table has a row for each scenario and a column for each library. A row that quipu does not win
// says so.
func (d *data) table(scenarios []string, unit string) string {
	return d.tableOf(scenarios, unit, d.cell)
}

// median formats one figure without its spread.
func (d *data) median(scenario, library, unit string) string {
	if v, ok := d.race.Figure(scenario, library, unit); ok {
		return withUnit(v, unit)
	}
	return "n/a"
}

// tableOf is table with another form of the cells.
func (d *data) tableOf(scenarios []string, unit string, cell func(scenario, library, unit string) string) string {
	var t strings.Builder
	t.WriteString("| scenario |")
	for _, l := range peers.Libraries() {
		t.WriteString(" " + l.Name + " |")
	}
	t.WriteString(" quipu / best other |\n|---|" + strings.Repeat("--:|", len(peers.Libraries())+1) + "\n")
	for _, s := range scenarios {
		cells, ok := d.race.Scenarios[s]
		if !ok {
			continue
		}
		if _, ok := cells["quipu"].Figures[unit]; !ok {
			continue
		}
		fmt.Fprintf(&t, "| %s |", s)
		best, own := math.Inf(1), cells["quipu"].Figures[unit].Median
		for _, l := range peers.Libraries() {
			t.WriteString(" " + cell(s, l.Name, unit) + " |")
			if v, ok := d.race.Figure(s, l.Name, unit); ok && l.Name != "quipu" {
				best = min(best, v)
			}
		}
		t.WriteString(standing(own, best))
	}
	return t.String()
}

// standing is the last column: how quipu stands to the best of the others.
func standing(own, best float64) string {
	switch {
	case math.IsInf(best, 1):
		return " alone |\n"
	case own > best:
		return fmt.Sprintf(" **%s: lost** |\n", ratio(own/best))
	}
	return fmt.Sprintf(" %s |\n", ratio(own/best))
}

// allocations is the table of allocations of all scenarios: only counts, they do not vary.
func (d *data) allocations() string {
	var t strings.Builder
	t.WriteString("| scenario |")
	for _, l := range peers.Libraries() {
		t.WriteString(" " + l.Name + " |")
	}
	t.WriteString("\n|---|" + strings.Repeat("--:|", len(peers.Libraries())) + "\n")
	for _, s := range append(slices.Clone(updates), scrapes...) {
		if _, ok := d.race.Scenarios[s]; !ok {
			continue
		}
		fmt.Fprintf(&t, "| %s |", s)
		for _, l := range peers.Libraries() {
			if n, ok := d.race.Figure(s, l.Name, "allocs/op"); ok {
				bytes, _ := d.race.Figure(s, l.Name, "B/op")
				fmt.Fprintf(&t, " %s, %s |", significant(n), withUnit(bytes, "B"))
			} else {
				t.WriteString(" n/a |")
			}
		}
		t.WriteString("\n")
	}
	return t.String()
}

// memoryTable is bytes per series.
func (d *data) memoryTable() string {
	type key struct {
		kind, state string
		series      int
	}
	var keys []key
	for _, r := range d.memory.Rows {
		if k := (key{r.Kind, r.State, r.Series}); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	var t strings.Builder
	t.WriteString("| series |")
	for _, l := range peers.Libraries() {
		t.WriteString(" " + l.Name + " |")
	}
	t.WriteString(" quipu / best other |\n|---|" + strings.Repeat("--:|", len(peers.Libraries())+1) + "\n")
	for _, k := range keys {
		fmt.Fprintf(&t, "| %s, %s, %d |", k.kind, k.state, k.series)
		best := math.Inf(1)
		own, _ := d.memory.Bytes("quipu", k.kind, k.state, k.series)
		for _, l := range peers.Libraries() {
			cell := "not run"
			for _, r := range d.memory.Rows {
				if r.Library != l.Name || (key{r.Kind, r.State, r.Series}) != k {
					continue
				}
				if cell = "n/a: " + r.Missing; r.Missing == "" {
					cell = fmt.Sprintf("%.0f B", r.Bytes)
					if l.Name != "quipu" {
						best = min(best, r.Bytes)
					}
				}
			}
			t.WriteString(" " + cell + " |")
		}
		t.WriteString(standing(own, best))
	}
	return t.String()
}

// gcTable is the cost of a garbage collection.
func (d *data) gcTable() string {
	var t strings.Builder
	t.WriteString("| counters | heap | a collection takes | of CPU | longest stop of the world |\n" +
		"|--:|--:|--:|--:|--:|\n")
	for _, r := range d.memory.GC {
		fmt.Fprintf(&t, "| %d | %s | %s | %s | %s |\n", r.Series, withUnit(r.HeapMB*1e6, "B"),
			withUnit(r.CycleMS*1e6, "ns"), withUnit(r.CPUMS*1e6, "ns"), withUnit(r.PauseUS*1e3, "ns"))
	}
	return t.String()
}

// latencyTable is the distribution of single calls.
func (d *data) latencyTable() string {
	var t strings.Builder
	t.WriteString("| call | library | load | p50 | p99 | p99.9 | max | calls over 100 µs " +
		"| of these while descheduled |\n")
	t.WriteString("|---|---|---|--:|--:|--:|--:|--:|--:|\n")
	order := map[string]int{"nothing": 0, "Counter.Inc": 1, "Histogram.Observe": 2, "Summary.Observe": 3,
		"With": 4, "warming": 5}
	rows := slices.Clone(d.latency.Rows)
	slices.SortStableFunc(rows, func(a, b results.LatencyRow) int { return order[a.Op] - order[b.Op] })
	for _, r := range rows {
		load := r.Load
		if r.Scrapes > 0 {
			load = fmt.Sprintf("%d %s", r.Scrapes, r.Load)
		}
		fmt.Fprintf(&t, "| %s | %s | %s | %s | %s | %s | %s | %d of %d | %d |\n", r.Op, r.Library, load,
			withUnit(r.P50, "ns"), withUnit(r.P99, "ns"), withUnit(r.P999, "ns"),
			withUnit(r.Max, "ns"), r.Over, r.Samples, r.Taken)
	}
	return t.String()
}

// underLoad is the other side of ScrapeUnderLoad100k.
func (d *data) underLoad() string {
	var t strings.Builder
	t.WriteString("| library | a scrape takes | million updates a second meanwhile | without scrapes | kept |\n" +
		"|---|--:|--:|--:|--:|\n")
	for _, l := range peers.Libraries() {
		loaded, ok := d.race.Figure("ScrapeUnderLoad100k", l.Name, "Mupdates/s")
		if !ok {
			continue
		}
		idle, _ := d.race.Figure("ScrapeUnderLoad100k", l.Name, "Mupdates/s-idle")
		fmt.Fprintf(&t, "| %s | %s | %s | %s | %.0f%% |\n", l.Name, d.cell("ScrapeUnderLoad100k", l.Name, "ns/op"),
			significant(loaded), significant(idle), 100*loaded/idle)
	}
	return t.String()
}

// curve is a table of the points of a curve.
func (d *data) curve(name, unit string) string {
	var points []int
	for s := range d.race.Scenarios {
		if n, ok := strings.CutPrefix(s, name+"/"); ok {
			if v, err := strconv.Atoi(n); err == nil {
				points = append(points, v)
			}
		}
	}
	slices.Sort(points)
	var t strings.Builder
	t.WriteString("| |")
	for _, l := range peers.Libraries() {
		t.WriteString(" " + l.Name + " |")
	}
	t.WriteString("\n|--:|" + strings.Repeat("--:|", len(peers.Libraries())) + "\n")
	for _, n := range points {
		fmt.Fprintf(&t, "| %d |", n)
		for _, l := range peers.Libraries() {
			t.WriteString(" " + d.cell(point(name, strconv.Itoa(n)), l.Name, unit) + " |")
		}
		t.WriteString("\n")
	}
	return t.String()
}

// checkTable is the bars that are not about other libraries.
func (d *data) checkTable() string {
	var t strings.Builder
	t.WriteString("| what | figure | bar | |\n|---|--:|--:|---|\n")
	for _, c := range d.checks() {
		fmt.Fprintf(&t, "| %s | %s | %s | %s |\n", c.what, c.value, c.limit, c.met)
	}
	return t.String()
}

// headerText says where the figures come from.
func (d *data) headerText() string {
	h := d.race.Header
	var t strings.Builder
	fmt.Fprintf(&t, "- CPU: %s, %d cores, GOMAXPROCS %d, %s\n- %s\n- commit %s, %s\n",
		h.CPU, h.CPUs, h.GOMAXPROCS, h.System,
		h.Go, h.Commit, h.Date)
	fmt.Fprintf(&t, "- command: `%s` (%d rounds of %s each, libraries take turns",
		h.Command, d.race.Count, d.race.Benchtime)
	if d.race.Took != "" {
		fmt.Fprintf(&t, "; took %s", d.race.Took)
	}
	t.WriteString(")\n")
	if a := d.race.Again; a != nil {
		fmt.Fprintf(&t, "- the rows that match `%s` were measured again, all libraries, at commit %s, %s (%d rounds): "+
			"[race-again.txt](bench/results/race-again.txt)\n",
			strings.ReplaceAll(a.Only, "|", ", "), a.Commit, a.Date, a.Count)
	}
	shown := map[string]bool{"go.opentelemetry.io/otel/exporters/prometheus": true}
	for _, l := range peers.Libraries() {
		shown[l.Module] = l.Name != "quipu"
	}
	for _, path := range slices.Sorted(maps.Keys(h.Versions)) {
		if shown[path] {
			fmt.Fprintf(&t, "- %s %s\n", path, h.Versions[path])
		}
	}
	return t.String()
}
